"""Events that tell when they were sent, as the probe's: what the apps here share."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
FORMATS = {
    "sse": ("text/event-stream", "id: {n}\ndata: {text}\n\n"),
    "ndjson": ("application/x-ndjson", "{text}\n"),
    "text": ("text/plain", "event {text}\n"),
}

open_streams: set[object] = set()


class Wanted(NamedTuple):
    """The query of a stream; times in seconds, `size` in bytes of padding per event."""

    count: int = 50
    interval: float = 0.02
    size: int = 0
    silence: float = 0.0
    hold: float = 0.0
    format: str = "sse"

    @classmethod
    def of(cls, query: str | bytes) -> Wanted:
        """Read a query string."""
        given = parse_qsl(query.decode() if isinstance(query, bytes) else query)
        defaults = cls._field_defaults
        known = ((name, value) for name, value in given if name in defaults)
        return cls(**{name: type(defaults[name])(value) for name, value in known})

    @property
    def content_type(self) -> str:
        """The header of its format."""
        return FORMATS[self.format][0]

    def event(self, name: str, n: int, **more: object) -> bytes:
        """One event, sent now."""
        told = {"event": name, "n": n, "sent_monotonic": time.monotonic(), **more}
        return FORMATS[self.format][1].format(n=n, text=json.dumps(told)).encode()

    def hello(self) -> bytes:
        """The first event: who serves, since when, and how many at this moment."""
        who = {"clock": BOOT, "pid": os.getpid(), "open_streams": len(open_streams)}
        return self.event("hello", 0, opened_monotonic=time.monotonic(), **who)

    def steps(self) -> Iterator[tuple[float, Callable[[], bytes]]]:
        """After the hello: how long to wait, and what then makes the event to send."""
        padding = {"padding": "." * self.size} if self.size else {}
        for n in range(1, self.count + 1):
            wait = self.interval + (self.silence if n == 1 else 0)
            yield wait, partial(self.event, "tick", n, **padding)
        yield self.interval, partial(self.event, "end", self.count + 1)


@contextlib.contextmanager
def counted() -> Iterator[None]:
    """Be one of the open streams."""
    one = object()
    open_streams.add(one)
    try:
        yield
    finally:
        open_streams.discard(one)


async def events(wanted: Wanted) -> AsyncIterator[bytes]:
    """The stream, with pauses that leave the event loop to others."""
    with counted():
        yield wanted.hello()
        for wait, make in wanted.steps():
            await asyncio.sleep(wait)
            yield make()
