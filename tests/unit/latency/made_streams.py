"""Streams made of figures, as a reader would have seen them."""

from __future__ import annotations

from typing import Any

from plugins.module_utils.latency.measurement import Measurement, Pass
from plugins.module_utils.latency.timeline import Event, Timeline

CHUNKED = (("content-type", "text/event-stream"), ("transfer-encoding", "chunked"))
GZIPPED = (*CHUNKED, ("content-encoding", "gzip"))
TO_THE_END = (("content-type", "text/event-stream"), ("connection", "close"))


def stream(
    late: list[float] | float = 0.0002,
    *,
    count: int = 50,
    every: float = 0.02,
    began: float = 1000.0,
    same_clock: bool = True,
    stamped: bool = True,
    hold: float = 0.0,
    **others: Any,
) -> Timeline:
    """A stream whose event number N comes `late[N]` seconds after it was sent."""
    lateness = late if isinstance(late, list) else [late] * count
    sent = [began + 0.001 + hold + n * every for n in range(count)]
    came = [at + by - began for at, by in zip(sent, lateness, strict=True)]
    events = tuple(
        Event(at, 60, then if stamped else None, str(n))
        for n, (at, then) in enumerate(zip(came, sent, strict=True))
    )
    made = {
        "events": events,
        "reads": tuple((at, 60) for at in sorted(set(came))),
        "headers": CHUNKED,
        "status": 200,
        "http": "1.1",
        "format": "sse",
        "connected": 0.0002,
        "headers_at": 0.002,
        "ended_at": came[-1] + 0.0001,
        "size": 60 * count,
        "last_at": came[-1],
        "longest_silence": every,
        "finished": True,
        "reader_clock": "one",
        "server_clock": ("one" if same_clock else "another") if stamped else "",
        "opened": began + 0.001 if stamped else None,
    }
    return Timeline(began, **{**made, **others})


def endless() -> Timeline:
    """A stream that the reader leaves after ten seconds."""
    return stream(count=500, ended="limit", finished=False, ended_at=10.0)


def nothing(ended: str, **others: Any) -> Timeline:
    """A stream of which nothing has come in ten seconds."""
    known = {"ended": ended, "ended_at": 10.0, "http": "1.1", "status": 200 if others else 0}
    return Timeline(1000.0, **{**known, **others})


def in_the_end(**others: Any) -> Timeline:
    """A stream that comes in one piece when its last event has been sent."""
    count, every = others.get("count", 50), others.get("every", 0.02)
    return stream([(count - 1 - n) * every for n in range(count)], **others)


def in_lumps(of: int = 10, **others: Any) -> Timeline:
    """A stream of which so many events come together."""
    count, every = others.get("count", 50), others.get("every", 0.02)
    return stream([(of - 1 - n % of) * every for n in range(count)], **others)


def cut(after: int = 20, silence: float = 0.0, **others: Any) -> Timeline:
    """A stream that ends after so many events."""
    whole = stream(**others)
    at = whole.events[after - 1].arrived
    return whole._replace(
        events=whole.events[:after],
        reads=whole.reads[:after],
        last_at=at,
        ended="reset",
        ended_at=at + silence,
        finished=False,
    )


def refused(status: int = 0, error: str = "", **others: Any) -> Timeline:
    """No stream at all."""
    ended = "complete" if status else "refused"
    return Timeline(1000.0, status=status, error=error, ended=ended, http="1.1", **others)


def layer(name: str, **passes: Timeline | list[Timeline]) -> Measurement:
    """A layer by its passes."""
    found = {
        key: Pass(tuple(value) if isinstance(value, list) else (value,))
        for key, value in passes.items()
    }
    return Measurement(name, found, url="https://api.example.com/api/stream")


def with_pass(measured: Measurement, name: str, **facts: Any) -> Measurement:
    """The same layer, with other facts of one pass."""
    changed = measured.passes[name]._replace(**facts)
    return measured._replace(passes={**measured.passes, name: changed})


SOCKET = layer("gunicorn", identity=stream(), gzip=stream())
