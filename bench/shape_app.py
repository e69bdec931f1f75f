"""One stream in many shapes: what FastAPI, Starlette and plain ASGI take for the same events.

`/SHAPE?count=&interval=` sends event n at start + (n - 1) * interval. `bench/shapes.py` measures.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel


class Event(BaseModel):
    """What is sent, as a model."""

    n: int
    sent_monotonic: float


def as_model(n: int) -> Event:
    """As a model."""
    return Event(n=n, sent_monotonic=time.monotonic())


def as_dict(n: int) -> dict[str, Any]:
    """As a dict."""
    return {"n": n, "sent_monotonic": time.monotonic()}


def as_text(n: int) -> str:
    """As JSON, by hand."""
    return f'{{"n": {n}, "sent_monotonic": {time.monotonic()}}}'


def framed(data: str) -> bytes:
    """One server-sent event."""
    return f"data: {data}\n\n".encode()


async def each_sleeps(count: int, interval: float) -> AsyncIterator[int]:
    """Number the events; each stream has its own timer."""
    start = asyncio.get_running_loop().time()
    for n in range(count):
        await asyncio.sleep(start + n * interval - asyncio.get_running_loop().time())
        yield n + 1


class SharedTimer:
    """One timer of the event loop for all streams that are due in the same millisecond."""

    def __init__(self) -> None:
        self._due: dict[int, list[asyncio.Future[None]]] = {}

    def until(self, when: float) -> asyncio.Future[None]:
        """Wait until this time of the event loop."""
        loop = asyncio.get_running_loop()
        due = math.ceil(when * 1000)
        if due not in self._due:
            self._due[due] = []
            loop.call_at(due / 1000, self._wake, due)
        future = loop.create_future()
        self._due[due].append(future)
        return future

    def _wake(self, due: int) -> None:
        for future in self._due.pop(due):
            if not future.done():  # its stream has been cancelled
                future.set_result(None)


timer = SharedTimer()


async def one_timer(count: int, interval: float) -> AsyncIterator[int]:
    """Number the events; all streams share timers."""
    start = asyncio.get_running_loop().time()
    for n in range(count):
        await timer.until(start + n * interval)
        yield n + 1


class Broadcast:
    """The same event for all streams: made and encoded once per interval."""

    def __init__(self, interval: float) -> None:
        self._coming: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._send(interval))

    async def _send(self, interval: float) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        n = 0
        while True:
            n += 1
            await asyncio.sleep(start + n * interval - loop.time())
            now, self._coming = self._coming, loop.create_future()
            now.set_result(framed(as_text(n)))

    async def next(self) -> bytes:
        """Wait for the event to come. The cancelled reader must not cancel the event."""
        return await asyncio.shield(self._coming)


broadcasts: dict[float, Broadcast] = {}


async def fan_out(count: int, interval: float) -> AsyncIterator[bytes]:
    """What all others get, too."""
    if interval not in broadcasts:
        broadcasts[interval] = Broadcast(interval)
    for _ in range(count):
        yield await broadcasts[interval].next()


web = FastAPI()


@web.get("/sse-model", response_class=EventSourceResponse)
async def sse_model(count: int, interval: float) -> AsyncIterator[ServerSentEvent]:
    async for n in each_sleeps(count, interval):
        yield ServerSentEvent(data=as_model(n))


@web.get("/sse-typed", response_class=EventSourceResponse)
async def sse_typed(count: int, interval: float) -> AsyncIterator[Event]:
    async for n in each_sleeps(count, interval):
        yield as_model(n)


@web.get("/sse-dict", response_class=EventSourceResponse)
async def sse_dict(count: int, interval: float) -> AsyncIterator[ServerSentEvent]:
    async for n in each_sleeps(count, interval):
        yield ServerSentEvent(data=as_dict(n))


@web.get("/sse-text", response_class=EventSourceResponse)
async def sse_text(count: int, interval: float) -> AsyncIterator[ServerSentEvent]:
    async for n in each_sleeps(count, interval):
        yield ServerSentEvent(raw_data=as_text(n))


@web.get("/lines-model")
async def lines_model(count: int, interval: float) -> AsyncIterator[Event]:
    async for n in each_sleeps(count, interval):
        yield as_model(n)


@web.get("/lines-dict")
async def lines_dict(count: int, interval: float) -> AsyncIterator[dict[str, Any]]:
    async for n in each_sleeps(count, interval):
        yield as_dict(n)


@web.get("/generator-text", response_class=StreamingResponse)
async def generator_text(count: int, interval: float) -> AsyncIterator[bytes]:
    async for n in each_sleeps(count, interval):
        yield framed(as_text(n))


Encode = Callable[[int], str]
ENCODE: dict[str, Encode] = {
    "model": lambda n: as_model(n).model_dump_json(),
    "dict": lambda n: json.dumps(as_dict(n)),
    "text": as_text,
}


async def encoded(numbers: AsyncIterator[int], encode: Encode) -> AsyncIterator[bytes]:
    async for n in numbers:
        yield framed(encode(n))


def returned(chunks: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(chunks, media_type="text/event-stream")


@web.get("/response-shared-timer")
async def response_shared(count: int, interval: float) -> StreamingResponse:
    return returned(encoded(one_timer(count, interval), as_text))


@web.get("/response-fan-out")
async def response_fan_out(count: int, interval: float) -> StreamingResponse:
    return returned(fan_out(count, interval))


@web.get("/response-{kind}")
async def response(kind: str, count: int, interval: float) -> StreamingResponse:
    return returned(encoded(each_sleeps(count, interval), ENCODE[kind]))


async def late(count: int, interval: float) -> AsyncIterator[bytes]:
    """The headers go out an interval before the first chunk."""
    await asyncio.sleep(interval)
    yield framed(as_text(count))


PLAIN: dict[str, Callable[[int, float], AsyncIterator[bytes]]] = {
    "/asgi": lambda count, interval: encoded(each_sleeps(count, interval), as_text),
    "/asgi-shared-timer": lambda count, interval: encoded(one_timer(count, interval), as_text),
    "/asgi-fan-out": fan_out,
    "/asgi-late": late,
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The shapes of plain ASGI, and FastAPI for the others."""
    if scope["type"] == "http" and scope["path"] in PLAIN:
        query = dict(pair.split("=") for pair in scope["query_string"].decode().split("&"))
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        chunks = PLAIN[scope["path"]](int(query["count"]), float(query["interval"]))
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    await web(scope, receive, send)
