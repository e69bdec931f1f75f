"""Readers that are slower than their stream, on a real server."""

import time
from pathlib import Path

import httpx
import pytest
from rig import Server, running, wait_until

from slow import SlowReader

HEAVY = {"interval": 0.005, "size": 65_536}  # the buffers hold a few of these events
HTTP = ["sse", "ndjson", "text"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("", SlowReader()),
        ("wait", SlowReader()),
        ("drop", SlowReader(drop=True)),
        ("cut:5", SlowReader(cut_after=5)),
        ("cut:0.5", SlowReader(cut_after=0.5)),
    ],
)
def test_choices(choice: str, expected: SlowReader) -> None:
    assert SlowReader.parse(choice) == expected


@pytest.mark.parametrize("choice", ["never", "cut", "cut:", "cut:0", "cut:-1", "cut:x", "drop:1"])
def test_no_choices(choice: str) -> None:
    with pytest.raises(ValueError, match="allowed: wait, drop, cut:SECONDS"):
        SlowReader.parse(choice)


@pytest.mark.parametrize(
    ("drop", "behind", "skipped"),
    [(False, 5, 0), (True, -0.5, 0), (True, 0, 0), (True, 0.9, 0), (True, 1, 1), (True, 5.5, 5)],
)
def test_overdue_events_are_skipped(drop: bool, behind: float, skipped: int) -> None:
    assert SlowReader(drop=drop).skip(behind, interval=1) == skipped


@pytest.mark.parametrize("transport", HTTP)
def test_wait_loses_nothing(server: Server, transport: str) -> None:
    stream = server.listen(transport, count=100, **HEAVY)
    next(stream)
    time.sleep(1)
    assert [seen.n for seen in stream] == [*range(2, 102)]


@pytest.mark.parametrize("transport", [*HTTP, "ws"])
def test_drop_skips_what_is_overdue(transport: str) -> None:
    with running(APP_SLOW_READER="drop") as server:
        stream = server.listen(transport, count=400, **HEAVY)
        next(stream)
        time.sleep(1)  # 200 events
        *ticks, end = stream
    numbers = [tick.n for tick in ticks]
    assert numbers == sorted(set(numbers))
    assert len(numbers) < 300
    assert (end.event, end.n) == ("end", 401)


@pytest.mark.parametrize("transport", HTTP)
def test_cut_tells_a_reader_that_still_reads_to_come_back(transport: str) -> None:
    with running(APP_SLOW_READER="cut:0.5") as server:
        numbers = []
        for seen in server.listen(transport, count=400, **HEAVY):
            time.sleep(0.05)
            numbers.append(seen.n)
    assert seen.event == "reconnect"
    assert numbers == [*range(1, len(numbers)), len(numbers) - 1]  # the last one names its event


@pytest.mark.parametrize("transport", HTTP)
def test_cut_ends_the_stream_of_a_reader_that_reads_nothing(transport: str) -> None:
    with running(APP_SLOW_READER="cut:0.5") as server:
        stream = server.listen(transport, count=100_000, **HEAVY)
        next(stream)
        wait_until(lambda: server.open_streams() == 0)  # nobody has read since
        with pytest.raises(httpx.RemoteProtocolError):  # an end that says: incomplete
            list(stream)


def test_a_reader_in_time_is_not_cut() -> None:
    with running(APP_SLOW_READER="cut:0.5") as server:
        assert [seen.n for seen in server.listen("sse", count=4, interval=0.4)] == [*range(1, 6)]


def test_memory_of_slow_streams_is_bounded() -> None:
    count = 40

    def memory(server: Server) -> int:
        """Return the bytes of the process alone."""
        rollup = Path(f"/proc/{server.process.pid}/smaps_rollup").read_text()
        return 1024 * sum(
            int(line.split()[1]) for line in rollup.splitlines() if "Private_" in line
        )

    with running() as server:
        next(server.listen("sse"))
        wait_until(lambda: server.open_streams() == 0)
        before = memory(server)
        streams = [server.listen("ndjson", count=100_000, **HEAVY) for _ in range(count)]
        for stream in streams:
            next(stream)
        time.sleep(2)  # without the bound, 400 events for each: 25 MiB
        held = (memory(server) - before) / count
        del stream, streams  # closes the connections
    # The server stops at 64 KiB and the event that exceeds them; one more event is in the app.
    assert held < 4 * 65_536
