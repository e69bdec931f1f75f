"""What processes use: CPU and memory."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Usage:
    """Of several processes together. cpu: seconds. pss: bytes, shared pages divided by their users."""

    cpu: float = 0.0
    pss: int = 0

    def __sub__(self, other: Usage) -> Usage:
        return Usage(self.cpu - other.cpu, self.pss - other.pss)


def tree(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for each in (int(path.name) for path in PROC.iterdir() if path.name.isdigit()):
        with contextlib.suppress(OSError):
            children.setdefault(_parent(each), []).append(each)
    found: list[int] = []
    new = [pid]
    while new:
        found += new
        new = [child for parent in new for child in children.get(parent, [])]
    return found


def named(pids: Iterable[int], *names: str) -> list[int]:
    """Those of the processes whose name begins with one of these."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            if (PROC / str(pid) / "comm").read_text().startswith(names):
                found.append(pid)
    return found


def usage(pids: Iterable[int]) -> Usage:
    """What they have used until now, and hold now. Ended processes count as nothing."""
    cpu, pss = 0.0, 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
            cpu += (int(fields[11]) + int(fields[12])) / TICKS
            rollup = (PROC / str(pid) / "smaps_rollup").read_text()
            pss += 1024 * int(rollup.split("\nPss:", 1)[1].split(None, 1)[0])
    return Usage(cpu, pss)


def _parent(pid: int) -> int:
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
