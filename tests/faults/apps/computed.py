"""An app that has its whole answer before it sends the first byte."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response
from ticks import Wanted, events

app = FastAPI()


@app.get("/stream")
async def stream(request: Request) -> Response:
    """Collect, then answer."""
    wanted = Wanted.of(request.url.query)
    body = b"".join([event async for event in events(wanted)])
    return Response(body, media_type=wanted.content_type)
