"""A FastAPI app whose streams behave in every way. test_counts.py runs it in Gunicorn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.types import Receive, Scope, Send

app = FastAPI()


@app.get("/plain")
async def plain() -> dict[str, str]:
    return {"a": "b"}


@app.get("/stream")
async def stream(count: int = 3, interval: float = 0.02) -> StreamingResponse:
    async def events() -> AsyncIterator[bytes]:
        for n in range(count):
            await asyncio.sleep(interval)
            yield b"%d\n" % n

    return StreamingResponse(events())


@app.get("/late")
async def late() -> StreamingResponse:
    """The headers at once, and never a chunk."""

    async def events() -> AsyncIterator[bytes]:
        await asyncio.sleep(600)
        yield b""

    return StreamingResponse(events())


@app.get("/fails")
async def fails() -> StreamingResponse:
    async def events() -> AsyncIterator[bytes]:
        yield b"1\n"
        await asyncio.sleep(0.02)
        raise RuntimeError("in the stream")

    return StreamingResponse(events())


@app.get("/fails-first")
async def fails_first() -> None:
    raise RuntimeError("before the answer")


async def deaf(_scope: Scope, _receive: Receive, send: Send) -> None:
    """A stream of half a second that does not care whether anybody reads."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for n in range(10):
        await send({"type": "http.response.body", "body": b"%d\n" % n, "more_body": True})
        await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b""})


class Passes(BaseHTTPMiddleware):
    async def dispatch(self, request: Any, call_next: Any) -> Any:
        return await call_next(request)


app.mount("/deaf", deaf)
behind = FastAPI()
behind.add_middleware(Passes)
behind.add_api_route("/stream", stream)
app.mount("/behind", behind)
