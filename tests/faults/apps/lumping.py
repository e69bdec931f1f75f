"""Apps that send their events later than they made them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware
from ticks import Wanted, events

app = FastAPI()
collecting = FastAPI()


async def batches(wanted: Wanted, size: int) -> AsyncIterator[bytes]:
    """So many at a time."""
    held: list[bytes] = []
    async for event in events(wanted):
        held.append(event)
        if len(held) == size:
            yield b"".join(held)
            held.clear()
    yield b"".join(held)


@app.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    """Send ten at a time, "for efficiency"."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(batches(wanted, 10), media_type=wanted.content_type)


@app.get("/hang")
async def hang() -> None:
    """Wait for something that never comes."""
    await asyncio.sleep(3600)


@collecting.get("/stream")
async def good(request: Request) -> StreamingResponse:
    """Stream as one should."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(events(wanted), media_type=wanted.content_type)


async def sign(
    request: Request, call_next: Callable[[Request], Awaitable[StreamingResponse]]
) -> Response:
    """Read the whole body, as a middleware does that logs, signs or wraps it."""
    answer = await call_next(request)
    body = b"".join([part async for part in answer.body_iterator])  # type: ignore[misc]
    return Response(body, answer.status_code, dict(answer.headers))


collecting.add_middleware(BaseHTTPMiddleware, dispatch=sign)
