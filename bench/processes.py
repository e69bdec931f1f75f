"""What processes use: CPU, memory, and the kernel's memory for their sockets."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
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


@contextlib.contextmanager
def watch(pids: Iterable[int]) -> Iterator[Callable[[], Usage]]:
    """Yield a function that says what they have used since, and by how much their memory grew."""
    pids = list(pids)
    before = usage(pids)
    yield lambda: usage(pids) - before


def kernel_memory() -> int:
    """Bytes that the kernel holds for objects (sockets, too) and for TCP's data, of the whole machine.

    Compare two moments: the difference has the sockets of both ends.
    """
    slab = next(
        int(line.split()[1])
        for line in (PROC / "meminfo").read_text().splitlines()
        if line.startswith("Slab:")
    )
    tcp = (PROC / "net/sockstat").read_text().split("\nTCP:", 1)[1].split("\n", 1)[0].split()
    return 1024 * slab + os.sysconf("SC_PAGE_SIZE") * int(tcp[tcp.index("mem") + 1])


def _parent(pid: int) -> int:
    return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
