"""What the kernel holds for sockets: their objects, and what waits in them."""

from __future__ import annotations

import os
import re
from pathlib import Path

# The objects of sockets, files and epoll, and buffers for data.
OBJECTS = re.compile(r"TCP|UNIX|sock_inode_cache|filp|eventpoll|skbuff|kmalloc-(512|[1248]k)")


def socket_memory() -> int:
    """Bytes, of the whole machine; only root may read it. Compare two moments.

    Less than all kernel memory, which grows with each file that anybody touches.
    """
    slabs = Path("/proc/slabinfo").read_text()
    return objects(slabs) + tcp(Path("/proc/net/sockstat").read_text())


def objects(slabinfo: str) -> int:
    """Bytes in use of the caches that sockets need."""
    rows = (line.split() for line in slabinfo.splitlines()[2:])
    return sum(int(row[1]) * int(row[3]) for row in rows if OBJECTS.match(row[0]))


def tcp(sockstat: str) -> int:
    """Bytes of data in TCP's queues, in whole pages."""
    fields = sockstat.split("\nTCP:", 1)[1].split("\n", 1)[0].split()
    return os.sysconf("SC_PAGE_SIZE") * int(fields[fields.index("mem") + 1])
