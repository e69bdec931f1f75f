"""What is in the tarball: what users of the collection need, and nothing else."""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Each file has to match one of these, and each of these at least one file.
ALLOWED = (
    r"(MANIFEST|FILES)\.json",
    r"(README|CHANGELOG)\.md|LICENSE",
    r"changelogs/changelog\.yaml",
    r"docs/\w+\.md",
    r"meta/runtime\.yml",
    r"meta/execution-environment\.yml",
    r"meta/ee-(requirements|bindep)\.txt",
    r"playbooks/(site|rollback|status|diagnose)\.yml",
    r"plugins/modules/stream_\w+\.py",
    r"plugins/module_utils/(\w+/)*\w+\.py",
    r"roles/streaming_api/(defaults|handlers|tasks)/\w+\.yml",
    r"roles/streaming_api/vars/(main/)?\w+\.yml",
    r"roles/streaming_api/meta/(main|argument_specs)\.yml",
    r"roles/streaming_api/templates/[\w.]+\.j2",
    r"roles/streaming_api/files/\w+\.py",
)
# There may be such files.
OPTIONAL = (r"plugins/action/stream_\w+\.py", r"plugins/doc_fragments/\w+\.py")


def test_it_has_what_users_need_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as tar:
        members = tar.getmembers()
    files = [member.name for member in members if not member.isdir()]
    assert [name for name in files if not re.fullmatch("|".join(ALLOWED + OPTIONAL), name)] == []
    unmatched = [one for one in ALLOWED if not any(re.fullmatch(one, name) for name in files)]
    assert unmatched == []


def test_it_has_real_files_only(tarball: Path) -> None:
    with tarfile.open(tarball) as tar:
        assert [member.name for member in tar if not (member.isfile() or member.isdir())] == []
