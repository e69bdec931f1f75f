# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the kernel knows of a TCP connection: its round trip, and the packets that were lost."""

from __future__ import annotations

import contextlib
import socket
import struct

_SIZE = 256  # bytes, more than are read here
# Offsets in Linux's struct tcp_info.
_RESENT = 100  # packets that this side sent again
_ROUND_TRIP = 148  # the shortest, in microseconds
_OUT_OF_ORDER = 224  # packets that came before an earlier one; since Linux 5.4
_UNKNOWN = 0xFFFFFFFF


class Wire:
    """A connection, as far as its kernel has told."""

    def __init__(self) -> None:
        self.round_trip: float | None = None  # seconds
        self.lost = 0  # packets that came late or had to be sent again

    def look(self, file: int | None) -> None:
        """Ask the kernel. Other sockets than TCP, and other kernels, say nothing."""
        option = getattr(socket, "TCP_INFO", None)
        if option is None or file is None:
            return
        with contextlib.suppress(OSError):
            connection = socket.socket(fileno=file)
            try:
                self._take(connection.getsockopt(socket.IPPROTO_TCP, option, _SIZE))
            finally:
                connection.detach()

    def _take(self, info: bytes) -> None:
        trip = _number(info, _ROUND_TRIP)
        if trip not in (0, _UNKNOWN):
            self.round_trip = trip / 1e6
        self.lost = max(self.lost, _number(info, _RESENT) + _number(info, _OUT_OF_ORDER))


def _number(info: bytes, at: int) -> int:
    """A number of four bytes, or 0 where the kernel does not know it."""
    return int(struct.unpack_from("=I", info, at)[0]) if len(info) >= at + 4 else 0
