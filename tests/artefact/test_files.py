"""The files in the tarball: those that users need, and no other."""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Each file matches one of these; each of these matches at least one file.
ALLOWED = (
    r"(MANIFEST|FILES)\.json",
    r"(README|CHANGELOG)\.md|LICENSE",
    r"changelogs/changelog\.yaml",
    r"docs/[\w-]+\.(md|png)",
    r"docs/causes/[\w-]+\.md",
    r"docs/recipes/[\w-]+\.md",
    r"docs/runbooks/\w+\.md",
    r"meta/runtime\.yml",
    r"meta/execution-environment\.yml",
    r"meta/ee-(requirements|bindep)\.txt",
    r"monitoring/(alerts|alerts_test|alerts_days_test|prometheus\.example)\.yml",
    r"monitoring/dashboard\.json",
    r"playbooks/(site|rollback|status|diagnose|scrape_targets)\.yml",
    r"plugins/action/stream_\w+\.py",
    r"plugins/plugin_utils/(acting|pythons)\.py",
    r"plugins/modules/stream_\w+\.py",
    r"plugins/module_utils/(controller|app_source)\.py",
    r"plugins/module_utils/(act|deploy|host|latency|monitor|release|settings)/(\w+/)*\w+\.py",
    r"roles/streaming_api/(defaults|handlers|tasks)/\w+\.yml",
    r"roles/streaming_api/vars/(main/)?\w+\.yml",
    r"roles/streaming_api/meta/(main|argument_specs)\.yml",
    r"roles/streaming_api/templates/[\w.]+\.j2",
    r"roles/streaming_api/files/\w+\.py",
    r"roles/streaming_api/files/(server|uv|otlp)\.txt",
)
# Such files may be there.
OPTIONAL = (r"plugins/doc_fragments/\w+\.py",)


def test_it_has_the_files_that_users_need_and_no_other(tarball: Path) -> None:
    with tarfile.open(tarball) as tar:
        members = tar.getmembers()
    files = [member.name for member in members if not member.isdir()]
    assert [name for name in files if not re.fullmatch("|".join(ALLOWED + OPTIONAL), name)] == []
    unmatched = [one for one in ALLOWED if not any(re.fullmatch(one, name) for name in files)]
    assert unmatched == []


def test_it_has_real_files_only(tarball: Path) -> None:
    with tarfile.open(tarball) as tar:
        assert [member.name for member in tar if not (member.isfile() or member.isdir())] == []
