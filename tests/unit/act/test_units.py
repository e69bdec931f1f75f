"""Commands and systemd."""

from __future__ import annotations

import shutil

import pytest

from plugins.module_utils.act import units
from plugins.module_utils.act.editor import ActError
from plugins.module_utils.act.units import Said
from tests.unit.act.conftest import Systemd


@pytest.mark.parametrize(
    ("command", "stdin", "said"),
    [
        (["sh", "-c", "echo out; echo err >&2; exit 3"], "", Said(3, "out\n", "err\n")),
        (["cat"], "é", Said(0, "é", "")),
        (["no-such-command"], "", Said(127, "", "no-such-command: No such file or directory")),
    ],
)
def test_a_command(command: list[str], stdin: str, said: Said) -> None:
    assert units.run(command, stdin) == said


def test_a_command_that_hangs() -> None:
    assert units.run(["sleep", "9"], timeout=0.05).status == 124


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (Said(1, "out\n", "err\n"), "err"),
        (Said(1, "out\n", " "), "out"),
        (Said(1, "", ""), "It ended with status 1 and said nothing."),
    ],
)
def test_what_a_command_says(said: Said, text: str) -> None:
    assert said.text == text


def test_the_state_of_units(systemd: Systemd) -> None:
    systemd.answer("systemctl is-active", "active\nfailed\n", status=3)
    assert units.states("a.service", "b.service") == ["active", "failed"]


def test_a_command_in_a_sandbox() -> None:
    command = units.sandboxed(["User=a", "Nice=19"], ["uv", "pip"])
    assert command[0] == "systemd-run"
    assert command[-4:] == ["--property=User=a", "--property=Nice=19", "uv", "pip"]


UNIT = "[Service]\nExecStart=/bin/true\n"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize(
    ("text", "wrong"),
    [(UNIT, ""), (UNIT + "MemoryMaximum=1G\n", "MemoryMaximum"), (UNIT + "User\n", "chat.service")],
)
def test_units_are_verified(text: str, wrong: str) -> None:
    if not wrong:
        units.check_units({"chat.service": text})
        return
    with pytest.raises(ActError, match=wrong):
        units.check_units({"chat.service": text})
