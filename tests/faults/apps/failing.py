"""Apps whose streams break off by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from ticks import Wanted, events

app = FastAPI()


async def failing(wanted: Wanted) -> AsyncIterator[bytes]:
    """Have a bug that shows at the seventh event."""
    number = 0
    async for event in events(wanted):
        number += 1
        if number > 7:
            raise RuntimeError("the model is gone")
        yield event


async def plain(count: int) -> AsyncIterator[bytes]:
    """Events that do not say when they were sent, then an error."""
    for number in range(count):
        yield f"data: {number}\n\n".encode()
        await asyncio.sleep(0.05)
    raise RuntimeError("the model is gone")


@app.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    """Stream, and fail."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(failing(wanted), media_type=wanted.content_type)


@app.get("/plain")
async def bare() -> StreamingResponse:
    """The same without timestamps."""
    return StreamingResponse(plain(7), media_type="text/event-stream")
