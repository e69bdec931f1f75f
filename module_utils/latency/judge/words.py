# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The words of a verdict, and what a verdict rests on."""

from __future__ import annotations

STREAMING = "streaming"
UNKNOWN = "unknown"
DELAYED = "delayed"
LUMPED = "lumped"
BUFFERED = "buffered"
STALLED = "stalled"
TRUNCATED = "truncated"
REFUSED = "refused"

# From best to worst. The first two accuse nobody.
ORDER = (STREAMING, UNKNOWN, DELAYED, LUMPED, BUFFERED, STALLED, TRUNCATED, REFUSED)

# What a verdict rests on: the problems.
NOT_ANSWERED = "not answered"
ANOTHER_ANSWER = "another answer"  # than at the layer before
CUT = "cut"
UNREADABLE = "unreadable"  # not compressed as it says
EARLY_END = "early end"  # a clean end that only other layers show to be early
TIME_IS_UP = "time is up"  # the same, of all streams at the same time after their start
SILENT = "silent"
WAITING = "waiting"
UPLOAD_HELD = "upload held"
NO_STREAM = "no stream"
BUNCHED = "bunched"  # events come together, and do not say when they were sent
READER = "reader"
MACHINE = "machine"  # of the reader and the server: it is too busy
NETWORK = "network"  # it lost packets, so events come late by themselves
UNSTEADY = "unsteady"  # bad in both rounds, but in different ways
HELD = "held"
REPLAYED = "replayed"  # sent earlier, to another reader
COPIED = "copied"  # sent to another reader at this time, and passed on in the end
HEADERS_HELD = "headers held"
FIRST_LATE = "first chunk late"  # the headers were not
ASKED_LATE = "asked late"  # the app got the request late
SLOWED = "slowed"
OVER_LIMIT = "over limit"

# Problems that one fault can show in two rounds.
KINDS = (
    {CUT, EARLY_END, TIME_IS_UP},
    {HELD, REPLAYED, COPIED},
    {SILENT, WAITING, SLOWED},
    {HEADERS_HELD, ASKED_LATE, FIRST_LATE},
)
SURE = (
    NOT_ANSWERED,
    ANOTHER_ANSWER,
    CUT,
    UNREADABLE,
    EARLY_END,
    NO_STREAM,
    BUNCHED,
    UPLOAD_HELD,
    REPLAYED,
    COPIED,
)  # even for a slow reader
# What lost packets look like too.
LATE = (
    HELD,
    REPLAYED,
    COPIED,
    HEADERS_HELD,
    FIRST_LATE,
    ASKED_LATE,
    SLOWED,
    WAITING,
    UPLOAD_HELD,
)
LASTING = 1.0  # seconds; a stream that was held for so long was not held by chance


def alike(one: str, other: str) -> bool:
    """Whether two problems can come from one fault."""
    return one == other or any({one, other} <= kind for kind in KINDS)


def rank(verdict: str) -> int:
    """How bad a verdict is. It is 0 for streaming and unknown."""
    return max(0, ORDER.index(verdict) - 1)
