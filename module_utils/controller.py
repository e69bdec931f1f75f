# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The controller: its cache, and the process that deploys."""

from __future__ import annotations

import getpass
import os
import subprocess
import time
import zlib
from pathlib import Path

from .deploy.lock import Holder
from .deploy.places import digest

BOOT = Path("/proc/sys/kernel/random/boot_id")
STARTED = 19  # of /proc/PID/stat, after the name
# What the monitor runs on a host, of this directory.
OF_MONITOR = (
    "latency/**/*.py",
    "monitor/*.py",
    *(f"deploy/{name}.py" for name in ("__init__", "places", "proof", "request")),
)


def cache() -> str:
    """The directory for packed sources and Git checkouts."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return f"{home}/streaming_api"


def me(pid: int | None = None) -> Holder:
    """The process that deploys: ansible-playbook, the parent of this worker."""
    pid = pid or os.getppid()
    who = f"{getpass.getuser()}@{os.uname().nodename}"
    return Holder(who, pid, _machine(), started(pid), f"{time.monotonic_ns():x}")


def _machine() -> str:
    """Distinguishes machines with the same name, and containers of one machine."""
    namespace = Path("/proc/self/ns/pid")
    inside = os.readlink(namespace) if namespace.is_symlink() else ""
    return _short(_text(Path("/etc/machine-id")) + inside)


def started(pid: int) -> str:
    """When a process of this machine started; '' if there is none.

    The format depends on the system: compare the results only.
    """
    if BOOT.exists():
        stat = _text(Path(f"/proc/{pid}/stat"))
        return _short(BOOT.read_text() + stat.rpartition(")")[2].split()[STARTED]) if stat else ""
    asked = ["ps", "-o", "lstart=", "-p", str(pid)]
    said = subprocess.run(asked, stdout=subprocess.PIPE, check=False, text=True).stdout.strip()
    return _short(said) if said else ""


def monitor_program() -> dict[str, str]:
    """The monitor's Python files, path to text. The paths begin with the package's name."""
    here = Path(__file__).parent
    files = sorted(file for pattern in OF_MONITOR for file in here.glob(pattern))
    return {
        f"streaming_api/{file.relative_to(here)}": file.read_text(encoding="utf-8")
        for file in files
    }


def monitor_version() -> str:
    """Changes with each of these files."""
    return digest(repr(monitor_program()))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _short(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
