"""The commands that fill a virtual environment."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy.install import project, steps
from tests.unit.deploy.made_app import settings


@pytest.mark.parametrize(
    ("dependencies", "found"),
    [
        ("auto", ""),
        ("requirements/prod.txt", ""),
        ("pyproject.toml", ""),
        ("backend/pyproject.toml", "backend"),
        ("backend/setup.py", "backend"),
        ("backend/uv.lock", "backend"),
    ],
)
def test_the_project_that_may_be_installed(dependencies: str, found: str) -> None:
    assert project(dependencies) == found


REQUIREMENTS = "pip install --requirements requirements.txt"
SYNC = "sync --project {} --frozen --no-dev --no-editable"


@pytest.mark.parametrize(
    ("variables", "found", "installable", "wheel", "commands"),
    [
        ({}, [], False, "", []),
        ({}, ["requirements.txt"], False, "", [REQUIREMENTS]),
        ({}, ["requirements.txt", "setup.py"], True, "", [REQUIREMENTS, "pip install ./ --no-deps"]),
        ({}, ["pyproject.toml"], True, "", ["pip install --requirements pyproject.toml", "pip install ./"]),
        ({}, ["pyproject.toml"], False, "", ["pip install --requirements pyproject.toml"]),
        ({}, ["setup.py"], True, "", ["pip install ./"]),
        ({}, ["uv.lock", "pyproject.toml"], True, "", [SYNC.format(".")]),
        ({"dependencies": "backend/uv.lock"}, ["setup.py"], True, "", [SYNC.format("backend")]),
        (
            {"dependencies": "backend/pyproject.toml"},
            [],
            True,
            "",
            ["pip install --requirements backend/pyproject.toml", "pip install ./backend"],
        ),
        (
            {"dependencies": "requirements/prod.txt"},
            ["uv.lock"],
            False,
            "",
            ["pip install --requirements requirements/prod.txt"],
        ),
        ({"extra_packages": ["a", "b==1"]}, [], False, "", ["pip install a b==1"]),
        ({}, [], False, "chat-1.0-py3-none-any.whl", ["pip install chat-1.0-py3-none-any.whl"]),
        ({"source": "", "package": "datasette==1"}, [], False, "", ["pip install datasette==1"]),
        (
            {"source": "", "package": "chat-1.0-py3-none-any.whl"},
            [],
            False,
            "chat-1.0-py3-none-any.whl",
            ["pip install chat-1.0-py3-none-any.whl"],
        ),
    ],
)  # fmt: skip
def test_the_commands(
    variables: dict[str, Any], found: list[str], installable: bool, wheel: str, commands: list[str]
) -> None:
    release = {"dependency_files": found, "installable": installable}
    first, *more = steps(settings(**variables), release, "/release", wheel)
    assert first.what == "create the virtual environment"
    assert first.command[-2:] == ["/usr/bin/python3", "/release/venv"]
    assert [" ".join(step.command) for step in more] == commands
    assert {step.what for step in more} <= {"install the app's dependencies"}
