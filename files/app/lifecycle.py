"""When this process stops, and how many streams it still carries.

An ASGI server tells the app of its shutdown (the end of the lifespan) only after the last response
has ended. A stream that wants to end *because* of the shutdown has to know before that, so the
signal handler of the server is wrapped here: it runs as ever, and we take note.

On SIGTERM or SIGINT

- the server takes no new connection and `/readyz` says 503;
- a running stream is **finished**. That is the default, and the server's own limit is the only one
  (`--timeout-graceful-shutdown` of uvicorn, `graceful_timeout` of Gunicorn; beyond it, it is cut);
- with `APP_DRAIN_SECONDS=N`, a stream that still runs after N seconds ends with a `reconnect`
  event, and the client resumes elsewhere from its last event id. Set N a few seconds below the
  server's limit and only a client that does not read is ever cut;
- a WebSocket is closed by uvicorn itself, at once, with code 1012 (service restart): the client
  connects again and asks for the rest with `?after=<last id>`.

A worker that has reached Gunicorn's `max_requests` stops without a signal: streams are finished
then too, but `APP_DRAIN_SECONDS` has no effect.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import anyio


class Lifecycle:
    """The state of one worker process."""

    def __init__(self, drain_seconds: float | None = None) -> None:
        """Let streams run for `drain_seconds` after the signal; None is to their end."""
        self.draining = False
        self.open_streams = 0
        self._drain_seconds = drain_seconds
        self._drained = asyncio.Event()

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a stream for as long as it is open."""
        self.open_streams += 1
        try:
            yield
        finally:
            self.open_streams -= 1

    async def pause(self, seconds: float) -> bool:
        """Sleep, and say whether the stream may go on afterwards."""
        with anyio.move_on_after(seconds):
            await self._drained.wait()
        return not self._drained.is_set()

    @contextmanager
    def watch_signals(self) -> Iterator[None]:
        """Learn of the shutdown when the server does. Call it in the lifespan."""
        if threading.current_thread() is not threading.main_thread():
            yield  # under a test client: there are no signals to watch
            return

        loop = asyncio.get_running_loop()
        wrapped = {
            sig: handler
            for sig in (signal.SIGTERM, signal.SIGINT)
            if callable(handler := signal.getsignal(sig))  # else no server listens
        }

        def note(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._begin_drain, loop)
            wrapped[signal.Signals(number)](number, frame)

        for sig in wrapped:
            signal.signal(sig, note)
        try:
            yield
        finally:
            for sig, handler in wrapped.items():
                signal.signal(sig, handler)

    def _begin_drain(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self.draining and self._drain_seconds is not None:
            loop.call_later(self._drain_seconds, self._drained.set)
        self.draining = True


_drain_seconds = os.environ.get("APP_DRAIN_SECONDS")
lifecycle = Lifecycle(float(_drain_seconds) if _drain_seconds else None)
