"""The role and the playbooks by their full names, in a project with the collection only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .conftest import NAME, ROOT, Project

if TYPE_CHECKING:
    from pathlib import Path

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_each_playbook_loads(installed: Project, name: str) -> None:
    done = installed.play("--syntax-check", f"{NAME}.{name}")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_the_role_loads(installed: Project, tmp_path: Path) -> None:
    role = {"ansible.builtin.import_role": {"name": f"{NAME}.streaming_api"}}
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "tasks": [role]}]))
    done = installed.play("--syntax-check", str(playbook))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


# name, arguments, words of its answer, exit code
@pytest.mark.parametrize(
    ("name", "arguments", "words", "code"),
    [
        ("diagnose", [], "say which stream: -e url=", 2),
        ("diagnose", ["-eurl=http://127.0.0.1:9/", "-eseconds=1"], "refused", 2),
        ("diagnose", ["-eurl=http://a/chats", "-estripped=/chat"], "stripped is '/chat'", 2),
        ("status", ["-estreaming_api_name=x"], "x on localhost: nothing is deployed", 0),
        ("site", ["-estreaming_api_nme=x"], "streaming_api_nme is unknown", 2),
        ("rollback", ["-erelease=x", "-estreaming_api_nme=x"], "streaming_api_nme is unknown", 2),
    ],
)
def test_each_playbook_answers(
    installed: Project, name: str, arguments: list[str], words: str, code: int
) -> None:
    done = installed.play(f"{NAME}.{name}", *arguments)
    assert (done.returncode, words in done.stdout + done.stderr) == (code, True), (
        done.stdout + done.stderr
    )
