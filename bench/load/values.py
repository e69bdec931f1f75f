"""What a load asks for, and what it found. Times are in seconds."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

NO_EVENT = "no event"  # why nobody knows: the stream still waits


@dataclasses.dataclass(frozen=True)
class Load:
    """Streams to open and to read.

    url: of the stream. Its host name counts for the Host header only if `unix` or `address` is set.
    unix: path of a unix socket to connect to. address: "host:port" to connect to.
    streams: how many. interval: between two events of a stream, as the source sends them.
    seconds: how long to measure, after the last open and `settle`.
    opens_per_second: 0 opens all at once.
    events: a stream has so many and must end by itself; 0: the generator leaves before the end.
    http: "1.1" or "2". per_connection: streams that share a connection of HTTP/2.
    sources: how many client addresses (127.0.0.1, 127.0.0.2 ...) share the streams.
    silent: how many of the streams, the last ones opened, are read no further than their first event.
    accept_encoding: sent if not empty.
    """

    url: str
    streams: int
    unix: str = ""
    address: str = ""
    interval: float = 1.0
    seconds: float = 10.0
    settle: float = 2.0
    opens_per_second: float = 500.0
    events: int = 0
    http: str = "1.1"
    per_connection: int = 1
    sources: int = 1
    silent: int = 0
    accept_encoding: str = ""


@dataclasses.dataclass(frozen=True)
class Spread:
    """A distribution of times: some percentiles, and the largest. NaN for none."""

    p50: float
    p90: float
    p99: float
    p999: float
    max: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Take the smallest value that at least the given share of the values does not exceed."""
        ordered = sorted(values)
        if not ordered:
            return cls(math.nan, math.nan, math.nan, math.nan, math.nan, 0)
        count = len(ordered)
        p50, p90, p99, p999, largest = (
            ordered[math.ceil(share * count) - 1] for share in (0.5, 0.9, 0.99, 0.999, 1)
        )
        return cls(p50, p90, p99, p999, largest, count)


@dataclasses.dataclass(frozen=True)
class Found:
    """What became of a load.

    opened: streams with an event. refused: streams without one, by the reason in `reasons` (an
    HTTP status, or libcurl's message). cut: streams that ended before they should. lost, repeated:
    events whose number was missing, or came again.
    delay: of the events in the window. first: from the scheduled open to the first event. gap: the
    longest time between two arrivals of one stream, in the window. late: streams without any event
    in the last two intervals (and two seconds) of the window.
    events: arrived in the window of `seconds`. cpu: of the generator, in the window.
    lag: how late the generator made an open, at most.
    """

    opened: int
    refused: int
    cut: int
    lost: int
    repeated: int
    late: int
    reasons: Mapping[str, int]
    delay: Spread
    first: Spread
    gap: float
    events: int
    seconds: float
    cpu: float
    lag: float

    @property
    def waiting(self) -> int:
        """Of `refused`, those that nobody refused: no event came, and their connections stand."""
        return self.reasons.get(NO_EVENT, 0)

    @classmethod
    def load(cls, raw: Mapping[str, Any]) -> Found:
        """Read what `dataclasses.asdict` made of one."""
        spreads = {name: Spread(**raw[name]) for name in ("delay", "first")}
        return cls(**{**raw, **spreads})
