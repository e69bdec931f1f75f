"""What a stream does when its reader is slower than its events: `APP_SLOW_READER`.

- `wait` (the default): no event is lost. They come later, and the stream takes longer.
- `drop`: the stream skips the events that are overdue. The reader sees a gap in their numbers.
- `cut:SECONDS`: a stream that is this much behind ends, with a `reconnect` event if the reader
  still reads. The client resumes after its last event.

In all three, an open stream holds at most one event here, 64 KiB and one event in the server, and
what the sockets hold: `send()` waits while these are full, and no queue is in between. That is why
a generator can tell how far its reader is behind: it gets to run only when there is room.
"""

import math
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class SlowReader:
    """A choice. cut_after: seconds."""

    drop: bool = False
    cut_after: float = math.inf

    @classmethod
    def parse(cls, choice: str) -> "SlowReader":
        """Read the environment variable."""
        match choice.split(":"):
            case ["" | "wait"]:
                return cls()
            case ["drop"]:
                return cls(drop=True)
            case ["cut", seconds] if seconds.replace(".", "", 1).isdecimal() and float(seconds) > 0:
                return cls(cut_after=float(seconds))
        raise ValueError(f"APP_SLOW_READER is {choice!r}; allowed: wait, drop, cut:SECONDS.")

    def skip(self, behind: float, interval: float) -> int:
        """Return how many events to leave out when the next one is `behind` seconds overdue."""
        return max(0, int(behind // interval)) if self.drop else 0


slow_reader = SlowReader.parse(os.environ.get("APP_SLOW_READER", ""))
