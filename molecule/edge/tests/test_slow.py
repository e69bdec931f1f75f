"""A thousand readers that are slow in four ways, beside streams: nobody else notices them."""

from __future__ import annotations

import contextlib
import re
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from rawclient import NAME, connect, get
from streamclient import LEFT, Stream, read_all
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

HEADER = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nA: "
BODY = f"POST /seen HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 100000\r\n\r\n"
# Much more than all buffers on the way take.
READER = f"GET /api/stream?count=1000&interval=0.1&size=65536 HTTP/1.1\r\nHost: {NAME}\r\n\r\n"
# Bytes that the host may hold for a reader that reads nothing: Nginx's socket, the app's socket.
NGINX_HOLDS, APP_HOLDS = 256 * 1024, 256 * 1024

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
    assert len(late) > STREAMS * (LASTS - 2) / EVERY / 2
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
def found(machine: Machine, host: Host) -> Found:
    if machine.distro != "debian13":
        pytest.skip("one host is enough: all hosts share this machine's CPUs")
    url = f"{machine.https_url}/chunked/stream?count=100000&interval={EVERY}"
    streams = [Stream(url, name=NAME, timeout=0) for _ in range(STREAMS)]
    over = threading.Event()
    reading = threading.Thread(target=read_all, args=(streams, over.is_set))
    reading.start()
    try:
        deadline = time.monotonic() + 30
        while not all(len(one.times) > 2 for one in streams):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        windows: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        new = []
        for beside in [False, True] * WINDOWS:
            with slow_readers(machine) if beside else contextlib.nullcontext():
                time.sleep(SETTLE)
                began = time.monotonic()
                while time.monotonic() < began + LASTS:
                    if beside:
                        new.append(get(machine.https, "/readyz", tls=NAME).status)
                    time.sleep(0.5)
                windows[beside].append((began, time.monotonic()))
                holding = held(host) if beside else {}
    finally:
        over.set()
        reading.join()
    return Found(
        [p99(streams, *window) for window in windows[False]],
        [p99(streams, *window) for window in windows[True]],
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
    """What the slow readers cost shows in each window; what else the machine does, in some."""
    alone, beside = statistics.median(found.alone), min(found.beside)
    print(f"p99 of an event's delay: {alone:.3f} s alone, {beside:.3f} s beside; {found}")
    assert beside <= 2 * max(alone, RESOLUTION), found


def test_a_reader_that_reads_nothing_costs_little(found: Found) -> None:
    """However much the app has to say. The kernel would give each 4 MiB by default."""
    for name, most in (("nginx", NGINX_HOLDS), ("app", APP_HOLDS)):
        full = [size for size in found.held[name] if size > most / 8]
        print(
            f"{name}: {len(full)} sockets hold {sum(full) / 1024 / max(len(full), 1):.0f} KiB each"
        )
        assert len(full) > EACH / 2, found.held[name]
        assert max(full) <= most
