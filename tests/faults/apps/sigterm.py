"""sse-starlette, which ends its streams when the server is told to stop."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from sse_starlette import EventSourceResponse
from ticks import Wanted, events

app = FastAPI()


async def messages(wanted: Wanted) -> AsyncIterator[dict[str, str]]:
    """The stream in the library's terms."""
    async for event in events(wanted):
        number, data = event.decode().splitlines()[:2]
        yield {"id": number.removeprefix("id: "), "data": data.removeprefix("data: ")}


@app.get("/stream")
async def stream(request: Request) -> EventSourceResponse:
    """Stream."""
    return EventSourceResponse(messages(Wanted.of(request.url.query)))
