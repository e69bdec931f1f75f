"""An app that keeps its session in a cookie, so its headers are large; `/late` thinks before them."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from ticks import Wanted, events

SESSION = {"Set-Cookie": "session=" + "a" * 5000}
THINKING = 1.0


def streamed(request: Request, headers: dict[str, str]) -> Response:
    """The stream that is asked for."""
    wanted = Wanted.of(request.url.query)
    return StreamingResponse(events(wanted), media_type=wanted.content_type, headers=headers)


async def plain(request: Request) -> Response:
    """Small headers at once."""
    return streamed(request, {})


async def fat(request: Request) -> Response:
    """Large headers."""
    return streamed(request, SESSION)


async def late(request: Request) -> Response:
    """Late headers."""
    await asyncio.sleep(2 * THINKING)
    return streamed(request, {})


async def allowed(_request: Request) -> Response:
    """Who may come in; it takes a while to find out."""
    await asyncio.sleep(THINKING)
    return PlainTextResponse("yes")


routes = [
    Route("/stream", plain),
    Route("/fat", fat),
    Route("/late", late),
    Route("/allowed", allowed),
]
app = Starlette(routes=routes)
