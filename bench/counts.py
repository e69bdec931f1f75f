"""Time what counting the streams adds to a chunk and to an answer, for the same bare ASGI app.

No server: its own time would hide ours.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import statistics
import tempfile
import time
from typing import Any

from roles.streaming_api.files.stream_counts import Counts

from .table import keep, markdown, spread

CHUNKS = 20_000  # of the long stream
ANSWERS = 5_000
STREAMS = 5_000  # of two chunks

START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"a/b")]}
WHOLE = {**START, "headers": [(b"content-type", b"a/b"), (b"content-length", b"1")]}
CHUNK = {"type": "http.response.body", "body": b"x", "more_body": True}
LAST = {"type": "http.response.body", "body": b"x"}


async def app(scope: Any, _receive: Any, send: Any) -> None:
    """A stream of as many chunks as asked; a plain answer for none."""
    if not scope["chunks"]:
        await send(WHOLE)
        await send(LAST)
        return
    await send(START)
    for _ in range(scope["chunks"] - 1):
        await send(CHUNK)
    await send(LAST)


async def receive() -> Any:
    """Nothing is asked of it."""


async def send(_message: Any) -> None:
    """Send nothing."""


async def seconds(server: Any, requests: int, chunks: int) -> float:
    """How long so many requests take."""
    scope = {"type": "http", "method": "GET", "chunks": chunks}
    began = time.perf_counter()
    for _ in range(requests):
        await server(scope, receive, send)
    return time.perf_counter() - began


WHAT = (
    # what, requests, chunks of each, events that the time is divided by
    ("a chunk of a stream", 1, CHUNKS, CHUNKS),
    ("a plain answer", ANSWERS, 0, ANSWERS),
    ("a stream of two chunks, from its request to its end", STREAMS, 2, STREAMS),
)


async def compare(rounds: int) -> list[dict[str, Any]]:
    """Alternate between the two, so that both see the same machine. Times in microseconds."""
    found = []
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        counted = Counts(app, directory)
        await seconds(counted, 1, 0)
        assert counted._slot and counted._slot.words, "it does not count"
        gc.disable()
        for what, requests, chunks, events in WHAT:
            for _ in range(rounds):
                without = await seconds(app, requests, chunks)
                with_counts = await seconds(counted, requests, chunks)
                micro = {"without": 1e6 * without / events, "counted": 1e6 * with_counts / events}
                found.append({"what": what, **micro})
    return found


def table(raw: dict[str, Any]) -> str:
    """Medians, and in brackets the lowest and the highest."""
    rows = []
    for what, *_ in WHAT:
        rounds = [each for each in raw["rounds"] if each["what"] == what]
        cells = [[each[name] for each in rounds] for name in ("without", "counted")]
        added = [each["counted"] - each["without"] for each in rounds]
        rows.append((what, *(f"{statistics.median(cell):.2f}" for cell in cells), spread(added)))
    head = ("microseconds", "without", "counted", "added")
    return (
        "A bare ASGI app that sends to nobody, with and without `stream_counts.py` around it.\n\n"
        + markdown(head, rows)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--short", action="store_true", help="three rounds")
    options = parser.parse_args()
    rounds = asyncio.run(compare(3 if options.short else options.rounds))
    print(table(keep("counts", rounds, short=options.short)))


if __name__ == "__main__":
    main()
