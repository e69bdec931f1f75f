"""One timer of the event loop for all streams that are due in the same millisecond.

A timer of its own for each of thousands of streams costs the loop more than the events do.
"""

import asyncio


class SharedTimer:
    """Wakes those who wait. All use the clock of `time.monotonic()`."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}

    def until(self, when: float) -> asyncio.Future[None]:
        """Wait until then. A time in the past lets the other streams run once."""
        loop = asyncio.get_running_loop()
        millisecond = round(when * 1000)
        waiting = self._waiting.get(millisecond)
        if waiting is None:
            waiting = self._waiting[millisecond] = []
            loop.call_at(millisecond / 1000, self._wake, millisecond)
        future = loop.create_future()
        waiting.append(future)
        return future

    def wake_all(self) -> None:
        """Wake all of them now."""
        for millisecond in list(self._waiting):
            self._wake(millisecond)

    def _wake(self, millisecond: int) -> None:
        for future in self._waiting.pop(millisecond, ()):
            if not future.done():  # its stream has been cancelled
                future.set_result(None)
