"""The source of an app."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "api").mkdir(parents=True)
    (folder / "main.py").write_text("app = 1\n")
    (folder / "api/__init__.py").write_text("")
    (folder / "api/web.py").write_text("app = 1\n")
    return folder
