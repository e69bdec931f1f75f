"""The app: a page, streams to measure, and two health endpoints.

Run it with `uvicorn main:app`. `lifecycle.py` describes the shutdown.
"""

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Response, status
from fastapi.responses import FileResponse
from pydantic import BaseModel

import streams
from lifecycle import lifecycle
from response import StreamsLast

# A full collection stops all streams while it looks at every object of each of them: 0.7 s for
# 8,000. It would find nothing, because our streams leave no cycles behind. So make it rare.
gc.set_threshold(*gc.get_threshold()[:2], 1000)

PAGE = Path(__file__).with_name("index.html")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Watch for the shutdown while the app runs."""
    with lifecycle.watch_signals():
        yield


app = FastAPI(title="Streaming reference app", lifespan=lifespan)
app.add_middleware(StreamsLast)
app.include_router(streams.router)


@app.get("/", include_in_schema=False)
async def page() -> FileResponse:
    """Return the page that shows each event as it arrives."""
    return FileResponse(PAGE, headers={"Cache-Control": "no-cache"})


class Health(BaseModel):
    """Whether the process is alive."""

    alive: bool = True


@app.get("/healthz", tags=["health"])
async def healthz() -> Health:
    """Answer while the process is alive."""
    return Health()


class Readiness(BaseModel):
    """Whether this worker takes new streams, and how many are open."""

    ready: bool
    open_streams: int


@app.get("/readyz", tags=["health"])
async def readyz(response: Response) -> Readiness:
    """Return 503 after the shutdown has begun."""
    if lifecycle.draining:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Readiness(ready=not lifecycle.draining, open_streams=lifecycle.open_streams)
