"""The scenarios' driver of plays, with a playbook that needs no host."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from plays import UNSURE, Play, Plays

TASKS: list[dict[str, Any]] = [
    {"name": "Ignore this", "fail": {"msg": "ignored"}, "ignore_errors": True},
    {"name": "Change something", "debug": {"msg": "said"}, "changed_when": True},
    {"name": "Change another thing", "debug": {"msg": "said"}, "changed_when": True},
    {"name": "Wait", "pause": {"seconds": "{{ wait | default(0) }}"}},
    {"name": "Stop", "fail": {"msg": "no\n  {{ why }}"}, "when": "why is defined"},
]


@pytest.fixture
def plays(tmp_path: Path) -> Plays:
    directories = (tmp_path / str(n) for n in range(10))

    def new_directory() -> Path:
        directory = next(directories)
        directory.mkdir()
        return directory

    return Plays("localhost,", "localhost", new_directory)


@pytest.fixture
def playbook(tmp_path: Path) -> Path:
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": TASKS}
    file = tmp_path / "playbook.json"
    file.write_text(json.dumps([play]))
    return file


def test_a_play_that_succeeds(plays: Plays, playbook: Path) -> None:
    done = plays.succeed(playbook)
    assert done.succeeded
    assert (done.message, done.ok, done.changed) == ("", 4, 2)
    assert "Change something" in done.output
    assert done.seconds > 0


def test_a_play_that_fails(plays: Plays, playbook: Path) -> None:
    done = plays.run(playbook, why="here")
    assert not done.succeeded
    assert (done.message, done.changed) == ("no here", 2)
    with pytest.raises(pytest.fail.Exception, match="no\n"):
        plays.succeed(playbook, why="here")


@pytest.mark.parametrize(("says", "runs"), [("It streams", 1), (UNSURE, 2)])
def test_a_deploy_that_a_busy_machine_hid_is_repeated(
    plays: Plays, tmp_path: Path, says: str, runs: int
) -> None:
    file = tmp_path / "runs"
    count = {"shell": f"echo run >>{file}; echo {says}", "register": "said"}
    report = {"debug": {"var": "said.stdout"}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    playbook = tmp_path / "deploy.json"
    playbook.write_text(json.dumps([{**play, "tasks": [count, report]}]))
    assert says in plays.prove(playbook).output
    assert len(file.read_text().split()) == runs


def test_a_play_can_be_watched_and_killed(plays: Plays, playbook: Path) -> None:
    def kill(play: Play) -> None:
        if play.tasks[-1] == "Wait":
            play.kill()

    began = time.monotonic()
    play = plays.begin(playbook, kill, wait=120)
    done = play.end()
    assert play.tasks == ["Ignore this", "Change something", "Change another thing", "Wait"]
    assert (done.succeeded, done.message, done.changed) == (False, "", 0)
    assert time.monotonic() - began < 100
