# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Figures of one stream."""

from __future__ import annotations

import math
from typing import Optional, Sequence

from ..timeline import KEPT, Event, Timeline

# Reads that are closer than this are one arrival: a lump takes several reads (seconds).
ONE_ARRIVAL = 0.0005
NEAR = 0.005  # seconds in which a server of this machine, or the next one, takes a connection
SERVER_CLOCK = "server clock"
OFFSET_UNKNOWN = "server clock, offset unknown"
LUMPS = "lumps"
Number = Optional[float]


def delays_of(one: Timeline, cadence: Number = None) -> tuple[list[float], str]:
    """How late each event came, in seconds, and where that is known from.

    ``cadence`` is the seconds between two events at the layer before: without it and without
    timestamps, what comes together may well have been sent together.
    """
    stamped = [event for event in one.events if event.sent is not None]
    if stamped and len(stamped) >= len(one.events) / 2:
        late = [one.began + event.arrived - (event.sent or 0.0) for event in stamped]
        if one.same_clock and clocks_agree(one, min(late)):
            return late, SERVER_CLOCK
        least = min(late)
        return [delay - least for delay in late], OFFSET_UNKNOWN
    if len(one.events) < 3 or cadence is None:
        return [], ""
    return _held_in(arrivals(one.events), cadence), LUMPS


def clocks_agree(one: Timeline, least: float) -> bool:
    """Whether what is said to be one clock can be one: in a time namespace it is another.

    Nothing arrives before it is sent, and no app answers before it is asked; but a cache does, with
    all of it at once.
    """
    replayed = span(one.events) < 0.2 * (sent_span(one) or 0.0)
    early = one.opened is not None and one.opened < one.began - 0.002 and not replayed
    return least > -0.002 and not early


def lumps(timelines: Sequence[Timeline]) -> tuple[Number, Number]:
    """The p50 and p99 that a layer's own lumps would be, if it were they that held the events."""
    late = sorted(
        delay
        for one in timelines
        for delay in _held_in(_bunches(one.events), cadence_of(one) or 0.0)
    )
    return quantile(late, 0.5), quantile(late, 0.99)


def _held_in(lumps: Sequence[list[Event]], cadence: float) -> list[float]:
    """What came together was sent in the stream's cadence, but not before the last arrival."""
    late, previous = [], 0.0
    for cluster in lumps:
        at = cluster[0].arrived
        late += [min(n * cadence, at - previous) for n in range(len(cluster))]
        previous = at
    return late


def arrivals(events: Sequence[Event]) -> list[list[Event]]:
    """The events, those together that came together."""
    clusters: list[list[Event]] = []
    for event in events:
        if clusters and event.arrived - clusters[-1][-1].arrived < ONE_ARRIVAL:
            clusters[-1].append(event)
        else:
            clusters.append([event])
    return clusters


def _bunches(events: Sequence[Event]) -> list[list[Event]]:
    """The events, those together that the next layer may well get together."""
    found: list[list[Event]] = []
    for event in events:
        if found and event.arrived - found[-1][0].arrived < NEAR:
            found[-1].append(event)
        else:
            found.append([event])
    return found


def span(events: Sequence[Event]) -> float:
    """Seconds from the first arrival to the last."""
    return events[-1].arrived - events[0].arrived if events else 0.0


def sent_span(one: Timeline) -> Number:
    """Seconds from the first departure to the last; None when the events do not tell."""
    sent = [event.sent for event in one.events if event.sent is not None]
    return sent[-1] - sent[0] if len(sent) > 1 else None


def stretch(one: Timeline, reference: Number = None) -> Number:
    """How much longer the arrivals took than the departures, or than the layer before."""
    departed = sent_span(one) or reference
    return span(one.events) / departed if departed and len(one.events) > 1 else None


def first_chunk(one: Timeline) -> Number:
    """Seconds to the first byte of the body."""
    return one.reads[0][0] if one.reads else one.events[0].arrived if one.events else None


def headers_held(one: Timeline) -> Number:
    """Seconds from the app's beginning of its answer to the headers, on one clock."""
    if one.opened is None or one.headers_at is None or not one.same_clock:
        return None
    held = one.began + one.headers_at - one.opened
    return held if clocks_agree(one, 0.0) else None


def link(one: Timeline) -> float:
    """What the way to a far server may add to the delay of an event, in seconds: that of a bad
    wireless link, or a round trip, of which there are three until it is connected; a slow handshake
    excuses no more. Nothing on the server's own machine.
    """
    far = (one.connected or 0.0) > NEAR and not one.same_clock
    return max(0.05, min(0.1, (one.connected or 0.0) / 3)) if far else 0.0


def largest_gap(one: Timeline) -> float:
    """The longest silence between two arrivals, in seconds; also after the events that are kept."""
    gap = kept_gap(one)
    # The silence before the first read is none between two.
    if len(one.events) >= KEPT and one.longest_silence > (first_chunk(one) or 0.0):
        gap = max(gap, one.longest_silence)
    return gap


def kept_gap(one: Timeline) -> float:
    """The longest silence between two of the events that are kept, in seconds."""
    times = [event.arrived for event in one.events]
    return max((b - a for a, b in zip(times, times[1:])), default=0.0)


def silence_before_end(one: Timeline) -> float:
    """Seconds from the last byte to the end."""
    return one.ended_at - (one.last_at or one.headers_at or 0.0)


def encoding(one: Timeline) -> str:
    """How the body was compressed."""
    return one.header("content-encoding").lower() or "identity"


def framing(one: Timeline) -> str:
    """What tells the reader that the body is complete."""
    if one.http in {"2", "3"}:
        return "http" + one.http
    if "chunked" in one.header("transfer-encoding").lower():
        return "chunked"
    if one.header("content-length"):
        return "content-length"
    return "close-delimited" if one.status and one.status != 204 else "none"


def quantile(ordered: Sequence[float], share: float) -> Number:
    """The value up to which this share of the values is; of two in the middle the upper one."""
    if not ordered:
        return None
    count = len(ordered)
    return ordered[max(math.ceil(share * count) - 1, count // 2)]


def cadence_of(one: Timeline) -> Number:
    """Seconds between two events, on average."""
    departed = sent_span(one)
    taken = departed if departed is not None else span(one.events)
    return taken / (len(one.events) - 1) if len(one.events) > 1 else None
