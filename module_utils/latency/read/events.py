# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Cut a body into events."""

from __future__ import annotations

import re
from typing import Iterator, NamedTuple

LONGEST = 1 << 20  # bytes of an event; longer events are cut


class Piece(NamedTuple):
    """An event as it was sent. ``data`` is empty if it was cut."""

    size: int
    data: bytes = b""
    name: str = ""
    id: str | None = None


class _Splitter:
    """Cuts bytes into lines, which end with LF, CRLF or CR. Holds the line that has no end yet."""

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
        """Return what is held, and hold nothing."""
        held = b"".join(self._parts)
        self._parts, self.held = [], 0
        return held


class EventStream:
    """Server-sent events, see https://html.spec.whatwg.org/multipage/server-sent-events.html.

    A comment is not an event. Neither is anything without data.
    """

    def __init__(self) -> None:
        self._lines = _Splitter()
        self._begun = False
        self._events = 0
        self._odd = b""  # the first line that is not a field
        self.trouble = ""
        self._new()

    def _new(self) -> None:
        self._data: list[bytes] = []
        self._name = ""
        self._id: str | None = None
        self._size = 0
        self._cut = False

    def feed(self, data: bytes) -> Iterator[Piece]:
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

    def _event(self) -> Piece:
        self._events += 1
        piece = Piece(self._size, b"\n".join(self._data), self._name, self._id)
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

    def finish(self, *, whole: bool) -> Iterator[Piece]:
        rest = self._lines.take()
        if rest and whole:
            self._field(rest)
        if self._odd:
            odd = quoted(self._odd)
            self.trouble = f"not server-sent events: the line {odd} has no field name"
        elif not self._events and len(self._data) > (0 if whole else 1):
            self.trouble = "not server-sent events: no blank line ends them"
        return iter(())  # without its blank line it is not an event


_BLANK = b" \t\x1e"  # the last one begins a record of a JSON text sequence
_JSON = b'{["-0123456789tfn'  # the first characters of JSON


class Lines:
    """Each line is an event, except blank lines."""

    def __init__(self, json_lines: bool) -> None:
        self._lines = _Splitter()
        self._json = json_lines
        self._odd = b""
        self._cut = False
        self._broken = json_lines  # whether the body has line breaks

    def feed(self, data: bytes) -> Iterator[Piece]:
        for line in self._lines.feed(data):
            self._broken = True
            if line:
                yield from self._event(line)
        if self._lines.held > LONGEST:
            yield Piece(len(self._lines.take()))
            self._cut = True

    def _event(self, line: bytes) -> Iterator[Piece]:
        if line.strip(_BLANK):
            if self._json and not self._cut and line.lstrip(_BLANK)[:1] not in _JSON:
                self._odd = self._odd or line
            yield Piece(len(line) + 1, b"" if self._cut else line)
        self._cut = False

    def finish(self, *, whole: bool) -> Iterator[Piece]:
        rest = self._lines.take()
        return self._event(rest) if whole and self._broken else iter(())

    @property
    def trouble(self) -> str:
        return f"not NDJSON: the line {quoted(self._odd)}" if self._odd else ""


def quoted(line: bytes) -> str:
    text = line[:60].decode("utf-8", "replace")
    return repr(text + ("..." if len(line) > 60 else ""))
