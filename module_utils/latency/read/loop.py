# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one loop that reads all streams. It waits for files and for times."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import time
from typing import TYPE_CHECKING, Callable, Sequence

if TYPE_CHECKING:
    from .stream import Stream

PATROL = 0.05  # seconds between two checks of the time limits


class Loop:
    """Waits for files and for times."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._later: list[tuple[float, int, Callable[[], object]]] = []
        self._number = itertools.count()

    def watch(self, file: int, events: int, on_ready: Callable[[int, int], object]) -> None:
        """Call ``on_ready(file, events)`` when the file is ready. 0 events end the watch."""
        if not events:
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(file)
            return
        try:
            self._selector.modify(file, events, on_ready)
        except (KeyError, OSError):  # a new file; it can have the number of a closed one
            with contextlib.suppress(KeyError):
                self._selector.unregister(file)
            self._selector.register(file, events, on_ready)

    def later(self, when: float, function: Callable[[], object]) -> None:
        """Call the function at this time of the monotonic clock."""
        heapq.heappush(self._later, (when, next(self._number), function))

    def run(self, streams: Sequence[Stream]) -> None:
        """Run until all streams have ended."""
        patrol = 0.0
        while True:
            now = time.monotonic()
            while self._later and self._later[0][0] <= now:
                heapq.heappop(self._later)[2]()
            if now >= patrol:
                for stream in streams:
                    stream.look_at_the_clock()
                patrol = time.monotonic() + PATROL
            if all(stream.ended for stream in streams):
                return
            until = min(patrol, self._later[0][0]) if self._later else patrol
            for key, mask in self._selector.select(max(0.0, until - time.monotonic())):
                key.data(key.fd, mask)

    def close(self) -> None:
        self._selector.close()
