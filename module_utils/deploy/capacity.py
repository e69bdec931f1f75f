# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""For how many streams a host is set up, and the limits that follow from that number.

An open request counts as a stream, whatever it is.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

KIB_PER_STREAM = 64  # the app, Nginx and the kernel together
SHARE = 2  # half of the memory is for streams; the app itself and the system get the rest
LEAST, MOST = 256, 32_768  # without a number of the user's
# A stream has two connections. The third is for those who are refused, idle or still asking.
CONNECTIONS_PER_STREAM = 3
OWN_CONNECTIONS = 1024  # of Nginx itself, and of sites of others
FILES_PER_CONNECTION = 2  # a connection is one; a request may have a temporary file
# Connections that may wait at a socket. Nginx cannot count more streams than that, so a burst of
# all streams never finds the queue full.
BACKLOG = 65_535
# Bytes. By default a reader that reads nothing makes the kernel take 4 MiB; the network needs less.
NOTSENT = 131_072
RETRY_AFTER = 5  # seconds
# Those of the lines below.
NGINX_DIRECTIVES = (
    "worker_processes",
    "worker_rlimit_nofile",
    "worker_connections",
    "server_names_hash_bucket_size",
)


class Machine(NamedTuple):
    """What a host has. ``memory`` is in bytes. ``files`` is the number of open files that one
    process may have. ``somaxconn`` is the number of connections that may wait at one socket,
    ``notsent`` the number of bytes that a socket takes before they can be sent.
    """

    memory: int
    files: int
    somaxconn: int
    notsent: int

    @property
    def carries(self) -> int:
        """The number of streams for which the memory suffices."""
        return self.memory // SHARE // (KIB_PER_STREAM * 1024)

    @property
    def holds(self) -> int:
        """The number of streams that one worker of Nginx can have open."""
        connections = self.files // FILES_PER_CONNECTION
        return max(connections - OWN_CONNECTIONS, 0) // CONNECTIONS_PER_STREAM


def streams(asked: int, machine: Machine) -> int:
    """The number of streams of the app. 0 asks for what the host can have."""
    return asked or max(LEAST, min(machine.carries, machine.holds, MOST))


def worries(asked: int, machine: Machine) -> list[str]:
    """What the host lacks for the number that is asked for, a sentence each."""
    found = []
    if asked > machine.carries:
        found.append(
            f"streaming_api_streams is {asked}; the memory of this host carries about "
            f"{machine.carries}, at {KIB_PER_STREAM} KiB for each stream and half of the memory."
        )
    if asked > machine.holds:
        found.append(
            f"streaming_api_streams is {asked}; a process of this host may open {machine.files} "
            f"files, so one worker of Nginx surely holds {machine.holds} streams."
        )
    return found


class Setting(NamedTuple):
    """A setting of the kernel. It has its own file, so that a better value of the user's stays."""

    name: str
    value: int

    @property
    def path(self) -> str:
        """The file that sets it at a boot."""
        return f"/etc/sysctl.d/30-streaming_api-{self.name}.conf"

    @property
    def text(self) -> str:
        """The text of that file."""
        return f"{self.name} = {self.value}\n"

    @property
    def assignment(self) -> str:
        """Its path below /proc/sys, and its value."""
        return f"{self.name.replace('.', '/')}={self.value}"


SOMAXCONN = Setting("net.core.somaxconn", BACKLOG)
NOTSENT_LOWAT = Setting("net.ipv4.tcp_notsent_lowat", NOTSENT)
KERNEL = (SOMAXCONN, NOTSENT_LOWAT)


def kernel(machine: Machine, outdated: Sequence[str]) -> list[Setting]:
    """What is worse than streams need, and was not written before.

    ``outdated`` are the paths of the files that the role would write. Where a file is up to date
    and the value is not, the host refused it, or somebody chose another: the role told it once.
    """
    worse = {SOMAXCONN: machine.somaxconn < BACKLOG, NOTSENT_LOWAT: machine.notsent > NOTSENT}
    return [each for each in KERNEL if worse[each] and each.path in outdated]


def nginx_lines(processes: str, claims: Sequence[int], machine: Machine) -> list[dict[str, str]]:
    """Lines of Nginx's main file, each with its block ('' for the top level).

    ``claims`` are the streams of all apps of the host, which share its Nginx. Each worker can have
    all of them, because the kernel does not spread connections evenly.
    """
    connections = CONNECTIONS_PER_STREAM * sum(claims) + OWN_CONNECTIONS
    files = min(FILES_PER_CONNECTION * connections, machine.files)
    connections = min(connections, files)
    return [
        {"line": f"worker_processes {processes};", "block": ""},
        {"line": f"worker_rlimit_nofile {files};", "block": ""},
        {"line": f"worker_connections {connections};", "block": "events"},
        # 64 is too small for the public name of an EC2 host together with another name.
        {"line": "server_names_hash_bucket_size 128;", "block": "http"},
    ]
