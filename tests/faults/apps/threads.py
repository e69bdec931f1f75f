"""A sync generator: each of its steps runs in a pool of 40 threads."""

from __future__ import annotations

import time
from collections.abc import Iterator

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from ticks import Wanted

app = FastAPI()


def events(wanted: Wanted) -> Iterator[bytes]:
    """The stream, as one writes it who does not think of threads."""
    yield wanted.hello()
    for wait, make in wanted.steps():
        time.sleep(wait)
        yield make()


@app.get("/stream")
def stream(request: Request) -> StreamingResponse:
    """Stream."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(events(wanted), media_type=wanted.content_type)
