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
