"""A response that streams at the cost of plain ASGI.

FastAPI and Starlette keep a request until its response has ended: about thirty frames, the
dependencies, the parsed request, for as long as the stream is open. `StreamsLast` lets them finish
first and sends the stream then. So a dependency with `yield` ends before the stream begins: what a
stream holds (a cursor, a subscription) belongs into its generator, in a `with`.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Generic, TypeVar

from fastapi.responses import StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slow import slow_reader

STREAMS = "app.streams"  # in the scope of a request: what to send last
T = TypeVar("T")


class StreamsLast:
    """The middleware that sends each `Stream`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, then send its stream."""
        streams: list[Stream[object]] = []
        # A copy: what FastAPI adds to the scope is freed with it.
        await self.app({**scope, STREAMS: streams}, receive, send)
        for stream in streams:
            await stream.send(receive, send)


class Stream(StreamingResponse, Generic[T]):
    """Events as they come, with headers against caching, compression and buffering on the way."""

    def __init__(
        self,
        events: AsyncGenerator[T],
        encode: Callable[[T], bytes],
        status_code: int = 200,  # FastAPI's documentation looks for its default
    ) -> None:
        """Send what `encode` makes of each event; nothing if that is empty."""
        super().__init__((), status_code)  # the events are ours to iterate
        self._events, self._encode = events, encode

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """Add our headers to those of Starlette."""
        super().init_headers(headers)
        self.headers["Cache-Control"] = "no-cache, no-transform"
        self.headers["X-Accel-Buffering"] = "no"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the sending to `StreamsLast`."""
        scope[STREAMS].append(self)

    async def send(self, receive: Receive, send: Send) -> None:
        """Send until the end, or until the client has left or has been cut."""
        sending = asyncio.create_task(self.stream_response(send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def stream_response(self, send: Send) -> None:
        """Send all events. Close their generator in any case.

        An abandoned generator runs its `finally` only when the garbage collector finds it, perhaps
        never.
        """
        if slow_reader.cut_after < math.inf:
            send = in_time(send, slow_reader.cut_after)
        async with aclosing(self._events) as events:
            start = {"status": self.status_code, "headers": self.raw_headers}
            await send({"type": "http.response.start", **start})
            async for event in events:
                if chunk := self._encode(event):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})


def in_time(send: Send, seconds: float) -> Send:
    """Cancel the task that sends if the reader takes nothing for so long."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None

    async def send_in_time(message: Message) -> None:
        timer = loop.call_later(seconds, task.cancel)
        try:
            await send(message)
        finally:
            timer.cancel()

    return send_in_time
