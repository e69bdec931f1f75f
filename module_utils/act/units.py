# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run commands on the host, in a sandbox if wanted; start, stop and check units."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Iterable, NamedTuple

from .editor import ActError

# How systemd-run ends what it prints on its own.
_ENDS = re.compile(r"^Finished with result: ([\w-]+)$.*\Z", re.MULTILINE | re.DOTALL)
_BEGINS = re.compile(r"\A(?:Running as unit: .*\n)(?:Press \^\] .*\n)?")
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
JOURNAL_LINES = 30
READ_LINES = 200  # of the journal; Gunicorn's own tracebacks are left out of them
# How Gunicorn tells systemd that a worker did not start: a long traceback of its own code. What the
# app has said stands before it.
_HALT = re.compile(
    r"^Traceback \(most recent call last\):\n(?:(?!\[\d{4}-).*\n)*?"
    r".*HaltServer.*(?:\n(?!\[\d{4}-).*)*\n?",
    re.MULTILINE,
)
ENDED = {"inactive", "failed", "unknown"}  # states of a unit that does not run
DEATHS = 2  # what has ended so often after its start will end again
MOST = 4 * 1024 * 1024  # bytes of an output
BLOCK = 64 * 1024
SYNC = 10.0  # seconds for the journal's daemon, however busy it is


class Said(NamedTuple):
    """The result of a command."""

    status: int
    out: str
    error: str

    @property
    def text(self) -> str:
        said = self.error.strip() or self.out.strip()
        return said or f"It ended with status {self.status} and said nothing."


class Ended(NamedTuple):
    """How a command in a unit of its own has ended.

    ``result`` is systemd's word: success, exit-code, timeout, oom-kill ...
    """

    said: Said
    result: str


class _Reader(threading.Thread):
    """Reads a command's output to its end, and keeps the last MOST bytes of it."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe, self._kept = pipe, bytearray()
        self.start()

    def run(self) -> None:
        for block in iter(lambda: self._pipe.read1(BLOCK), b""):  # type: ignore[attr-defined]
            self._kept += block
            if len(self._kept) > 2 * MOST:
                del self._kept[:-MOST]

    def text(self) -> str:
        self.join()
        return self._kept[-MOST:].decode(errors="replace")


def run(command: list[str], stdin: str = "", timeout: float | None = None) -> Said:
    """Run a command. However much it says, little of it is kept: a build says what it likes."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=ENVIRONMENT)
    except OSError as error:
        return Said(127, "", f"{command[0]}: {error.strerror}")
    with process:
        out, error_out = (_Reader(one) for one in (process.stdout, process.stderr) if one)
        try:
            with suppress(BrokenPipeError):
                if process.stdin:
                    process.stdin.write(stdin.encode())
                    process.stdin.close()
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            return Said(124, "", f"{command[0]} did not end within {timeout:.0f} s.")
        return Said(status, out.text(), error_out.text())


def systemctl(*words: str) -> Said:
    return run(["systemctl", *words])


def show(unit: str, *properties: str) -> dict[str, str]:
    """Properties of a unit. One that does not exist has properties too."""
    said = systemctl("show", f"--property={','.join(properties)}", unit).out
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def show_all(units: Iterable[str], *properties: str) -> dict[str, dict[str, str]]:
    """Properties of several units, by unit, in one call."""
    asked = ["show", f"--property={','.join(('Id', *properties))}", *units]
    blocks = (
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in systemctl(*asked).out.split("\n\n")
    )
    return {block["Id"]: block for block in blocks if "Id" in block}


def must(*words: str) -> None:
    """Run a systemctl command that must succeed."""
    said = systemctl(*words)
    if said.status != 0:
        raise ActError(f"systemctl {' '.join(words)} failed: {said.text}")


def states(*units: str) -> list[str]:
    """The state of each unit: active, inactive, deactivating, failed ..."""
    return systemctl("is-active", *units).out.split()


def restarts(unit: str) -> int:
    """How often systemd has started a service again since somebody started it."""
    return int(show(unit, "NRestarts").get("NRestarts") or 0)


def journal(unit: str, since: float = 0) -> str:
    """The last lines of a unit's journal since somebody started it, or since a time.

    ``since`` is in seconds since 1970, 0 for none.
    """
    properties = show(unit, "InvocationID", "NRestarts")
    of = [f"_SYSTEMD_INVOCATION_ID={properties.get('InvocationID', '')}"]
    # The last words of a service that ends again and again are those of its start before.
    if int(properties.get("NRestarts") or 0) > 0:
        of = [f"_SYSTEMD_UNIT={unit}"]
    if since:
        of.append(f"--since=@{since:.0f}")
    # The last words of what has just ended may not be in the journal yet.
    run(["journalctl", "--sync"], timeout=SYNC)
    asked = ["--no-pager", "--output=cat", f"--lines={READ_LINES}"]
    said = _HALT.sub("", run(["journalctl", *asked, *of]).out.strip() + "\n")
    return "\n".join(said.strip().splitlines()[-JOURNAL_LINES:])


def sandboxed(properties: Iterable[str], command: Iterable[str], stdin: str = "") -> Ended:
    """Run a command in its own unit with these properties. Its output comes to us."""
    begin = ["systemd-run", "--wait", "--pipe", "--collect", "--service-type=exec"]
    said = run([*begin, *(f"--property={one}" for one in properties), *command], stdin=stdin)
    found = _ENDS.search(said.error)
    error = _BEGINS.sub("", _ENDS.sub("", said.error))
    return Ended(Said(said.status, said.out, error), found[1] if found else "")


def check_units(texts: dict[str, str]) -> None:
    """Let systemd verify units. A line that systemd would only ignore is an error too."""
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, name) for name in texts]
        for file, text in zip(files, texts.values()):
            file.write_text(text, encoding="utf-8")
        said = run(["systemd-analyze", "verify", "--man=no", *(str(file) for file in files)])
    lines = f"{said.out}\n{said.error}".splitlines()
    wrong = [line for line in lines if any(name in line for name in texts)]
    if said.status != 0 or wrong:
        raise ActError("\n".join(wrong or lines).strip() or "systemd refuses the units.")
