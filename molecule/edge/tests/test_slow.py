"""A thousand readers that are slow in four ways, beside streams: nobody else notices them."""

from __future__ import annotations

import contextlib
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from rawclient import NAME, connect, get
from streamclient import LEFT, Reading, Stream
from testhost import Machine
from testinfra.host import Host

STREAMS, EACH = 200, 250
EVERY = 1  # seconds between two events of a stream
# Windows without and with the slow readers take turns, so that what else the machine does is in both.
# A window is shorter than the time after which Nginx closes a slow header.
WINDOWS, LASTS = 3, 6
SETTLE = 1  # second, since a thousand handshakes cost this machine's own CPU
# Seconds; below, it is the scheduling of this machine that is measured, where another scenario runs
# beside this one. A reader that held up the others would cost them its own pace, a second and more.
RESOLUTION = 0.1
# What the machine does to any stream shows at these, of a plain server beside the host.
CONTROLS = 50
CONTROL = f"""
import asyncio, contextlib

async def stream(reader, writer):
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\\r\\n\\r\\n")
        writer.write(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            writer.write(b"data: tick\\n\\n")
            await writer.drain()
            due += {EVERY}
            await asyncio.sleep(due - clock())

async def main():
    server = await asyncio.start_server(stream, "127.0.0.1", 0, backlog={CONTROLS})
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""

HEADER = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nA: "
BODY = f"POST /seen HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 100000\r\n\r\n"
# Much more than all buffers on the way take.
READER = f"GET /api/stream?count=1000&interval=0.1&size=65536 HTTP/1.1\r\nHost: {NAME}\r\n\r\n"
# Bytes that the host may hold for a reader that reads nothing: Nginx's socket, the app's socket.
HOLDS = {"nginx": 256 * 1024, "app": 256 * 1024}

# What each kind sends first and then each second, and whether over TLS.
KINDS: dict[str, tuple[str, bytes, bool]] = {
    "says nothing": ("", b"", False),
    "drips a header": (HEADER, b"a", False),
    "drips a body": (BODY, b"a", True),
    "never reads": (READER, b"", True),
}


class Found(NamedTuple):
    alone: list[float]  # p99 of the delay of an event in each window, in seconds
    beside: list[float]
    control: list[float]  # of the plain server's events, in each window beside the slow readers
    cut: list[str]
    new: list[int]  # statuses of new requests meanwhile
    held: dict[str, list[int]]  # bytes that each socket holds, of Nginx and of the app


def p99(streams: list[Stream], since: float, until: float) -> float:
    """How much later than the event before it, and the interval, an event has come."""
    late = [
        abs(second - first - EVERY)
        for stream in streams
        for first, second in zip(stream.times[1:], stream.times[2:], strict=False)
        if since < first and second < until
    ]
    assert len(late) > len(streams) * (LASTS - 2) / EVERY / 2
    return sorted(late)[len(late) * 99 // 100]


def held(host: Host) -> dict[str, list[int]]:
    """Bytes that the kernel holds for each connection, because nobody takes them."""
    sockets = {
        "nginx": ("ss -tmnOH state established 'sport = :443'", r"skmem:\(.*?,w(\d+)"),
        "app": ("ss -xmnOH state established | grep /run/reference/", r"skmem:\(.*?,t(\d+)"),
    }
    return {
        name: [int(size) for size in re.findall(pattern, host.check_output(command))]
        for name, (command, pattern) in sockets.items()
    }


def full(holding: dict[str, list[int]]) -> dict[str, list[int]]:
    """Those of readers that read nothing."""
    return {
        name: [size for size in holding[name] if size > most / 8] for name, most in HOLDS.items()
    }


def held_in_the_end(host: Host) -> dict[str, list[int]]:
    """A busy app needs some seconds to fill them all."""
    deadline = time.monotonic() + 30
    while True:
        found = held(host)
        if min(map(len, full(found).values())) > EACH / 2 or time.monotonic() > deadline:
            return found
        time.sleep(1)


@contextlib.contextmanager
def plain_server() -> Iterator[str]:
    """Its URL."""
    argv = [sys.executable, "-c", CONTROL]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.kill()


@contextlib.contextmanager
def slow_readers(machine: Machine) -> Iterator[None]:
    """All of them, as long as the block runs. Nginx closes some; they do not come back."""
    jobs = [kind for kind in KINDS.values() for _ in range(EACH)]
    over = threading.Event()

    def begin(kind: tuple[str, bytes, bool]) -> Any:
        first, _, tls = kind
        end = connect(machine.https if tls else machine.http, tls=NAME if tls else None)
        end.sendall(first.encode())
        return end

    def drip(ends: list[Any]) -> None:
        while not over.wait(1):
            for end, (_, piece, _) in zip(ends, jobs, strict=True):
                if piece:
                    with contextlib.suppress(OSError):
                        end.send(piece)

    with ThreadPoolExecutor(8) as pool, contextlib.ExitStack() as stack:
        ends = [stack.enter_context(end) for end in pool.map(begin, jobs)]
        dripping = threading.Thread(target=drip, args=(ends,))
        dripping.start()
        try:
            yield
        finally:
            over.set()
            dripping.join()


@pytest.fixture(scope="module")
def control(machine: Machine) -> Iterator[list[Stream]]:
    if machine.distro != "debian13":
        pytest.skip("one host is enough: all hosts share this machine's CPUs")
    with plain_server() as url:
        yield [Stream(url, timeout=0) for _ in range(CONTROLS)]


@pytest.fixture(scope="module")
def found(machine: Machine, host: Host, control: list[Stream]) -> Found:
    url = f"{machine.https_url}/chunked/stream?count=100000&interval={EVERY}"
    streams = [Stream(url, name=NAME, timeout=0) for _ in range(STREAMS)]
    windows: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    new = []
    with Reading(*streams, *control):
        for beside in [False, True] * WINDOWS:
            with slow_readers(machine) if beside else contextlib.nullcontext():
                time.sleep(SETTLE)
                began = time.monotonic()
                while time.monotonic() < began + LASTS:
                    if beside:
                        new.append(get(machine.https, "/readyz", tls=NAME).status)
                    time.sleep(0.5)
                windows[beside].append((began, time.monotonic()))
                holding = held_in_the_end(host) if beside else {}
    return Found(
        [p99(streams, *window) for window in windows[False]],
        [p99(streams, *window) for window in windows[True]],
        [p99(control, *window) for window in windows[True]],
        [one.ended for one in streams if one.ended != LEFT],
        new,
        holding,
    )


def test_no_stream_is_cut(found: Found) -> None:
    assert found.cut == []


def test_all_new_requests_are_served(found: Found) -> None:
    assert {*found.new} == {200}
    assert len(found.new) > 10


def test_events_are_hardly_later(found: Found) -> None:
    """What the slow readers cost shows in each window; what else the machine does, in some, and it
    shows at the plain server too.
    """
    alone = statistics.median(found.alone)
    print(f"p99 of an event's delay: {alone:.3f} s alone; {found}")
    assert any(
        beside <= 2 * max(alone, control, RESOLUTION)
        for beside, control in zip(found.beside, found.control, strict=True)
    ), found


def test_a_reader_that_reads_nothing_costs_little(found: Found) -> None:
    """However much the app has to say. The kernel would give each 4 MiB by default."""
    for name, sizes in full(found.held).items():
        each = sum(sizes) / 1024 / max(len(sizes), 1)
        print(f"{name}: {len(sizes)} sockets hold {each:.0f} KiB each")
        assert len(sizes) > EACH / 2, found.held[name]
        assert max(sizes) <= HOLDS[name]
