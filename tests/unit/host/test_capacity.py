"""What a host has for streams."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.host.made_host import see, write

LIMITS = "Limit                     Soft Limit           Hard Limit           Units     \n"
FILES = "Max open files            1024                 {}               files     \n"


@pytest.mark.parametrize(
    ("files", "nr_open", "found"),
    [("1073741816", "1073741816", 524_288), ("20000", "1048576", 20_000), ("600000", "1000", 1000)],
)
def test_files(root: Path, files: str, nr_open: str, found: int) -> None:
    limits = LIMITS + FILES.format(files)
    write(root, {"/proc/1/limits": limits, "/proc/sys/fs/nr_open": f"{nr_open}\n"})
    assert see(root)["capacity"]["files"] == found


@pytest.mark.parametrize(
    ("limit", "memory"), [(None, 2**31), ("max", 2**31), ("1073741824", 2**30), (str(2**40), 2**31)]
)
def test_memory(root: Path, limit: str | None, memory: int) -> None:
    write(root, {"/proc/meminfo": "MemTotal:        2097152 kB\nMemFree: 1 kB\n"})
    if limit:
        write(root, {"/sys/fs/cgroup/memory.max": f"{limit}\n"})
    assert see(root)["capacity"]["memory"] == memory


def test_sockets(root: Path) -> None:
    values = {"core/somaxconn": "4096\n", "ipv4/tcp_notsent_lowat": "4294967295\n"}
    write(root, {f"/proc/sys/net/{name}": text for name, text in values.items()})
    found = see(root)["capacity"]
    assert (found["somaxconn"], found["notsent"]) == (4096, 4_294_967_295)
