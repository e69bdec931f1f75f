# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A stream that is being read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..timeline import LIMIT, TIMEOUT, Timeline
from .decode import Decoder
from .words import first_words

if TYPE_CHECKING:
    from .request import Request

# Seconds. Let libcurl report a timeout first; it knows the cause.
SECOND = 0.2

# How much of a refusal is read: bytes, and seconds after its headers.
REFUSAL = 1 << 16
REFUSAL_SECONDS = 1.0


class Stream:
    """A stream while it is read. A subclass opens it, passes bytes to ``take``, and ends it."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.began = time.monotonic()
        self.decoder = Decoder(sent_field=request.sent_field)
        self.headers: list[tuple[str, str]] = []
        self.status = 0
        self.headers_at: float | None = None
        self.first_at: float | None = None  # when the first event came
        self.ended = ""
        self.ended_at = 0.0
        self.error = ""
        self.marks: list[tuple[float, str]] = []
        self.last = 0.0  # sign of life

    def start(self) -> None:
        """Open it."""

    def leave(self) -> None:
        """Stop reading it. What was read stays."""

    def close(self) -> None:
        """Release its resources."""

    @property
    def refused(self) -> bool:
        """Whether the answer is no stream, by its status."""
        return self.headers_at is not None and not 200 <= self.status < 300

    def now(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def mark(self, what: str, at: float | None = None) -> None:
        """Note what happened, now or at this time of the monotonic clock."""
        self.marks.append((self.now() if at is None else at - self.began, what))

    def take(self, data: bytes) -> bool:
        """Take the bytes of one read. Returns False when the reader has read enough."""
        self.last = self.now()
        self.decoder.feed(data, self.last)
        if self.first_at is None and self.decoder.seen:
            self.first_at = self.last
        limit, decoder = self.request.size_limit, self.decoder
        if self.refused:
            if max(decoder.size, decoder.decoded) >= REFUSAL:
                self.end(LIMIT)
        elif self.request.events and decoder.seen >= self.request.events:
            self.end(LIMIT)
        elif limit and max(decoder.size, decoder.decoded) >= limit:
            self.end(LIMIT, f"stopped at the limit of {limit} bytes")
        return not self.ended

    def end(self, ended: str, error: str = "") -> None:
        """End it. Only the first call counts."""
        if not self.ended:
            self.ended, self.error, self.ended_at = ended, error, self.now()

    def look_at_the_clock(self) -> None:
        """End it if it is silent for too long, or was read for long enough."""
        if self.ended:
            return
        now, request = self.now(), self.request
        if self.headers_at is None:
            if now > request.patience + SECOND:
                self.end(TIMEOUT, f"no answer within {now:.1f} s")
            elif now > request.seconds + SECOND:
                self.end(LIMIT, f"no answer yet after {now:.1f} s")
        elif self._is_enough(now, self.headers_at):
            self.end(LIMIT)
        elif now - self.last > request.patience:
            self.end(TIMEOUT, f"silent for {now - self.last:.1f} s")
        if self.ended:
            self.leave()

    def _is_enough(self, now: float, headers_at: float) -> bool:
        limit = self.request.seconds_of_events
        return (
            now > self.request.seconds
            or (self.refused and now > headers_at + REFUSAL_SECONDS)
            or (limit > 0 and self.first_at is not None and now > self.first_at + limit)
        )

    def timeline(self) -> Timeline:
        """What was read. Call it when the stream has ended."""
        decoder = self.decoder
        decoder.finish(whole=self.ended in ("complete", "close"))
        found = self._timeline()
        if not self.refused:
            return found
        kind = dict(reversed(self.headers)).get("content-type", "")
        # The rest is about events, and an error page has none.
        return found._replace(
            events=(),
            format="",
            error=self.error,
            finished=False,
            said=first_words(decoder.head, kind),
        )

    def _timeline(self) -> Timeline:
        decoder = self.decoder
        return Timeline(
            began=self.began,
            events=decoder.events,
            reads=tuple(decoder.reads),
            headers=tuple(self.headers),
            status=self.status,
            format=decoder.format if decoder.size else "",
            headers_at=self.headers_at,
            ended=self.ended,
            ended_at=self.ended_at,
            error=self.error or decoder.trouble,
            size=decoder.size,
            last_at=decoder.last_at,
            longest_silence=decoder.longest_silence,
            finished=decoder.finished,
            reader_clock=boot_id(),
            server_clock=decoder.server_clock,
            opened=decoder.opened,
            server=decoder.server,
            marks=tuple(self.marks),
        )


def boot_id() -> str:
    """The name of this machine's monotonic clock; empty if unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
