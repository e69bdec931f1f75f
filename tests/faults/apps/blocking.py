"""An async generator that waits without await, as many a driver or model does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from ticks import Wanted

app = FastAPI()


async def events(wanted: Wanted, pause: float) -> AsyncIterator[bytes]:
    """The stream; nothing else runs while it waits, unless it pauses after each event."""
    yield wanted.hello()
    for wait, make in wanted.steps():
        time.sleep(wait)  # noqa: ASYNC251
        yield make()
        if pause:
            await asyncio.sleep(pause)


@app.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    """Stream; who comes meanwhile waits until it has ended."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(events(wanted, 0), media_type=wanted.content_type)


@app.get("/in-turn")
async def in_turn(request: Request) -> StreamingResponse:
    """Stream, and let others have a turn after each event."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(events(wanted, 0.001), media_type=wanted.content_type)


async def bare(count: int) -> AsyncIterator[bytes]:
    """Events that do not say when they were sent."""
    for number in range(count):
        yield f"data: {number}\n\n".encode()
        time.sleep(0.1)  # noqa: ASYNC251


@app.get("/bare")
async def without_times() -> StreamingResponse:
    """Stream, as most examples do it."""
    return StreamingResponse(bare(15), media_type="text/event-stream")


async def short(wanted: Wanted) -> AsyncIterator[bytes]:
    """Wait as one should, but compute for 5 ms before each event."""
    yield wanted.hello()
    for wait, make in wanted.steps():
        await asyncio.sleep(wait)
        time.sleep(0.005)  # noqa: ASYNC251
        yield make()


@app.get("/short")
async def in_short_steps(request: Request) -> StreamingResponse:
    """Stream; many at once are slow, each and all alike."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(short(wanted), media_type=wanted.content_type)
