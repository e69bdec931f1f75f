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


@pytest.mark.parametrize("to", ["", ">&2"])
def test_a_command_that_says_too_much(to: str) -> None:
    """Its end counts: it says why the command failed."""
    said = units.run(["sh", "-c", f"{{ head -c 30000000 /dev/zero; echo the end; }} {to}"])
    text = said.error if to else said.out
    assert len(text) == units.MOST
    assert text.endswith("the end\n")


def test_a_command_that_reads_nothing() -> None:
    assert units.run(["true"], stdin="x" * 1_000_000).status == 0


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


SUMMARY = (
    "Finished with result: {}\nMain processes terminated with: code=exited\nService runtime: 1s\n"
)


@pytest.mark.parametrize(
    ("error", "seen", "result"),
    [
        (
            "Running as unit: run-u1.service\nhello\n" + SUMMARY.format("timeout"),
            "hello\n",
            "timeout",
        ),
        (
            "Running as unit: run-u1.service; invocation ID: 1\n" + SUMMARY.format("success"),
            "",
            "success",
        ),
        (
            "Failed to start transient service unit\n",
            "Failed to start transient service unit\n",
            "",
        ),
    ],
)
def test_a_command_in_a_sandbox(systemd: Systemd, error: str, seen: str, result: str) -> None:
    systemd.answer("systemd-run", "out", error=error, status=3)
    ended = units.sandboxed(["User=a", "Nice=19"], ["uv", "pip"])
    assert ended == (Said(3, "out", seen), result)
    assert systemd.asked[0].endswith(" --property=User=a --property=Nice=19 uv pip")


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


STARTED = "[2026-11-27 03:00:00 +0000] [7] [INFO] Starting gunicorn 27.0.1\n"
SAID = (
    "[2026-11-27 03:00:01 +0000] [9] [ERROR] Traceback (most recent call last):\n"
    "  File \"main.py\", line 3, in lifespan\nKeyError: 'DATABASE_URL'\n\n"
    "[2026-11-27 03:00:01 +0000] [7] [ERROR] Worker (pid:9) exited with code 3\n"
)
HALTED = (
    "Traceback (most recent call last):\n"
    '  File "gunicorn/arbiter.py", line 1, in run\n    self.manage_workers()\n'
    "gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>\n\n"
    "During handling of the above exception, another exception occurred:\n\n"
    "Traceback (most recent call last):\n"
    + '  File "gunicorn/arbiter.py", line 2, in halt\n' * 40
    + "gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>\n"
)


@pytest.mark.parametrize(
    ("logged", "shown"),
    [
        (STARTED + SAID + HALTED, STARTED + SAID),
        ((STARTED + SAID + HALTED) * 2 + STARTED, (STARTED + SAID) * 2 + STARTED),
        (STARTED + SAID, STARTED + SAID),
        ("", ""),
    ],
)
def test_the_apps_last_words_are_not_lost_behind_gunicorns_own(
    systemd: Systemd, logged: str, shown: str
) -> None:
    systemd.answer(
        "systemctl show --property=InvocationID,NRestarts", "InvocationID=a\nNRestarts=2\n"
    )
    systemd.answer("journalctl", logged)
    assert units.journal("chat@aaaa.service") == shown.strip()
    assert "_SYSTEMD_UNIT=chat@aaaa.service" in systemd.asked[-1]
