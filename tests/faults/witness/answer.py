"""Take the bytes of an HTTP/1 answer as they come, and note what came when. No I/O."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

WHOLE = "whole"  # it ended as its framing says
CUT = "cut"
OPEN = "open"  # it was still open when the time was up

SENT = re.compile(rb'"sent_monotonic": ([0-9.]+)')
OPENED = re.compile(rb'"opened_monotonic": ([0-9.]+)')
MOMENT = 0.003  # seconds; what comes closer together is one moment


class Sight(NamedTuple):
    """What was seen of an answer. Times are seconds of the monotonic clock."""

    status: int = 0
    headers: float = 0.0  # when they had come, after the question
    end: str = CUT
    moments: int = 0
    within: int = 0  # moments at whose end an event was not complete
    delays: tuple[float, ...] = ()  # of the events that say when they were sent
    readable: bool = True  # not compressed in a way that the standard library cannot undo
    garbled: bool = False  # not compressed as it says
    waited: float = 0.0  # by the headers, after the app had begun its answer


class Answer:
    """An answer that is being read."""

    def __init__(self, asked: float) -> None:
        self.asked = asked
        self.done = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.headers_at = 0.0
        self._rest = b""
        self._left = 0  # bytes of the chunk with its line break, or of the body
        self._pieces: list[tuple[float, bytes]] = []

    @property
    def chunked(self) -> bool:
        """Whether it is framed so."""
        return "chunked" in self.headers.get("transfer-encoding", "")

    def feed(self, at: float, data: bytes) -> None:
        """Take what came at this time."""
        self._rest += data
        if not self.status and not self._begin(at):
            return
        payload = self._unchunked() if self.chunked else self._counted()
        if payload:
            self._pieces.append((at, payload))

    def _begin(self, at: float) -> bool:
        """Read the headers, if all of them are there."""
        head, blank, rest = self._rest.partition(b"\r\n\r\n")
        if not blank:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split()[1])
        self._rest = rest
        if status < 200:  # another one follows
            return self._begin(at)
        self.status, self.headers_at = status, at
        pairs = (line.partition(":") for line in lines)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}
        self._left = int(self.headers.get("content-length", 0))
        return True

    def _counted(self) -> bytes:
        payload, self._rest = self._rest, b""
        self._left -= len(payload)
        self.done = "content-length" in self.headers and self._left <= 0
        return payload

    def _unchunked(self) -> bytes:
        payload = b""
        while not self.done:
            if not self._left:
                size, line_break, rest = self._rest.partition(b"\r\n")
                if not line_break:
                    break
                self._rest = rest
                length = int(size.partition(b";")[0], 16)
                self.done = not length
                self._left = length + 2
                continue
            if not self._rest:
                break
            taken, self._rest = self._rest[: self._left], self._rest[self._left :]
            payload += taken[: max(0, self._left - 2)]
            self._left -= len(taken)
        return payload

    def sight(self, end: str) -> Sight:
        """All that was seen. ``end`` is how the connection ended, if the answer did not before."""
        if self.done or (end == CUT and self._ends_with_connection):
            end = WHOLE
        texts, garbled = None, False
        try:
            texts = readable(self._pieces, self.headers.get("content-encoding", ""))
        except zlib.error:
            garbled = True
        pieces = self._pieces if texts is None else texts
        delays, opened = stamps(texts or [], self._separator)
        moments = gathered(pieces)
        return Sight(
            self.status,
            self.headers_at - self.asked if self.status else 0.0,
            end,
            len(moments),
            sum(self._has_events and not text.endswith(b"\n") for text in moments),
            tuple(delays),
            texts is not None,
            garbled,
            self.headers_at - opened if opened else 0.0,
        )

    @property
    def _ends_with_connection(self) -> bool:
        return bool(self.status) and not self.chunked and "content-length" not in self.headers

    @property
    def _separator(self) -> bytes:
        kind = self.headers.get("content-type", "")
        return b"\n\n" if kind.startswith("text/event-stream") else b"\n"

    @property
    def _has_events(self) -> bool:
        """Whether it is more than bare text, which has no end to wait for."""
        return not self.headers.get("content-type", "").startswith("text/plain")


def readable(pieces: list[tuple[float, bytes]], encoding: str) -> list[tuple[float, bytes]] | None:
    """The pieces without compression; None if the standard library does not know it.

    Raises zlib.error.
    """
    if encoding in ("", "identity"):
        return pieces
    if encoding not in ("gzip", "deflate"):
        return None
    inflating = zlib.decompressobj(47)
    found = ((at, inflating.decompress(piece)) for at, piece in pieces)
    return [(at, text) for at, text in found if text]


def stamps(texts: list[tuple[float, bytes]], separator: bytes) -> tuple[list[float], float | None]:
    """How late each complete event came that says when it was sent; when the app began."""
    delays: list[float] = []
    opened: float | None = None
    rest = b""
    for at, text in texts:
        *events, rest = (rest + text).split(separator)
        for event in events:
            delays += [at - float(sent) for sent in SENT.findall(event)]
            for began in OPENED.findall(event):
                opened = opened or float(began)
    return delays, opened


def gathered(pieces: list[tuple[float, bytes]]) -> list[bytes]:
    """What came at each moment."""
    found: list[bytes] = []
    last = None
    for at, piece in pieces:
        if last is not None and at - last < MOMENT:
            found[-1] += piece
        else:
            found.append(piece)
        last = at
    return found
