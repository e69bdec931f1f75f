"""The apps with faults, after the remedies: the same paths, done as the catalogue says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio.to_thread
import blocks
import threads
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from ticks import Wanted, counted, events

SSE = "text/event-stream"
Wait = Callable[[float], Awaitable[object]]


async def in_a_thread(seconds: float) -> None:
    """A blocking call, where it stops nobody else."""
    await run_in_threadpool(time.sleep, seconds)


def app_that_waits(wait: Wait) -> Starlette:
    """The paths of `blocking`, with this in place of its blocking calls."""

    async def steps(wanted: Wanted, work: float = 0) -> AsyncIterator[bytes]:
        with counted():
            yield wanted.hello()
            for pause, make in wanted.steps():
                await (asyncio.sleep if work else wait)(pause)
                await (wait if work else asyncio.sleep)(work)
                yield make()

    async def bare() -> AsyncIterator[bytes]:
        for number in range(15):
            yield f"data: {number}\n\n".encode()
            await wait(0.1)

    async def stream(request: Request) -> Response:
        wanted = Wanted.of(request.url.query)
        return StreamingResponse(steps(wanted), media_type=wanted.content_type)

    async def short(request: Request) -> Response:
        wanted = Wanted.of(request.url.query)
        return StreamingResponse(steps(wanted, 0.005), media_type=wanted.content_type)

    async def without_times(_request: Request) -> Response:
        return StreamingResponse(bare(), media_type=SSE)

    routes = [Route("/stream", stream), Route("/in-turn", stream)]
    return Starlette(routes=[*routes, Route("/short", short), Route("/bare", without_times)])


awaiting = app_that_waits(asyncio.sleep)
threaded = app_that_waits(in_a_thread)


@contextlib.asynccontextmanager
async def enlarging(_app: FastAPI) -> AsyncIterator[None]:
    """Have more threads for synchronous code."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = 200
    yield


pooled = FastAPI(lifespan=enlarging)
pooled.include_router(threads.app.router)


async def unbuffered(request: Request) -> Response:
    """What `blocks` sends, each event as it comes."""
    count, seconds, size = {"/buffer": (200, 0.01, 192), "/relay": (100, 0.03, 25)}[
        request.url.path
    ]
    return StreamingResponse(blocks.tokens(count, seconds, size), media_type=SSE)


each = Starlette(routes=[Route("/buffer", unbuffered), Route("/relay", unbuffered)])


async def telling(wanted: Wanted) -> AsyncIterator[bytes]:
    """Fail as `failing` does, and say so; then the stream ends as all of them do."""
    async for event in events(wanted._replace(count=6)):
        if b'"end"' in event:
            yield wanted.event("error", 7, message="the model is gone")
        yield event


async def told(request: Request) -> Response:
    """The stream, up to its error."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(telling(wanted), media_type=wanted.content_type)


async def told_plainly(_request: Request) -> Response:
    """The same without timestamps."""

    async def plain() -> AsyncIterator[bytes]:
        for number in range(7):
            yield f"data: {number}\n\n".encode()
            await asyncio.sleep(0.05)
        message = json.dumps({"message": "the model is gone"})
        yield f"event: error\ndata: {message}\n\n".encode()

    return StreamingResponse(plain(), media_type=SSE)


open_about_errors = Starlette(routes=[Route("/stream", told), Route("/plain", told_plainly)])
