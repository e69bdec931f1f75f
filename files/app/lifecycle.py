"""Know when this process stops, and how many streams are still open.

An ASGI server tells the app about its shutdown (the end of the lifespan) only after the last
response has ended. A stream that should end *because* of the shutdown must know earlier. So this
module wraps the server's signal handler: the handler runs as usual, and the app notes the signal.

On SIGTERM or SIGINT:

- The server takes no new connections, and `/readyz` returns 503.
- A running stream is **finished**. This is the default; only the server's own limit cuts a stream
  (`--timeout-graceful-shutdown` of uvicorn, `graceful_timeout` of Gunicorn).
- With `APP_DRAIN_SECONDS=N`, a stream that still runs after N seconds ends with a `reconnect`
  event, and the client resumes elsewhere from its last event id. If N is a few seconds below the
  server's limit, only a client that does not read is cut.
- uvicorn itself closes a WebSocket at once, with code 1012 (service restart). The client connects
  again and requests the rest with `?after=<last id>`.

A worker that reaches Gunicorn's `max_requests` stops without a signal. Its streams are finished
too, but `APP_DRAIN_SECONDS` has no effect.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from timer import SharedTimer


class Lifecycle:
    """The state of one worker process."""

    def __init__(self, drain_seconds: float | None = None) -> None:
        """Let streams run for `drain_seconds` after the signal; None means to their end."""
        self.draining = False
        self.open_streams = 0
        self._drain_seconds = drain_seconds
        self._drained = False
        self._timer = SharedTimer()

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a stream while it is open."""
        self.open_streams += 1
        try:
            yield
        finally:
            self.open_streams -= 1

    async def pause(self, until: float) -> bool:
        """Sleep until this time of `time.monotonic()`; return whether the stream may go on."""
        if not self._drained:
            await self._timer.until(until)
        return not self._drained

    @contextmanager
    def watch_signals(self) -> Iterator[None]:
        """Notice the shutdown when the server does. Use this in the lifespan."""
        if threading.current_thread() is not threading.main_thread():
            yield  # a test client: no signals to watch
            return

        loop = asyncio.get_running_loop()
        wrapped = {
            sig: handler
            for sig in (signal.SIGTERM, signal.SIGINT)
            if callable(handler := signal.getsignal(sig))  # otherwise no server handles it
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
            loop.call_later(self._drain_seconds, self._end_streams)
        self.draining = True

    def _end_streams(self) -> None:
        self._drained = True
        self._timer.wake_all()


_drain_seconds = os.environ.get("APP_DRAIN_SECONDS")
lifecycle = Lifecycle(float(_drain_seconds) if _drain_seconds else None)
