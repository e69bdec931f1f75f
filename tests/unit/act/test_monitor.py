"""The monitor's files come to a host, and the service follows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.act.editor import ActError, Editor
from plugins.module_utils.act.monitor import Wanted, install
from plugins.module_utils.deploy.monitor import PROGRAM, UNIT
from tests.unit.act.conftest import Systemd

DROP_INS = f"/etc/systemd/system/{UNIT}.d"
CONFIG = "/etc/streaming_api/monitor/chat.json"
TOKEN = "/etc/streaming_api/chat.status-token"
WANTED = Wanted(
    {"streaming_api/monitor/watch.py": "main\n"},
    {f"/etc/systemd/system/{UNIT}": "[Service]\n", f"{DROP_INS}/chat.conf": "a\n", CONFIG: "{}\n"},
    [TOKEN],
)
ENDED = Wanted({}, {f"{DROP_INS}/chat.conf": "", CONFIG: ""}, [])


def again(tmp_path: Path, wanted: Wanted, *, check: bool = False) -> Editor:
    editor = Editor(tmp_path, check=check)
    install(wanted, editor)
    return editor


def test_a_new_host(tmp_path: Path, systemd: Systemd) -> None:
    assert again(tmp_path, WANTED).changed
    assert (tmp_path / PROGRAM[1:] / "streaming_api/monitor/watch.py").read_text() == "main\n"
    assert systemd.asked_to("daemon-reload", "enable", "restart") == [
        "daemon-reload",
        f"enable --quiet {UNIT}",
        f"restart {UNIT}",
    ]
    assert oct((tmp_path / CONFIG[1:]).parent.stat().st_mode)[-3:] == "700"


@pytest.mark.usefixtures("systemd")
def test_the_token_is_roots_and_stays(tmp_path: Path) -> None:
    again(tmp_path, WANTED)
    file = tmp_path / TOKEN[1:]
    assert oct(file.stat().st_mode)[-3:] == "600"
    token = file.read_text()
    assert len(token) > 40
    assert not again(tmp_path, WANTED).changed
    assert file.read_text() == token


def test_nothing_new_restarts_nothing(tmp_path: Path, systemd: Systemd) -> None:
    again(tmp_path, WANTED)
    systemd.asked.clear()
    assert not again(tmp_path, WANTED).changed
    assert systemd.asked == []


@pytest.mark.usefixtures("systemd")
def test_an_old_file_of_the_program_goes(tmp_path: Path) -> None:
    again(tmp_path, WANTED)
    new = WANTED._replace(program={"streaming_api/monitor/new.py": "new\n"})
    assert again(tmp_path, new).changed
    here = tmp_path / PROGRAM[1:]
    assert [str(file.relative_to(here)) for file in here.rglob("*.py")] == [
        "streaming_api/monitor/new.py"
    ]


def test_the_last_app_stops_it(tmp_path: Path, systemd: Systemd) -> None:
    again(tmp_path, WANTED)
    other = Wanted({}, {f"{DROP_INS}/other.conf": "b\n"}, [])
    again(tmp_path, other)
    systemd.asked.clear()
    again(tmp_path, ENDED)
    assert systemd.asked_to("restart", "disable") == [f"restart {UNIT}"]
    assert not (tmp_path / CONFIG[1:]).exists()
    again(tmp_path, Wanted({}, {f"{DROP_INS}/other.conf": ""}, []))
    assert systemd.asked_to("disable") == [f"disable --now --quiet {UNIT}"]
    # The program stays for the next app.
    assert (tmp_path / PROGRAM[1:] / "streaming_api/monitor/watch.py").exists()


def test_check_mode_changes_nothing(tmp_path: Path, systemd: Systemd) -> None:
    assert again(tmp_path, WANTED, check=True).changed
    assert list(tmp_path.iterdir()) == []
    assert systemd.asked == []


def test_a_monitor_that_does_not_start_says_why(tmp_path: Path, systemd: Systemd) -> None:
    systemd.answer(f"systemctl restart {UNIT}", status=1, error="Job failed.")
    systemd.answer("journalctl", out="OSError: [Errno 98] Address already in use")
    with pytest.raises(ActError, match=r"does not start: OSError.*in use"):
        again(tmp_path, WANTED)
