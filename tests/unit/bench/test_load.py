"""The load generator against a source of ours: every number checked, every delay from its schedule."""

from __future__ import annotations

import dataclasses
import gc
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.load import Found, Load, Spread
from bench.load.generate import generate, summary
from bench.load.stream import Stream, Window

START = 100.0  # when the source began its first event, by the monotonic clock


@pytest.fixture(autouse=True)
def collections() -> Iterator[None]:
    """The generator ends without the garbage collector; here other tests come after it."""
    yield
    gc.enable()


def event(n: int, sent: float = START) -> bytes:
    return b'data: {"sent_monotonic":%.3f,"event":"tick","n":%d}\n\n' % (sent, n)


def stream() -> tuple[Stream, Window]:
    window = Window()
    window.begin = 0.0
    return Stream(window, due=START - 0.5, interval=1.0), window


def test_delays_count_from_the_schedule_not_from_the_event_before() -> None:
    one, window = stream()
    for n, now in ((1, 100.1), (2, 103.0), (3, 103.0)):  # two came together, 2 s and 1 s late
        one.read(now, event(n, now))
    assert list(window.delays) == pytest.approx([0.0, 1.9, 0.9], abs=0.11)
    assert list(window.firsts) == pytest.approx([0.6])
    assert one.gap == pytest.approx(100.1) or one.gap > 2


@pytest.mark.parametrize(
    ("numbers", "lost", "repeated"),
    [((1, 2, 3), 0, 0), ((1, 4), 2, 0), ((1, 2, 2, 3), 0, 1), ((7, 8), 0, 0), ((1, 3, 2), 1, 1)],
)
def test_each_number_is_checked(numbers: tuple[int, ...], lost: int, repeated: int) -> None:
    one, _ = stream()
    for n in numbers:
        one.read(START, event(n))
    assert (one.lost, one.repeated) == (lost, repeated)


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_an_event_may_arrive_in_parts(size: int) -> None:
    one, window = stream()
    text = b"".join(event(n) for n in range(1, 6))
    for at in range(0, len(text), size):
        one.read(START, text[at : at + size])
    assert one.n == 5 and one.lost == 0 and len(window.delays) == 5


def test_what_counts_as_cut_late_and_refused() -> None:
    load = Load("http://x/", streams=5)
    streams = [Stream(Window(), 0.0, 1.0) for _ in range(5)]
    for each in streams[:4]:
        each.n, each.last = 3, 100.0
    streams[0].ended = True  # it should go on
    streams[1].last = 50.0  # silent for long
    streams[4].ended, streams[4].why = True, "503"
    found = summary(load, streams, Window(), 101.0, cpu=0.0, lag=0.0)
    assert (found.opened, found.cut, found.late, found.refused) == (4, 1, 1, 1)
    assert found.reasons == {"503": 1}


def test_spread() -> None:
    found = Spread.of(range(1, 1001))
    assert (found.p50, found.p99, found.p999, found.max, found.count) == (500, 990, 999, 1000, 1000)
    assert math.isnan(Spread.of([]).p99)


Serve = Callable[[socket.socket, int], None]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Callable[[Serve], Load]]:
    """Serve each connection by a function of the test; return a load of it."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    listening.listen(64)

    def begin(serve: Serve) -> Load:
        def accept() -> None:
            number = 0
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.recv(8192)
                threading.Thread(target=serve, args=(connection, number), daemon=True).start()
                number += 1

        threading.Thread(target=accept, daemon=True).start()
        return Load(
            "http://bench/", streams=8, unix=str(tmp_path / "socket"), interval=0.1, seconds=1.0,
            settle=0.2, opens_per_second=100,
        )  # fmt: skip

    yield begin
    listening.close()


def ticks(connection: socket.socket, *, stop_after: int = 100, hold: float = 0.0) -> None:
    """Ten events a second, with a pause before the eighth."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    began = time.monotonic()
    try:
        for n in range(1, stop_after + 1):
            time.sleep(max(0.0, began + (n - 1) * 0.1 - time.monotonic()))
            if n == 8:
                time.sleep(hold)
            connection.sendall(event(n, time.monotonic()))
    except OSError:
        pass
    connection.close()


def run(load: Load) -> Found:
    return generate(load)


def test_a_healthy_load(serving: Callable[[Serve], Load]) -> None:
    found = run(serving(lambda connection, _: ticks(connection)))
    assert (found.opened, found.refused, found.cut, found.lost, found.late) == (8, 0, 0, 0, 0)
    assert 8 * 5 <= found.events <= 8 * 20 and found.delay.p50 < 0.05


def test_streams_that_end_early_and_a_refusal_are_seen(serving: Callable[[Serve], Load]) -> None:
    def serve(connection: socket.socket, number: int) -> None:
        if number == 0:
            connection.sendall(b"HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n")
            connection.close()
        else:
            ticks(connection, stop_after=3 if number == 1 else 100)

    found = run(serving(serve))
    assert (found.opened, found.refused, found.cut) == (7, 1, 1)
    assert any("503" in why for why in found.reasons)


def test_a_pause_of_the_source_shows_as_delay_of_all_its_events(
    serving: Callable[[Serve], Load],
) -> None:
    load = serving(lambda connection, _: ticks(connection, hold=1.5))
    found = run(dataclasses.replace(load, seconds=2.6))
    assert found.delay.max > 0.5 and found.delay.p50 > 0.05 and found.gap > 0.5
