"""An app that never learns that its client has gone: it makes events for nobody, to the end."""

from __future__ import annotations

import asyncio
from typing import Any

from ticks import Wanted, events


async def produce(wanted: Wanted, queue: asyncio.Queue[bytes]) -> None:
    """Make the events in a task of its own, as one does to have a model run on."""
    async for event in events(wanted):
        queue.put_nowait(event)
    queue.put_nowait(b"")


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
    """Stream what the task makes, and do not look whether somebody reads."""
    if scope["type"] != "http":
        return
    wanted = Wanted.of(scope["query_string"])
    kind = [(b"content-type", wanted.content_type.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    producing = asyncio.create_task(produce(wanted, queue))
    while event := await queue.get():
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
    await producing
