# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the host has for streams: memory, open files, sockets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .access import Host

# systemd gives a service no more, unless its unit says so (DefaultLimitNOFILE=).
FILES_OF_A_SERVICE = 524_288


def capacity(host: Host) -> dict[str, int]:
    """The fields of deploy.capacity.Machine."""
    return {
        "memory": _memory(host),
        "files": _files(host),
        "somaxconn": _number(r"(\d+)", host.text("/proc/sys/net/core/somaxconn")),
        "notsent": _number(r"(\d+)", host.text("/proc/sys/net/ipv4/tcp_notsent_lowat")),
    }


def _memory(host: Host) -> int:
    """In bytes. A container may have less than its machine."""
    total = _number(r"^MemTotal:\s+(\d+) kB", host.text("/proc/meminfo")) * 1024
    limits = (host.text("/sys/fs/cgroup/memory.max").strip(), str(total))
    return min(int(limit) for limit in limits if limit.isdigit())


def _files(host: Host) -> int:
    """The hard limit of a process that systemd starts."""
    own = _number(r"^Max open files\s+\S+\s+(\d+)", host.text("/proc/1/limits"))
    most = _number(r"(\d+)", host.text("/proc/sys/fs/nr_open"))
    return min(limit for limit in (own, most, FILES_OF_A_SERVICE) if limit)


def _number(pattern: str, text: str) -> int:
    """0 if the text has none."""
    found = re.search(pattern, text, re.MULTILINE)
    return int(found.group(1)) if found else 0
