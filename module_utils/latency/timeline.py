# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a reader saw of one stream. Values only, so that JSON can carry them."""

from __future__ import annotations

import json
from typing import Any, Iterable, Mapping, NamedTuple

# How a stream ended, as its reader saw it.
COMPLETE = "complete"  # with the last chunk, END_STREAM, or all announced bytes
CLOSE = "close"  # the connection was closed; without framing that can be the end
RESET = "reset"  # cut: a reset, or a close before the announced end
TIMEOUT = "timeout"  # silence for longer than the reader's patience
LIMIT = "limit"  # the reader left because it had read enough
REFUSED = "refused"  # no answer: no listener, or TLS or HTTP failed before the headers

# How events are separated; chunks: not at all.
SSE, NDJSON, LINES, CHUNKS = "sse", "ndjson", "lines", "chunks"

KEPT = 5000  # a timeline has the first events and reads of a longer stream
GARBLED = "the body is not compressed as Content-Encoding says"
CUT_SHORT = "the compressed body ends in the middle"
TOO_LARGE = "the headers of the answer are larger than this reader takes"


class Event(NamedTuple):
    """What the application sent as one piece.

    ``arrived`` is when its last byte came, in seconds since the request began. ``size`` is in bytes
    of the decoded body. ``sent`` is when the server sent it, in seconds of the server's monotonic
    clock. ``key`` is its number or id. The last two are None if the event does not say it.
    """

    arrived: float
    size: int
    sent: float | None = None
    key: str | None = None


class Timeline(NamedTuple):
    """One stream, from the request to its end.

    Times are seconds since the request began, or None for what did not happen. ``began`` itself is
    in seconds of the reader's monotonic clock. Times of reader and server can be compared if both
    have the same clock. A clock's name is the boot id of its machine, or empty if unknown.
    """

    began: float
    events: tuple[Event, ...] = ()
    reads: tuple[tuple[float, int], ...] = ()  # (when, bytes before decompression), the first KEPT
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case
    status: int = 0
    http: str = ""  # 1.0, 1.1, 2, 3
    tls: str = ""  # such as TLSv1.3
    format: str = ""  # sse, ndjson, lines, chunks
    connected: float | None = None
    round_trip: float | None = None  # the shortest of the connection, as the kernel saw it
    lost: int = 0  # packets of the connection that came out of order, or were sent again
    headers_at: float | None = None
    ended: str = COMPLETE
    ended_at: float = 0.0
    error: str = ""  # why it ended, in words
    said: str = ""  # the first words of an answer that is no stream
    size: int = 0  # bytes of the body, before decompression
    last_at: float | None = None  # of all reads, including those that are not kept
    longest_silence: float = 0.0  # between two reads, or before the first
    finished: bool = False  # the event arrived that says it is the last one
    reader_clock: str = ""
    server_clock: str = ""
    opened: float | None = None  # when the app began its answer, on the server's clock
    server: Mapping[str, Any] = {}  # what the probe endpoint says about its process
    marks: tuple[tuple[float, str], ...] = ()  # what happened meanwhile: (when, "reload")

    def header(self, name: str) -> str:
        """The first header of this name, or an empty string."""
        return next((value for key, value in self.headers if key == name), "")

    @property
    def same_clock(self) -> bool:
        """Whether ``sent`` and ``began`` can be compared."""
        return bool(self.reader_clock) and self.reader_clock == self.server_clock

    def as_json(self) -> dict[str, Any]:
        """What ``of`` reads, without the fields at their defaults. Times are to the microsecond.

        Events and reads are one text each, because Ansible prints a failed task item by item.
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
