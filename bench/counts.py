"""Time what counting the streams adds to a chunk and to an answer, for the same bare ASGI app.

Print a Markdown table; `./dev bench` writes it to docs/. No server: its own time would hide ours.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "roles/streaming_api/files"))

from stream_counts import Counts

ROUNDS = 15
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


async def main() -> None:
    """Alternate between the two, so that both see the same machine."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        counted = Counts(app, directory)
        await seconds(counted, 1, 0)
        assert counted._slot and counted._slot.words, "it does not count"
        print("| | without | counted | added, median (lowest to highest) |")
        print("|---|---|---|---|")
        gc.disable()
        for what, requests, chunks, events in (
            ("a chunk of a stream", 1, CHUNKS, CHUNKS),
            ("a plain answer", ANSWERS, 0, ANSWERS),
            ("a stream of two chunks, from its request to its end", STREAMS, 2, STREAMS),
        ):
            pairs = [
                (await seconds(app, requests, chunks), await seconds(counted, requests, chunks))
                for _ in range(ROUNDS)
            ]
            micro = [[1e6 * each / events for each in pair] for pair in pairs]
            added = sorted(after - before for before, after in micro)
            before, after = (statistics.median(column) for column in zip(*micro, strict=True))
            print(
                f"| {what} | {before:.2f} µs | {after:.2f} µs "
                f"| {statistics.median(added):.2f} µs ({added[0]:.2f} to {added[-1]:.2f}) |"
            )


if __name__ == "__main__":
    asyncio.run(main())
