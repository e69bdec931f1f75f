"""The source of an app, with a program and links."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.release.made_source import FILES, write


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = write(tmp_path / "app", FILES)
    (source / "run.sh").touch(mode=0o755)
    (source / "link").symlink_to("api/routes.py")
    (source / "api/up").symlink_to("../main.py")
    return source
