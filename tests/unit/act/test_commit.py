"""A proven release becomes the live one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act import processes
from plugins.module_utils.act.commit import Commit, commit
from plugins.module_utils.act.editor import ActError, Editor
from plugins.module_utils.deploy.places import Places
from tests.unit.act.conftest import Systemd

CHAT = Places("chat")


def committed(editor: Editor, **changes: Any) -> None:
    given: dict[str, Any] = {
        "record": {"name": "chat", "history": ["new1"]},
        "replaced": [],
        "ended": [],
        "outdated": [],
    }
    commit(CHAT, "new1", Commit(**{**given, **changes}), editor)


@pytest.fixture
def releases(tmp_path: Path) -> Path:
    for release in ("new1", "old1", "old2"):
        directory = tmp_path / "srv/chat/releases" / release
        directory.mkdir(parents=True)
        (directory / "release.json").touch()
    (tmp_path / "srv/chat/releases/new1/withdrawn").touch()
    (tmp_path / "etc/nginx/conf.d").mkdir(parents=True)
    (tmp_path / "etc/nginx/conf.d/chat.conf").write_text("server {}\n")
    return tmp_path


def test_a_commit(releases: Path, systemd: Systemd) -> None:
    editor = Editor(releases)
    committed(editor, replaced=["old1"], outdated=["old2"])
    assert (releases / "etc/streaming_api/chat.conf").read_text() == "server {}\n"
    assert str((releases / "etc/streaming_api/chat.sock").readlink()) == "/run/chat/new1.sock"
    assert str((releases / "srv/chat/current").readlink()) == "releases/new1"
    record = json.loads((releases / "etc/streaming_api/chat.json").read_text())
    assert record == {"name": "chat", "history": ["new1"]}
    assert not (releases / "srv/chat/releases/new1/withdrawn").exists()
    assert sorted(path.name for path in (releases / "srv/chat/releases").iterdir()) == [
        "new1",
        "old1",
    ]
    assert systemd.asked_to("start", "daemon-reload") == ["start chat-drain@old1.service", "daemon-reload"]  # fmt: skip
    again = Editor(releases)
    committed(again)
    assert again.result() == {"changed": False, "diff": []}


@pytest.mark.usefixtures("systemd")
def test_what_it_has_in_the_sites_of_others_is_proven(releases: Path) -> None:
    here, gone = releases / CHAT.guest("web")[1:], releases / CHAT.proven_guest("old")[1:]
    for file in (here, gone):
        file.parent.mkdir(parents=True)
        file.write_text("location /chat/ {}")
    committed(Editor(releases))
    assert (releases / CHAT.proven_guest("web")[1:]).read_text() == "location /chat/ {}"
    assert not gone.exists()


@pytest.mark.parametrize("status", [0, 5])
def test_one_that_ends_for_others(releases: Path, systemd: Systemd, status: int) -> None:
    """5: it has just ended by itself."""
    systemd.answer("systemctl stop", status=status)
    committed(Editor(releases), replaced=["old2"], ended=["old1"])
    asked = systemd.asked_to("stop", "start")
    assert asked == [
        "start chat-drain@old2.service",
        "stop chat-drain@old1.service chat@old1.socket chat@old1.service",
    ]


def test_its_processes_end_with_it(releases: Path, systemd: Systemd) -> None:
    """They were told to when its drain began, and have not."""
    worker = releases / "etc/systemd/system/chat@old1.worker.service"
    worker.parent.mkdir(parents=True)
    worker.touch()
    committed(Editor(releases), ended=["old1"], outdated=["old1"])
    assert systemd.asked_to("stop", "kill")[1:] == [
        f"stop --no-block {worker.name}",
        f"kill --signal=KILL {worker.name}",
        f"stop {worker.name}",
    ]
    assert not worker.exists()


def test_a_process_that_does_not_stay_up(
    releases: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is live that was not before."""

    def fail(*_: Any) -> None:
        raise ActError("worker has ended 2 times since its start", kind="process")

    monkeypatch.setattr(processes, "hand_over", fail)
    with pytest.raises(ActError, match="worker has ended"):
        committed(Editor(releases), replaced=["old1"])
    assert (systemd.asked, (releases / "etc/streaming_api").exists()) == ([], False)


def test_one_that_cannot_be_ended(releases: Path, systemd: Systemd) -> None:
    systemd.answer("systemctl stop", status=1, error="no bus")
    with pytest.raises(ActError, match="no bus"):
        committed(Editor(releases), ended=["old1"])


def test_a_commit_in_check_mode(releases: Path, systemd: Systemd) -> None:
    editor = Editor(releases, check=True)
    committed(editor, replaced=["old1"], ended=["old2"], outdated=["old2"])
    assert editor.changed
    assert systemd.asked == []
    assert not (releases / "etc/streaming_api").exists()
    assert (releases / "srv/chat/releases/old2").exists()
