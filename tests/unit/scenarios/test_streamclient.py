"""The scenarios' stream client, against a server that answers well or badly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamclient import CLOSED, COMPLETE, CUT, LEFT, REFUSED, Stream, read, read_all

from tests.reader.faulty_server import EVENTS, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    path: Path = tmp_path_factory.mktemp("server") / "socket"
    with Server(str(path)) as server:
        yield server


@pytest.mark.parametrize(
    ("way", "status", "ended"),
    [
        ("chunked", 200, COMPLETE),
        ("trailers", 200, COMPLETE),
        ("early_hints", 200, COMPLETE),
        ("length", 200, COMPLETE),
        ("close_1_1", 200, CLOSED),
        ("short_length", 200, CUT),
        ("cut_in_a_chunk", 200, CUT),
        ("no_last_chunk", 200, CUT),
        ("reset_in_the_middle", 200, CUT),
        ("no_answer", 0, REFUSED),
        ("half_an_answer", 200, REFUSED),
    ],
)
def test_the_end_of_a_stream(server: Server, way: str, status: int, ended: str) -> None:
    stream = read(f"{server.url}/{way}")
    assert (stream.status, stream.ended) == (status, ended), stream.error
    assert bool(stream.error) is (ended in (CUT, REFUSED))


def test_nobody_listens() -> None:
    stream = read("http://127.0.0.1:1/")
    assert (stream.status, stream.ended) == (0, REFUSED)


def test_each_read_has_its_time(server: Server) -> None:
    stream = read(f"{server.url}/chunked")
    assert stream.body == b"".join(EVENTS)
    assert len(stream.times) == len(EVENTS)
    assert 0 < stream.to_headers <= stream.to_first < stream.to_first + stream.spread
    assert stream.headers["content-type"] == "text/event-stream"
    assert stream.http == "1.1"


def test_a_stream_can_be_left(server: Server) -> None:
    stream = Stream(f"{server.url}/silent")
    read_all([stream], leave=lambda: len(stream.times) == len(EVENTS))
    assert (stream.ended, stream.body) == (LEFT, b"".join(EVENTS))


def test_time_runs_out(server: Server) -> None:
    stream = read(f"{server.url}/silent", timeout=1)
    assert stream.ended == CUT and "timed out" in stream.error


def test_streams_are_read_side_by_side(server: Server) -> None:
    """None of them has an end, and all get their events."""
    streams = [Stream(f"{server.url}/silent") for _ in range(20)]
    read_all(streams, leave=lambda: all(len(one.times) == len(EVENTS) for one in streams))
    assert {(one.ended, one.body) for one in streams} == {(LEFT, b"".join(EVENTS))}
