"""A stream that gives proxies no hints: none of its headers turns buffering off."""

import asyncio
import os
from importlib.metadata import version
from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route


async def ticks(_):
    async def body():
        for number in range(50):
            await asyncio.sleep(0.02)
            yield b'{"n": %d}\n' % number

    return StreamingResponse(body(), media_type="application/x-ndjson")


async def late(_):
    async def body():
        await asyncio.sleep(2)
        yield b"at last"

    return StreamingResponse(body(), media_type="text/plain")


async def about(request):
    names = ("PLAIN", "QUOTED", "TOKEN")
    return JSONResponse(
        {
            "environment": {name: os.environ.get(name) for name in names},
            "headers": dict(request.headers),
            "scheme": request.url.scheme,
            "client": request.client.host if request.client else None,
            "uvicorn": version("uvicorn"),
        }
    )


async def write(request):
    """Try to write to each path; return the result of each."""
    said = {}
    for path in request.query_params.getlist("path"):
        try:
            (Path(path) / "probe").touch()
            said[path] = "written"
        except OSError as error:
            said[path] = error.strerror
    return JSONResponse(said)


def create_app():
    routes = {"/ticks": ticks, "/late": late, "/about": about, "/write": write}
    return Starlette(routes=[Route(path, endpoint) for path, endpoint in routes.items()])
