"""A network between the reader and the outermost server: round trip, loss, and a NAT that forgets.

It is a tun device. The kernel sends into it what goes to the far address, and gets it back with
source and destination swapped, so that it reaches the server here. Checksums stay valid.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import select
import socket
import struct
import sys
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

DEVICE = Path("/dev/net/tun")
SET_NAME, SET_ADDRESS, SET_MASK, SET_FLAGS = 0x400454CA, 0x8916, 0x891C, 0x8914
TUN_WITHOUT_HEADER = 0x0001 | 0x1000
UP_AND_RUNNING = 0x0001 | 0x0040
LARGEST = 65536  # bytes of a packet


class Network(NamedTuple):
    """What happens to packets: seconds of a round trip, the share that is lost, and the seconds of
    silence after which a flow's packets are dropped without a word (0: never).
    """

    round_trip: float = 0.05
    loss: float = 0.0
    forgets: float = 0.0

    @staticmethod
    def missing() -> str:
        """Why there can be none on this machine, or nothing."""
        if os.geteuid():
            return "a tun device needs root"
        return "" if DEVICE.exists() else f"there is no {DEVICE}"

    @property
    def near(self) -> str:
        """The address of this machine, where the server listens; one for each process of tests."""
        return f"{_net()}.1"

    @property
    def far(self) -> str:
        """The address that the reader asks."""
        return f"{_net()}.2"

    def argv(self) -> list[str]:
        """The command."""
        return [sys.executable, __file__, self.near, *map(str, self)]


def _net() -> str:
    return f"10.{100 + os.getpid() // 250 % 100}.{os.getpid() % 250 + 1}"


def opened(address: str) -> int:
    """A tun device with this address, as a file."""
    file = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK)
    name = "lab" + "-".join(address.split(".")[1:3])
    asked = struct.pack("16sH22x", name.encode(), TUN_WITHOUT_HEADER)
    fcntl.ioctl(file, SET_NAME, asked)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        for what, value in ((SET_ADDRESS, address), (SET_MASK, "255.255.255.0")):
            inet = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
            fcntl.ioctl(one, what, struct.pack("16s16s", name.encode(), inet))
        fcntl.ioctl(one, SET_FLAGS, struct.pack("16sH14x", name.encode(), UP_AND_RUNNING))
    return file


def carry(file: int, network: Network) -> None:
    """Pass packets on, for ever."""
    on_the_way: deque[tuple[float, bytes]] = deque()
    seen: dict[bytes, float] = {}  # flow: its last packet
    while True:
        wait = max(0.0, on_the_way[0][0] - time.monotonic()) if on_the_way else None
        if select.select([file], [], [], wait)[0]:
            packet = os.read(file, LARGEST)
            now = time.monotonic()
            if network.forgets:
                flow = bytes(sorted(packet[20:24]))  # both ports, in any order
                last = seen.get(flow, now)
                seen[flow] = last if now - last > network.forgets else now
            lost = random.random() < network.loss  # noqa: S311
            forgotten = network.forgets and seen[flow] != now
            if packet[0] >> 4 == 4 and not lost and not forgotten:
                swapped = packet[:12] + packet[16:20] + packet[12:16] + packet[20:]
                on_the_way.append((now + network.round_trip / 2, swapped))
        while on_the_way and on_the_way[0][0] <= time.monotonic():
            with contextlib.suppress(OSError):
                os.write(file, on_the_way.popleft()[1])


if __name__ == "__main__":
    carry(opened(sys.argv[1]), Network(*map(float, sys.argv[2:])))
