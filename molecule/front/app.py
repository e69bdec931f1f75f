"""The app of the scenario `edge`, and streams that say nothing about caching."""

from collections.abc import AsyncIterator

from edge import app
from fastapi.responses import PlainTextResponse, StreamingResponse


async def ten() -> AsyncIterator[str]:
    """Ten events."""
    for number in range(10):
        yield f"data: {number}\n\n"


@app.get("/bare")
async def bare(kind: str = "text/event-stream", cache: str = "") -> StreamingResponse:
    """A stream of this kind, with this Cache-Control."""
    headers = {"Cache-Control": cache} if cache else {}
    return StreamingResponse(ten(), media_type=kind, headers=headers)


@app.get("/words", response_class=PlainTextResponse)
async def words() -> str:
    """Text that is no stream."""
    return "no stream"
