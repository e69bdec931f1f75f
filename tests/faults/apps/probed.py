"""An app of which only the role's probe is of interest, with what a stream passes on its way out."""

from __future__ import annotations

import os
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from stream_probe import Probe

TOKEN = os.environ["PROBE_TOKEN"]
GOOD = [(b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no")]


class Polite:
    """A middleware that adds the headers which keep a stream from being held."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass on, with the headers."""

        async def send_politely(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *GOOD]}
            await send(message)

        await self.app(scope, receive, send_politely)


app = Probe(Starlette(), TOKEN)
polite = Probe(Starlette(middleware=[Middleware(Polite)]), TOKEN)
compressed = Probe(Starlette(middleware=[Middleware(GZipMiddleware)]), TOKEN)
