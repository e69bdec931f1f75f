"""Apps that write in blocks: what they have waits until a block is full."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse

app = FastAPI()


async def tokens(count: int, seconds: float, size: int) -> AsyncIterator[bytes]:
    """Events that do not say when they were sent."""
    for number in range(count):
        yield f"data: {number:0{size}}\n\n".encode()
        await asyncio.sleep(seconds)


async def blocks(source: AsyncIterator[bytes], size: int) -> AsyncIterator[bytes]:
    """The same bytes in blocks of one size, as a buffered writer or a relay passes them on."""
    held = b""
    async for part in source:
        held += part
        while len(held) >= size:
            yield held[:size]
            held = held[size:]
    yield held


@app.get("/buffer")
async def buffer() -> StreamingResponse:
    """A writer's 8 KiB."""
    return StreamingResponse(blocks(tokens(200, 0.01, 192), 8192), media_type="text/event-stream")


@app.get("/relay")
async def relay() -> StreamingResponse:
    """A client that reads what it relays 1024 bytes at a time."""
    return StreamingResponse(blocks(tokens(100, 0.03, 25), 1024), media_type="text/event-stream")
