"""What users write: tokens, words, lines; events that do not say when they were sent."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

chance = random.Random()  # noqa: S311
PAUSES = (0, 0, 0.001, 0.005, 0.02, 0.02, 0.05, 0.1)

app = FastAPI()


async def chunks(count: int = 30) -> AsyncIterator[str]:
    """Words as a model says them: bursts and pauses, never the same."""
    for _ in range(count):
        await asyncio.sleep(chance.choice(PAUSES))
        yield "".join(chance.choices("abcdefgh", k=chance.randint(1, 9)))


async def each(seconds: float, line: str, count: int = 25) -> AsyncIterator[str]:
    """The same line again and again."""
    for _ in range(count):
        yield line
        await asyncio.sleep(seconds)


@app.get("/tokens", response_class=EventSourceResponse)
async def tokens() -> AsyncIterator[ServerSentEvent]:
    """A chat's answer."""
    async for token in chunks():
        yield ServerSentEvent(data={"choices": [{"delta": {"content": token}}]})
    yield ServerSentEvent(raw_data="[DONE]")


@app.get("/words")
async def words() -> StreamingResponse:
    """The same as bare text, without any line."""
    return StreamingResponse((f"{token} " async for token in chunks()), media_type="text/plain")


@app.get("/drops")
async def drops() -> StreamingResponse:
    """Two bytes each."""
    return StreamingResponse(each(0.02, ".\n"), media_type="text/plain")


@app.get("/plain")
async def plain() -> StreamingResponse:
    """Bare text in an even cadence."""
    return StreamingResponse(each(0.02, "word ", 40), media_type="text/plain")


@app.get("/lines")
async def lines() -> StreamingResponse:
    """NDJSON that says that it is JSON."""
    return StreamingResponse(each(0.02, '{"step": 1}\n', 40), media_type="application/json")


@app.get("/endless")
async def endless() -> StreamingResponse:
    """Until its reader leaves."""
    return StreamingResponse(each(0.02, "data: on\n\n", 10**6), media_type="text/event-stream")


@app.get("/beats")
async def beats() -> StreamingResponse:
    """Nothing happened yet."""
    return StreamingResponse(each(0.05, ": ping\n\n", 16), media_type="text/event-stream")


@app.get("/chat")
async def chat() -> StreamingResponse:
    """A slow answer, whose last words come at once."""
    events = [*["data: word\n\n"] * 4, "data: end of it\n\ndata: [DONE]\n\n"]
    return StreamingResponse(paced(0.4, events), media_type="text/event-stream")


@app.get("/history")
async def history() -> StreamingResponse:
    """What was missed at once, then nothing for a while."""
    return StreamingResponse(missed(), media_type="text/event-stream")


async def missed() -> AsyncIterator[str]:
    """Ten events after a look into a database."""
    await asyncio.sleep(0.3)
    yield "data: x\n\n" * 10
    await asyncio.sleep(5)


@app.get("/bunches")
async def bunches() -> StreamingResponse:
    """Four events at a time."""
    return StreamingResponse(paced(0.2, ["data: x\n\n" * 4] * 6), media_type="text/event-stream")


async def paced(seconds: float, parts: list[str]) -> AsyncIterator[str]:
    """These parts, one after the other."""
    for part in parts:
        yield part
        await asyncio.sleep(seconds)


@app.get("/progress")
async def progress() -> StreamingResponse:
    """A job's progress."""
    lines = each(0.1, '{"step": 1, "of": 8}\n', 8)
    return StreamingResponse(lines, media_type="application/x-ndjson")
