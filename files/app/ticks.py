"""What is streamed: numbered events, each with the time at which it was sent.

Event number N is the same whoever sends it, so any worker of any release can continue a stream
that another one began: `after` is all that it needs to know.
"""

import time
from collections.abc import AsyncGenerator
from typing import Literal

from pydantic import BaseModel, Field

from lifecycle import lifecycle


class Wanted(BaseModel):
    """The stream that a client asks for."""

    count: int = Field(20, ge=1, le=100_000, description="Events, before the `end` event")
    interval: float = Field(0.25, ge=0.001, le=60, description="Seconds between two events")
    size: int = Field(0, ge=0, le=65_536, description="Bytes of padding in each event")
    after: int = Field(0, ge=0, description="Resume: the number of the last event received")


class Stamped(BaseModel):
    """A message that says when it was sent, by both of the server's clocks."""

    sent_at: float = Field(default_factory=time.time)
    sent_monotonic: float = Field(default_factory=time.monotonic)


class Echo(Stamped):
    """What a client said."""

    echo: str


class Tick(Stamped):
    """One event.

    `end` is the last one of a stream. `reconnect` says that the server goes away before the end;
    its `n` is that of the event before it, which is where to resume.
    """

    event: Literal["tick", "end", "reconnect"]
    n: int
    padding: str = ""


async def ticks(wanted: Wanted) -> AsyncGenerator[Tick]:
    """Yield events `after` + 1 to `count`, then `end`, one per interval."""
    padding = "." * wanted.size
    with lifecycle.stream():
        for n in range(wanted.after + 1, wanted.count + 1):
            yield Tick(event="tick", n=n, padding=padding)
            if not await lifecycle.pause(wanted.interval):
                yield Tick(event="reconnect", n=n)
                return
        yield Tick(event="end", n=wanted.count + 1)
