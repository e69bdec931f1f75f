"""The good apps, with what a remedy adds to their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

import fat
import models
import own
import probed
import sigterm
from sse_starlette.sse import AppStatus

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Any, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

COMMENT = {"type": "http.response.body", "body": b": on\n\n", "more_body": True}
START = "http.response.start"
EVERY = 0.2  # seconds, as long to the limits here as 15 s to those of proxies


def with_headers(app: App, added: Iterable[Header], without: Iterable[bytes] = ()) -> App:
    """Add headers to each answer, and leave out others."""

    async def wrapped(scope: Message, receive: Any, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == START:
                kept = [one for one in message["headers"] if one[0].lower() not in without]
                message = {**message, "headers": [*kept, *added]}
            await send(message)

        await app(scope, receive, sending)

    return wrapped


def greeting(app: App) -> App:
    """Send a comment as the first chunk."""

    async def wrapped(scope: Message, receive: Any, send: Send) -> None:
        async def sending(message: Message) -> None:
            await send(message)
            if message["type"] == START and message["status"] == 200:
                await send(COMMENT)

        await app(scope, receive, sending)

    return wrapped


def beating(app: App) -> App:
    """Send a comment every now and then."""

    async def beat(send: Send) -> None:
        while True:
            await asyncio.sleep(EVERY)
            await send(COMMENT)

    async def wrapped(scope: Message, receive: Any, send: Send) -> None:
        hearts: list[asyncio.Task[None]] = []

        async def sending(message: Message) -> None:
            if message["type"] != START and not message.get("more_body"):
                hearts.pop().cancel()
            await send(message)
            if message["type"] == START:
                hearts.append(asyncio.create_task(beat(send)))

        try:
            await app(scope, receive, sending)
        finally:
            for one in hearts:
                one.cancel()

    return wrapped


no_store = with_headers(probed.app, [(b"cache-control", b"no-store")])
no_transform = with_headers(probed.app, [(b"cache-control", b"no-transform")])
polite = with_headers(own.app, probed.GOOD)
greeted = greeting(probed.app)
alive = beating(probed.app)
talkative = beating(models.app)
slim = with_headers(fat.app, (), (b"set-cookie",))


async def unhurried(scope: Message, receive: Any, send: Send) -> None:
    """Let sse-starlette finish its streams when the server is told to stop."""
    AppStatus.disable_automatic_graceful_drain()
    await sigterm.app(scope, receive, send)
