"""The reference app, as the role wraps it, under tracemalloc: /held says what its objects hold.

Imported by Gunicorn for `bench/memory.py`. HELD=no leaves tracemalloc out, which itself needs memory.
"""

from __future__ import annotations

import gc
import json
import os
import tracemalloc
from typing import Any

TRACED = os.environ.get("HELD") != "no"
if TRACED:
    tracemalloc.start()

from main import app as alone  # noqa: E402 - after the start


def wrapped() -> Any:
    """The app within the role's probe and counts."""
    import stream_probe  # noqa: PLC0415 - only here is it on the path

    return stream_probe.serve('stream_counts:serve("main:app")')


served = wrapped() if os.environ.get("WRAPPED") else alone


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer /held itself: bytes by the file and line that asked for them."""
    if scope["type"] != "http" or scope["path"] != "/held":
        await served(scope, receive, send)
        return
    gc.collect()
    lines: dict[str, int] = {}
    if TRACED:
        for one in tracemalloc.take_snapshot().statistics("lineno"):
            lines[f"{one.traceback[0].filename}:{one.traceback[0].lineno}"] = one.size
    body = json.dumps(lines).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
