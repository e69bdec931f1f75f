# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""From bytes to events, as they come: server-sent events, NDJSON, lines, or chunks."""

from __future__ import annotations

import json
import math
import re
import zlib
from typing import Any, Iterator, NamedTuple

from .timeline import Event

SSE, NDJSON, LINES, CHUNKS = "sse", "ndjson", "lines", "chunks"

KEPT = 5000  # events and reads; of a longer stream the first ones
HELLO = ("pid", "release", "open_streams", "at")  # of what the probe says of its process
LONGEST = 1 << 20  # bytes of an event; a longer one is cut
STEP = 1 << 16  # bytes that are decompressed at a time
# A token stream has line breaks too, but each of its lines comes in many reads, though it is short.
READS_PER_LINE = 8
NO_TIME = 1e12  # seconds; what is larger counts something else
CUT_SHORT = "the compressed body ends in the middle"
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
    """Understands a body piece by piece. Never raises on what it is fed: ``trouble`` says it.

    ``seen`` and ``size`` count all, ``reads`` and ``events`` keep the first ``KEPT``. Times are
    whatever clock the caller uses.
    """

    def __init__(
        self,
        content_type: str = "",
        content_encoding: str = "",
        sent_field: str = "sent_monotonic",
    ) -> None:
        kind = content_type.partition(";")[0].strip().lower()
        self.reads: list[tuple[float, int]] = []
        self.size = 0  # bytes as they came
        self.last_at: float | None = None  # of all reads
        self.longest_silence = 0.0  # between two reads, or before the first
        self.decoded = 0  # bytes after decompression
        self.finished = False  # the event that says that it is the last one has come
        self.server_clock = ""
        self.opened: float | None = None
        self.server: dict[str, Any] = {}
        self.trouble = ""
        self._sent_field = sent_field
        self._events: list[Event] = []
        self._found = 0
        self._chunks: list[Event] = []
        self._chunked = 0
        self._at = 0.0
        self._plain, known = _plain(content_encoding)
        self._format = LINES
        if not known:
            self._format = CHUNKS
        elif kind == "text/event-stream":
            self._format = SSE
        elif kind in NDJSON_TYPES:
            self._format = NDJSON
        self._parser: _EventStream | _Lines = (
            _EventStream() if self._format == SSE else _Lines(self._format == NDJSON)
        )

    def feed(self, data: bytes, at: float) -> None:
        """Take what one read brought."""
        self._at = at
        self.longest_silence = max(self.longest_silence, at - (self.last_at or 0.0))
        self.last_at = at
        self.size += len(data)
        if len(self.reads) < KEPT:
            self.reads.append((at, len(data)))
        try:
            for plain in self._plain.feed(data):
                self._understand(plain)
        except zlib.error as error:
            self._give_up(f"the body is not compressed as Content-Encoding says: {error}")
            self._understand(data)

    def finish(self, *, whole: bool = True) -> None:
        """Take note of the end; ``whole`` unless the reader left before it."""
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
        """How the events were told apart: sse, ndjson, lines, chunks."""
        tokens = (
            self._found * READS_PER_LINE < self._chunked
            and self.decoded <= self._found * SHORT_LINE
        )
        if self._format == LINES and (tokens or (self._chunked and not self._found)):
            return CHUNKS
        return self._format

    @property
    def seen(self) -> int:
        """How many events there were."""
        return self._chunked if self.format == CHUNKS else self._found

    @property
    def events(self) -> tuple[Event, ...]:
        """The first events."""
        return tuple(self._chunks if self.format == CHUNKS else self._events)

    def _understand(self, plain: bytes) -> None:
        self.decoded += len(plain)
        self._chunked += 1
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
        self._plain = _Plain()

    def _trouble(self, trouble: str) -> None:
        self.trouble = self.trouble or trouble

    def _note(self, piece: _Piece) -> None:
        """Read what an event says of itself."""
        self._found += 1
        self.finished = False  # an end in the midst was none
        if self._found > KEPT and b"end" not in piece.data and b"DONE" not in piece.data:
            return  # of many events only the last one is of interest
        said = _said(piece.data)
        name, number = said.get("event") or piece.name, said.get("n")
        if name == "hello":
            self.opened = _number(said.get("opened_monotonic"))
            self.server_clock = str(said.get("clock") or "")[:64]
            # Whoever says it: values only, nothing that goes deeper.
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


class _Piece(NamedTuple):
    """An event as it was sent; ``data`` is empty when it was cut."""

    size: int
    data: bytes = b""
    name: str = ""
    id: str | None = None


class _Splitter:
    """Cuts bytes into lines, which end with LF, CRLF or CR. Holds what has no end yet."""

    _ENDS = re.compile(rb"\r\n|\n|\r")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.held = 0
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        if self._after_cr and data.startswith(b"\n"):
            data, self._after_cr = data[1:], False
        if not data:
            return []
        self._after_cr = data.endswith(b"\r")
        first, *others = self._ENDS.split(data)
        self._parts.append(first)
        self.held += len(first)
        if not others:
            return []
        lines = [self.take(), *others]
        rest = lines.pop()
        self._parts, self.held = [rest], len(rest)
        return lines

    def take(self) -> bytes:
        """What is held, which is then held no more."""
        held = b"".join(self._parts)
        self._parts, self.held = [], 0
        return held


class _EventStream:
    """Server-sent events, as https://html.spec.whatwg.org/multipage/server-sent-events.html has
    them: a comment is no event, nor is what has no data."""

    def __init__(self) -> None:
        self._lines = _Splitter()
        self._begun = False
        self._events = 0
        self._odd = b""  # the first line that is no field
        self.trouble = ""
        self._new()

    def _new(self) -> None:
        self._data: list[bytes] = []
        self._name = ""
        self._id: str | None = None
        self._size = 0
        self._cut = False

    def feed(self, data: bytes) -> Iterator[_Piece]:
        for line in self._lines.feed(data):
            self._size += len(line) + 1
            if line:
                self._field(line)
            elif self._data or self._cut:
                yield self._event()
            else:
                self._new()
        if self._size + self._lines.held > LONGEST:
            self._size += self._lines.held
            self._lines.take()
            self._data = []
            yield self._event()
            self._cut = True

    def _event(self) -> _Piece:
        self._events += 1
        piece = _Piece(self._size, b"\n".join(self._data), self._name, self._id)
        self._new()
        return piece

    def _field(self, line: bytes) -> None:
        if not self._begun:
            self._begun = True
            if line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
        name, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")
        elif name == b"id":
            self._id = value.decode("utf-8", "replace")
        elif name not in (b"", b"retry") and not self._cut:
            self._odd = self._odd or line

    def finish(self, *, whole: bool) -> Iterator[_Piece]:
        rest = self._lines.take()
        if rest and whole:
            self._field(rest)
        if self._odd:
            odd = _quote(self._odd)
            self.trouble = f"not server-sent events: the line {odd} has no field's name"
        elif not self._events and len(self._data) > (0 if whole else 1):
            self.trouble = "no blank line ends the server-sent events, so they are none"
        return iter(())  # an event without its blank line is none


_BLANK = b" \t\x1e"  # the last one begins each record of JSON text sequences
_JSON = b'{["-0123456789tfn'  # what JSON begins with


class _Lines:
    """An event a line; a blank line is none."""

    def __init__(self, json_lines: bool) -> None:
        self._lines = _Splitter()
        self._json = json_lines
        self._odd = b""
        self._cut = False
        self._broken = json_lines  # whether there are lines at all

    def feed(self, data: bytes) -> Iterator[_Piece]:
        for line in self._lines.feed(data):
            self._broken = True
            if line:
                yield from self._event(line)
        if self._lines.held > LONGEST:
            yield _Piece(len(self._lines.take()))
            self._cut = True

    def _event(self, line: bytes) -> Iterator[_Piece]:
        if line.strip(_BLANK):
            if self._json and not self._cut and line.lstrip(_BLANK)[:1] not in _JSON:
                self._odd = self._odd or line
            yield _Piece(len(line) + 1, b"" if self._cut else line)
        self._cut = False

    def finish(self, *, whole: bool) -> Iterator[_Piece]:
        rest = self._lines.take()
        return self._event(rest) if whole and self._broken else iter(())

    @property
    def trouble(self) -> str:
        return f"not NDJSON: the line {_quote(self._odd)}" if self._odd else ""


class _Plain:
    """A body that is not compressed, or by what is not known here."""

    ended = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data


class _Inflate:
    """Gives out what can be decompressed so far; also of several members, and of raw deflate."""

    def __init__(self, *, deflate: bool) -> None:
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._head: bytes | None = b"" if deflate else None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._head is not None:
            self._head += data
            if len(self._head) < 2:
                return
            data, self._head = self._head, None
            if data[0] & 15 != zlib.DEFLATED or (data[0] << 8 | data[1]) % 31:
                self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
        full = False
        while data or full:
            if self._zlib.eof:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32)
            plain = self._zlib.decompress(data, STEP)
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            full = len(plain) == STEP and not self._zlib.eof
            if plain:
                yield plain

    @property
    def ended(self) -> bool:
        return self._zlib.eof


def _plain(encoding: str) -> tuple[_Plain | _Inflate, bool]:
    """What undoes this Content-Encoding, and whether it can."""
    encoding = encoding.strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _Inflate(deflate=encoding == "deflate"), True
    return _Plain(), encoding in ("", "identity")


def _said(data: bytes) -> dict[str, Any]:
    """The JSON object in an event, which may have a word before it."""
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


def _quote(line: bytes) -> str:
    text = line[:60].decode("utf-8", "replace")
    return repr(text + ("..." if len(line) > 60 else ""))
