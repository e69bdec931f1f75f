"""A release is started, and asked until it answers."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act import ask, units
from plugins.module_utils.act import start as module
from plugins.module_utils.act.ask import Answer, Question
from plugins.module_utils.act.editor import ActError, Editor
from plugins.module_utils.act.start import Start, start
from plugins.module_utils.deploy.places import Places
from tests.unit.act.conftest import Systemd

CHAT = Places("chat")
DRAIN = "/etc/systemd/system/chat-drain@.service"
FILES = {DRAIN: "[Service]\n", "/opt/streaming_api/drain/drain.py": "import os\n"}
NO = Answer(None, "/run/chat/aaaa.sock: Connection refused")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, systemd: Systemd) -> list[Answer]:
    """What the app answers, one after the other; then always the last."""
    given = [Answer(200, "/ answers 200 OK")]

    def on_unix_socket(path: str, *_: Any) -> Answer:
        assert path == "/run/chat/aaaa.sock"
        return given.pop(0) if len(given) > 1 else given[0]

    monkeypatch.setattr(ask, "on_unix_socket", on_unix_socket)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    monkeypatch.setattr(units, "check_units", lambda _: None)
    systemd.answer("systemctl is-active", "active\nactive\n")
    systemd.answer("journalctl", "Boom\n")
    return given


def begin(editor: Editor, **changes: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "files": FILES,
        "makes_token": True,
        "question": Question("/", "a"),
        "timeout": 0.05,
        "reloads": False,
        "holder": "",
    }
    return start(CHAT, "aaaa", Start(**{**given, **changes}), editor)


@pytest.mark.usefixtures("answers")
def test_it_is_started(systemd: Systemd, tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    found = begin(editor)
    assert found["status"] == 200
    assert systemd.asked_to("enable") == ["enable --now --quiet chat@aaaa.service"]
    assert systemd.asked_to("daemon-reload") == ["daemon-reload"]
    assert (tmp_path / DRAIN[1:]).read_text() == "[Service]\n"
    token = tmp_path / "etc/streaming_api/chat.probe-token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert len(token.read_text().strip()) > 40
    # Neither a program nor the token is in the diff.
    assert [one["after_header"] for one in editor.diff] == [DRAIN]


@pytest.mark.usefixtures("answers")
def test_the_second_time_nothing_changes(systemd: Systemd, tmp_path: Path) -> None:
    begin(Editor(tmp_path))
    token = (tmp_path / "etc/streaming_api/chat.probe-token").read_text()
    systemd.asked.clear()
    again = Editor(tmp_path)
    begin(again)
    assert again.result() == {"changed": False, "diff": []}
    assert systemd.asked_to("daemon-reload") == []
    assert (tmp_path / "etc/streaming_api/chat.probe-token").read_text() == token


@pytest.mark.usefixtures("answers")
def test_one_that_did_not_run_is_a_change(systemd: Systemd, editor: Editor) -> None:
    systemd.answer("systemctl is-active", "active\ninactive\n")
    begin(editor, files={}, makes_token=False)
    assert editor.changed


@pytest.mark.usefixtures("answers")
def test_units_of_a_killed_deploy_are_read_again(systemd: Systemd, editor: Editor) -> None:
    begin(editor, files={}, reloads=True)
    assert systemd.asked_to("daemon-reload") == ["daemon-reload"]


def test_it_is_asked_until_it_answers(answers: list[Answer], editor: Editor) -> None:
    answers[:0] = [NO, NO, Answer(503, "/ answers 503")]
    assert begin(editor, timeout=3600)["status"] == 200


@pytest.mark.usefixtures("answers")  # which refuses to ask another release
def test_the_live_release_is_not_asked_about_a_good_answer(editor: Editor) -> None:
    assert begin(editor, live="bbbb")["status"] == 200


def test_one_that_never_answers(answers: list[Answer], editor: Editor) -> None:
    answers[:] = [NO]
    with pytest.raises(ActError) as failed:
        begin(editor)
    assert str(failed.value) == "/run/chat/aaaa.sock: Connection refused; 0 s were allowed"
    assert failed.value.failure == {"kind": "start"}


def test_one_that_ends_again_and_again_is_not_waited_for(
    answers: list[Answer], systemd: Systemd, editor: Editor
) -> None:
    answers[:] = [NO]
    systemd.answer("systemctl show --property=NRestarts", "NRestarts=2\n")
    systemd.answer("systemctl is-active", "inactive\ninactive\n")
    with pytest.raises(ActError) as failed:
        begin(editor, timeout=3600)
    assert str(failed.value) == "it has ended 2 times since its start"
    assert failed.value.failure == {"kind": "start"}


def test_what_ended_before_this_deploy_does_not_count(
    answers: list[Answer], systemd: Systemd, editor: Editor
) -> None:
    answers[:0] = [NO, NO]
    systemd.answer("systemctl show --property=NRestarts", "NRestarts=7\n")  # it runs
    assert begin(editor, timeout=3600)["status"] == 200


@pytest.mark.usefixtures("answers")
def test_one_that_systemd_cannot_start(systemd: Systemd, editor: Editor) -> None:
    systemd.answer("systemctl enable", status=1, error="Job failed.")
    with pytest.raises(ActError) as failed:
        begin(editor)
    assert "Job failed." in str(failed.value)


@pytest.mark.usefixtures("answers")
def test_check_mode(systemd: Systemd, tmp_path: Path) -> None:
    editor = Editor(tmp_path, check=True)
    assert begin(editor) == {}
    assert editor.changed
    assert (systemd.asked, list(tmp_path.iterdir())) == ([], [])
