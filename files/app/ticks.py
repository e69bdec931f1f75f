"""The streamed events: numbered, each with its send time.

Event number N is the same from every worker of every release. So any worker can continue a stream
that another worker began; it only needs `after`.
"""

import time
from collections.abc import AsyncGenerator
from typing import Literal

from pydantic import BaseModel, Field

from lifecycle import lifecycle
from slow import slow_reader

HEARTBEAT = 15.0  # seconds of silence after which many proxies would lose patience


class Wanted(BaseModel):
    """The stream that a client requests."""

    count: int = Field(20, ge=1, le=100_000, description="Number of events before the `end` event")
    interval: float = Field(0.25, ge=0.001, le=60, description="Seconds between two events")
    size: int = Field(0, ge=0, le=65_536, description="Bytes of padding in each event")
    after: int = Field(0, ge=0, description="Resume: the number of the last event received")


class Stamped(BaseModel):
    """A message with its send time, by both clocks of the server."""

    sent_at: float = Field(default_factory=time.time)
    sent_monotonic: float = Field(default_factory=time.monotonic)


class Echo(Stamped):
    """The text of a client."""

    echo: str


class Tick(Stamped):
    """One event.

    `end` is the last event of a stream. `reconnect` says that the server stops before the end; its
    `n` is the number of the event before it: resume from there.
    """

    event: Literal["tick", "end", "reconnect"]
    n: int
    padding: str = ""


async def ticks(wanted: Wanted) -> AsyncGenerator[Tick | None]:
    """Yield events `after` + 1 to `count`, then `end`; and None after each `HEARTBEAT` of silence.

    Each event has its time, counted from the first: a late event does not delay the next ones.
    """
    padding = "." * wanted.size
    n = wanted.after + 1
    with lifecycle.stream():
        due = time.monotonic()
        while n <= wanted.count:
            yield Tick(event="tick", n=n, padding=padding)
            due += wanted.interval
            behind = time.monotonic() - due  # above 0 if the reader took longer than an interval
            if behind > slow_reader.cut_after:
                break
            while behind < -HEARTBEAT and await lifecycle.pause(time.monotonic() + HEARTBEAT):
                yield None
                behind = time.monotonic() - due
            if not await lifecycle.pause(due):
                break
            skipped = slow_reader.skip(behind, wanted.interval)
            due += skipped * wanted.interval
            n += 1 + skipped
        else:
            yield Tick(event="end", n=wanted.count + 1)
            return
        yield Tick(event="reconnect", n=n)
