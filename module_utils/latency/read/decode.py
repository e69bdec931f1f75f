# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""From bytes to events, as they come: server-sent events, NDJSON, lines, or chunks."""

from __future__ import annotations

import json
import math
from typing import Any

from ..timeline import CHUNKS, CUT_SHORT, GARBLED, KEPT, LINES, NDJSON, SSE, Event
from .events import EventStream, Lines, Piece
from .inflate import GarbledError, Plain, decompressor

HELLO = ("pid", "release", "open_streams", "at")  # fields of the probe's first event that are kept

# A token stream has line breaks too, but each of its short lines comes in many reads.
READS_PER_LINE = 8
NO_TIME = 1e12  # seconds; a larger number is not a monotonic time
HEARTBEATS = 3  # pieces without any event, such as comments, show how a stream is passed on
SHORT_LINE = 1 << 13  # bytes
NDJSON_TYPES = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonl",
    "application/jsonlines",
    "application/x-jsonlines",
    "application/json-lines",
    "application/json-seq",
    "application/stream+json",
)


class Decoder:
    """Decodes a body piece by piece. It never raises on bad input; ``trouble`` says what is wrong.

    ``seen`` and ``size`` count everything. ``reads`` and ``events`` keep the first ``KEPT``. Times
    are of the caller's clock. ``head`` has the first ``keep`` bytes of what could be decompressed.
    """

    def __init__(
        self,
        content_type: str = "",
        content_encoding: str = "",
        sent_field: str = "sent_monotonic",
        keep: int = 0,
    ) -> None:
        kind = content_type.partition(";")[0].strip().lower()
        self.reads: list[tuple[float, int]] = []
        self.size = 0  # bytes before decompression
        self.last_at: float | None = None  # of all reads
        self.longest_silence = 0.0  # between two reads, or before the first
        self.decoded = 0  # bytes after decompression
        self.finished = False  # the event arrived that says it is the last one
        self.server_clock = ""
        self.opened: float | None = None
        self.server: dict[str, Any] = {}
        self.trouble = ""
        self.head = b""
        self._keep = keep
        self._sent_field = sent_field
        self._events: list[Event] = []
        self._found = 0
        self._chunks: list[Event] = []
        self._chunked = 0
        self._at = 0.0
        self._plain, known = decompressor(content_encoding)
        self._format = LINES
        if not known:
            self._format = CHUNKS
            self._keep = 0
        elif kind == "text/event-stream":
            self._format = SSE
        elif kind in NDJSON_TYPES:
            self._format = NDJSON
        self._parser: EventStream | Lines = (
            EventStream() if self._format == SSE else Lines(self._format == NDJSON)
        )

    def feed(self, data: bytes, at: float) -> None:
        """Take the bytes of one read, which came at this time."""
        self._at = at
        self.longest_silence = max(self.longest_silence, at - (self.last_at or 0.0))
        self.last_at = at
        self.size += len(data)
        if len(self.reads) < KEPT:
            self.reads.append((at, len(data)))
        try:
            for plain in self._plain.feed(data):
                self._understand(plain)
        except GarbledError as error:
            self._keep = 0
            damaged = "the compressed body is damaged" if self.decoded else GARBLED
            self._give_up(f"{damaged}: {error}")
            self._understand(data)

    def finish(self, *, whole: bool = True) -> None:
        """End the body. It is ``whole`` unless the reader left before the end."""
        if self._format == CHUNKS:
            return
        for piece in self._parser.finish(whole=whole):
            self._note(piece)
        if whole and self.size and not self._plain.ended:
            self._trouble(CUT_SHORT)
        self._trouble(self._parser.trouble)
        if self._format == SSE and not self._found and self._parser.trouble:
            self._format = CHUNKS

    @property
    def format(self) -> str:
        """How events are separated: sse, ndjson, lines, or chunks for not at all."""
        tokens = (
            self._found * READS_PER_LINE < self._chunked
            and self.decoded <= self._found * SHORT_LINE
        )
        if self._format == LINES and (tokens or (self._chunked and not self._found)):
            return CHUNKS
        if self._format == SSE and not self._found and self._chunked >= HEARTBEATS:
            return CHUNKS
        return self._format

    @property
    def seen(self) -> int:
        """The number of all events."""
        return self._chunked if self.format == CHUNKS else self._found

    @property
    def events(self) -> tuple[Event, ...]:
        """The first events."""
        return tuple(self._chunks if self.format == CHUNKS else self._events)

    def _understand(self, plain: bytes) -> None:
        self.decoded += len(plain)
        self._chunked += 1
        if len(self.head) < self._keep:
            self.head += plain[: self._keep - len(self.head)]
        if len(self._chunks) < KEPT:
            self._chunks.append(Event(self._at, len(plain)))
        if self._format == CHUNKS:
            return
        if b"\0" in plain:
            told = "" if self._format == LINES else f"the body is binary, not {self._format}"
            self._give_up(told)
            return
        for piece in self._parser.feed(plain):
            self._note(piece)

    def _give_up(self, trouble: str) -> None:
        self._trouble(trouble)
        self._format = CHUNKS
        self._plain = Plain()

    def _trouble(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble

    def _note(self, piece: Piece) -> None:
        """Read what an event says about itself."""
        self._found += 1
        self.finished = False  # that event was not the last one
        if self._found > KEPT and b"end" not in piece.data and b"DONE" not in piece.data:
            return  # of many events only the last one matters
        said = _said(piece.data)
        name, number = said.get("event") or piece.name, said.get("n")
        if name == "hello":
            self.opened = _number(said.get("opened_monotonic"))
            self.server_clock = str(said.get("clock") or "")[:64]
            # Any server can say this, so keep plain values only.
            self.server = {
                key: said[key] for key in HELLO if isinstance(said.get(key), (str, int, float))
            }
        elif name == "end" or piece.data.strip() == b"[DONE]":
            self.finished = True
        if len(self._events) < KEPT:
            key = piece.id if number is None else str(number)
            if name == "received" and key is not None:
                key = f"received {key}"
            sent = _number(said.get(self._sent_field))
            self._events.append(Event(self._at, piece.size, sent, key and key[:100]))


def _said(data: bytes) -> dict[str, Any]:
    """The JSON object in an event. A word may stand before it."""
    start = data.find(b"{")
    if start < 0:
        return {}
    try:
        said = json.loads(data[start:])
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) < NO_TIME else None
