# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who listens on a port."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Iterable, Iterator

if TYPE_CHECKING:
    from .access import Host

LISTENING = "0A"


def listeners(host: Host, ports: Iterable[int]) -> dict[int, list[str]]:
    """The names of the processes that listen on these ports; '' for one that hides."""
    wanted = frozenset(ports)
    sockets = {
        inode: port
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for port, inode in _listening(host, table)
        if port in wanted
    }
    holders = _holders(host, set(sockets)) if sockets else {}
    found: dict[int, list[str]] = {}
    for inode, port in sockets.items():
        found.setdefault(port, []).append(holders.get(inode, ""))
    return found


def _listening(host: Host, table: str) -> Iterator[tuple[int, str]]:
    try:
        with host.path(table).open(encoding="ascii") as lines:
            next(lines, None)
            for line in lines:
                fields = line.split()
                if fields[3] != LISTENING:
                    return  # the kernel lists those that listen first
                yield int(fields[1].rpartition(":")[2], 16), fields[9]
    except FileNotFoundError:
        return


def _holders(host: Host, inodes: set[str]) -> dict[str, str]:
    """The name of the process that has each socket open.

    A listener that systemd handed to a service is open in both: the service is the one to name.
    Nginx comes first, as it is what usually listens, so that nothing else need be searched.
    """
    found: dict[str, str] = {}
    pids = [int(path.name) for path in host.path("/proc").iterdir() if path.name.isdigit()]
    names = {pid: _process_name(host, pid) for pid in pids}
    order = sorted(pids, key=lambda pid: (pid == 1, names[pid] != "nginx", pid))
    for pid in order:
        for inode in _sockets(host, pid):
            if inode in inodes:
                found.setdefault(inode, names[pid])
        if len(found) == len(inodes):
            break
    return found


def _process_name(host: Host, pid: int) -> str:
    try:
        return host.path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return ""  # it ended


def _sockets(host: Host, pid: int) -> Iterator[str]:
    try:
        with os.scandir(host.path(f"/proc/{pid}/fd")) as descriptors:
            for descriptor in descriptors:
                target = _link(descriptor.path)
                if target.startswith("socket:["):
                    yield target[8:-1]
    except OSError:
        return  # it ended, or is not ours to see


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""
