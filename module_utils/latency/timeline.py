# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reader saw of one stream. Values only, so that JSON can carry them."""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping, NamedTuple

# How a stream ended, as far as its reader could tell.
COMPLETE = "complete"  # the last chunk, END_STREAM, or as many bytes as announced
CLOSE = "close"  # the connection was closed, which over HTTP/1 without framing may be the end
RESET = "reset"  # cut: a reset, or a close in the middle of what was announced
TIMEOUT = "timeout"  # silence until the reader's patience ended
LIMIT = "limit"  # the reader had seen enough and left
REFUSED = "refused"  # no answer: nobody listens, TLS or HTTP failed before the headers
SSE, NDJSON, LINES, CHUNKS = "sse", "ndjson", "lines", "chunks"
KEPT = 5000  # events and reads; of a longer stream the first ones
CUT_SHORT = "the compressed body ends in the middle"


class Event(NamedTuple):
    """What the application meant to send, when its last byte had come.

    ``arrived`` is in seconds since the request began, ``size`` in bytes of the decoded body,
    ``sent`` the server's own monotonic clock in seconds, ``key`` the event's number or id; the last
    two are None when the event does not tell.
    """

    arrived: float
    size: int
    sent: float | None = None
    key: str | None = None


class Timeline(NamedTuple):
    """One stream, from the request to its end.

    Times are seconds since the request began (``began``, on the reader's monotonic clock), and
    None for what did not happen. Two monotonic clocks can be compared when their ``clock`` is the
    same: it is the id of the machine's boot, and empty when unknown.
    """

    began: float
    events: tuple[Event, ...] = ()
    reads: tuple[
        tuple[float, int], ...
    ] = ()  # (when, bytes of the body as it came), the first ones
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case
    status: int = 0
    http: str = ""  # 1.0, 1.1, 2, 3
    tls: str = ""  # TLSv1.3, or empty
    format: str = ""  # sse, ndjson, lines, chunks (when nothing separates events)
    connected: float | None = None
    headers_at: float | None = None
    ended: str = COMPLETE
    ended_at: float = 0.0
    error: str = ""  # what the reader was told, in its words
    size: int = 0  # bytes of the body as it came
    last_at: float | None = None  # the last read, also when it is not kept in reads
    longest_silence: float = 0.0  # between two reads, or before the first
    finished: bool = False  # the event that says that it is the last one has come
    reader_clock: str = ""
    server_clock: str = ""
    opened: float | None = None  # when the app began its answer, by the server's clock
    server: Mapping[str, Any] = {}  # what the probe endpoint says of its process
    marks: tuple[tuple[float, str], ...] = ()  # what was done meanwhile: (when, "reload")

    def header(self, name: str) -> str:
        """The first header of this name, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def same_clock(self) -> bool:
        """Whether ``sent`` and ``began`` are of one clock."""
        return bool(self.reader_clock) and self.reader_clock == self.server_clock

    def as_json(self) -> dict[str, Any]:
        """What ``of`` reads: only what is not at its default, times in microseconds' precision.

        Events and reads are one text each: Ansible shows a failed task's result line by line.
        """
        default = Timeline(0.0)
        found = {
            name: value
            for name, value in self._asdict().items()
            if name == "began" or value != getattr(default, name)
        }
        if self.events:
            found["events"] = _text(
                [
                    round(event.arrived, 6),
                    event.size,
                    event.sent and round(event.sent, 6),
                    event.key,
                ]
                for event in self.events
            )
        if self.reads:
            found["reads"] = _text([round(at, 6), size] for at, size in self.reads)
        return found

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Timeline:
        """The timeline that ``as_json`` wrote."""
        known = {name: value for name, value in found.items() if name in cls._fields}
        known["events"] = tuple(Event(*event) for event in json.loads(found.get("events", "[]")))
        known["reads"] = tuple(tuple(read) for read in json.loads(found.get("reads", "[]")))
        for name in ("headers", "marks"):
            known[name] = tuple(tuple(pair) for pair in found.get(name, ()))
        return cls(**known)


def _text(rows: Iterable[list[Any]]) -> str:
    return json.dumps(list(rows), separators=(",", ":"))
