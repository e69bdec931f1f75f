"""ansible-doc lists and renders the installed collection."""

from __future__ import annotations

import json

import pytest

from .conftest import NAME, ROOT, Project

MODULES = sorted(path.stem for path in (ROOT / "library").glob("*.py"))


def test_it_lists_each_module(installed: Project) -> None:
    done = installed.run("ansible-doc", "--type=module", "--list", "--json", NAME)
    assert sorted(json.loads(done.stdout)) == [f"{NAME}.{name}" for name in MODULES], done.stderr


@pytest.mark.parametrize("module", MODULES)
def test_it_renders_each_module(installed: Project, module: str) -> None:
    done = installed.run("ansible-doc", "--type=module", f"{NAME}.{module}")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"> MODULE {NAME}.{module} " in done.stdout
    assert "EXAMPLES:" in done.stdout


def test_it_lists_and_renders_the_role(installed: Project) -> None:
    role = f"{NAME}.streaming_api"
    listed = installed.run("ansible-doc", "--type=role", "--list", "--json", NAME)
    entry_points = json.loads(listed.stdout)[role]["entry_points"]
    assert len(entry_points) == 1
    shown = installed.run("ansible-doc", "--type=role", role)
    assert shown.returncode == 0, shown.stderr  # 2.21 warns of a collection of its own
    for words in (*entry_points, "streaming_api_name"):
        assert words in shown.stdout
