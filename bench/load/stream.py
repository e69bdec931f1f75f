"""One stream of the load: its events' numbers and times. No input or output here."""

from __future__ import annotations

import math
from array import array


class Window:
    """What all streams write to while the window is open. Times are of the monotonic clock."""

    def __init__(self) -> None:
        self.begin = math.inf
        self.delays = array("d")
        self.firsts = array("d")


class Stream:
    """Check that numbers follow each other, and time the events."""

    __slots__ = (
        "_interval", "_rest", "_start", "_window", "due", "ended", "first", "gap", "last", "lost",
        "n", "repeated", "why",
    )  # fmt: skip

    def __init__(self, window: Window, due: float, interval: float) -> None:
        """A stream that should be opened at `due`, with an event each `interval` seconds."""
        self._window, self._interval = window, interval
        self._rest, self._start = b"", 0.0
        self.due, self.first = due, 0
        self.n = self.lost = self.repeated = 0
        self.last = self.gap = 0.0
        self.ended, self.why = False, ""

    def read(self, now: float, data: bytes) -> None:
        """Take what arrived at `now`. An event is a line; the rest of one waits for its end."""
        if self._rest:
            data = self._rest + data
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            at = line.find(b'"n":')
            if at >= 0:
                self._event(now, int(number(line, at + 4)), line)

    def _event(self, now: float, n: int, line: bytes) -> None:
        window = self._window
        if not self.n:
            sent = number(line, line.index(b'"sent_monotonic":') + 17)
            self.first, self._start = n, sent - n * self._interval
            window.firsts.append(now - self.due)
        elif n != self.n + 1:
            if n <= self.n:
                self.repeated += 1
                return
            self.lost += n - self.n - 1
        self.n = n
        if now >= window.begin:
            window.delays.append(now - self._start - n * self._interval)
            self.gap = max(self.gap, now - max(self.last, window.begin))
        self.last = now


def number(line: bytes, at: int) -> float:
    """The JSON number at this place.

    >>> number(b'{"n": 17, "x": 2.5}', 5)
    17.0
    """
    end = at + 1
    while end < len(line) and line[end] not in b",}":
        end += 1
    return float(line[at:end])
