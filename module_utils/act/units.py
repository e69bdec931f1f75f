# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Run commands on the host, in a sandbox if wanted; start, stop and check units."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Iterable, NamedTuple

from .editor import ActError

ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
JOURNAL_LINES = 30


class Said(NamedTuple):
    """The result of a command."""

    status: int
    out: str
    error: str

    @property
    def text(self) -> str:
        said = self.error.strip() or self.out.strip()
        return said or f"It ended with status {self.status} and said nothing."


def run(command: list[str], stdin: str = "", timeout: float | None = None) -> Said:
    try:
        done = subprocess.run(
            command,
            input=stdin.encode(),
            capture_output=True,
            env=ENVIRONMENT,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return Said(124, "", f"{command[0]} did not end within {timeout:.0f} s.")
    except OSError as error:
        return Said(127, "", f"{command[0]}: {error.strerror}")
    return Said(
        done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )


def systemctl(*words: str) -> Said:
    return run(["systemctl", *words])


def show(unit: str, *properties: str) -> dict[str, str]:
    """Properties of a unit. One that does not exist has properties too."""
    said = systemctl("show", f"--property={','.join(properties)}", unit).out
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def must(*words: str) -> None:
    """Run a systemctl command that must succeed."""
    said = systemctl(*words)
    if said.status != 0:
        raise ActError(f"systemctl {' '.join(words)} failed: {said.text}")


def states(*units: str) -> list[str]:
    """The state of each unit: active, inactive, deactivating, failed ..."""
    return systemctl("is-active", *units).out.split()


def journal(unit: str) -> str:
    """The last lines of a unit's journal since its last start."""
    invocation = systemctl("show", "--property=InvocationID", "--value", unit).out.strip()
    asked = ["--no-pager", "--output=cat", f"--lines={JOURNAL_LINES}"]
    return run(["journalctl", *asked, f"_SYSTEMD_INVOCATION_ID={invocation}"]).out.strip()


def sandboxed(properties: Iterable[str], command: Iterable[str]) -> list[str]:
    """A command that runs in its own unit with these properties. Its output comes to us."""
    begin = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--service-type=exec"]
    return [*begin, *(f"--property={one}" for one in properties), *command]


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
