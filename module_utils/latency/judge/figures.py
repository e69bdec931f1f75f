# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Figures of one stream."""

from __future__ import annotations

import math
from typing import Optional, Sequence

from ..timeline import KEPT, Event, Timeline

# Seconds. Events that come closer together are one arrival: a lump takes several reads.
ONE_ARRIVAL = 0.0005
SHORTEST_PAUSE = 0.05  # seconds
SHORT_TRIP = 0.03  # seconds; lumps in steps of less do not matter
WINDOW = 14_000  # bytes that a new connection sends before it waits for acknowledgements
NEAR = 0.005  # seconds in which a server on this machine, or a near one, accepts a connection
SERVER_CLOCK = "server clock"
OFFSET_UNKNOWN = "server clock, offset unknown"
LUMPS = "lumps"
Number = Optional[float]


def delays_of(one: Timeline, cadence: Number = None) -> tuple[list[float], str]:
    """How late each event came, in seconds, and how this is known: one of the three constants.

    ``cadence`` is the time between two events at the layer before, in seconds. Without it and
    without timestamps, events that come together may have been sent together.
    """
    stamped = [event for event in one.events if event.sent is not None]
    if stamped and len(stamped) >= len(one.events) / 2:
        late = [one.began + event.arrived - (event.sent or 0.0) for event in stamped]
        if one.same_clock and clocks_agree(one, min(late)):
            way = min(*late, round_trip(one))
            return [delay - way for delay in late], SERVER_CLOCK
        least = min(late)
        return [delay - least for delay in late], OFFSET_UNKNOWN
    if len(one.events) < 3 or cadence is None:
        return [], ""
    return _held_in(arrivals(one.events), cadence), LUMPS


def clocks_agree(one: Timeline, least: float) -> bool:
    """Whether reader and server really have one clock. In a time namespace they do not.

    ``least`` is the least delay. Nothing arrives before it was sent, and no app answers before the
    request. Only a cache does, but it answers with all events at once.
    """
    replayed = span(one.events) < 0.2 * (sent_span(one) or 0.0)
    early = one.opened is not None and one.opened < one.began - 0.002 and not replayed
    return least > -0.002 and not early


def lumps(timelines: Sequence[Timeline]) -> tuple[Number, Number]:
    """The p50 and p99 of the delays that the lumps of these streams would mean by themselves."""
    late = sorted(
        delay
        for one in timelines
        for delay in _held_in(_bunches(one.events), cadence_of(one) or 0.0)
    )
    return quantile(late, 0.5), quantile(late, 0.99)


def _held_in(lumps: Sequence[list[Event]], cadence: float) -> list[float]:
    """Delays, if events that came together were sent in the cadence."""
    late, previous = [], 0.0
    for cluster in lumps:
        at = cluster[0].arrived
        late += [min(n * cadence, at - previous) for n in range(len(cluster))]
        previous = at
    return late


def arrivals(events: Sequence[Event]) -> list[list[Event]]:
    """The events in groups: those of a group came together."""
    clusters: list[list[Event]] = []
    for event in events:
        if clusters and event.arrived - clusters[-1][-1].arrived < ONE_ARRIVAL:
            clusters[-1].append(event)
        else:
            clusters.append([event])
    return clusters


def _bunches(events: Sequence[Event]) -> list[list[Event]]:
    """The events in groups: those of a group can reach the next layer together."""
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
    """Seconds from the first departure to the last; None if the events do not say it."""
    sent = [event.sent for event in one.events if event.sent is not None]
    return sent[-1] - sent[0] if len(sent) > 1 else None


def stretch(one: Timeline, reference: Number = None) -> Number:
    """The span of the arrivals, as a multiple of the departures' or of ``reference``."""
    departed = sent_span(one) or reference
    return span(one.events) / departed if departed and len(one.events) > 1 else None


def first_chunk(one: Timeline) -> Number:
    """Seconds to the first byte of the body."""
    return one.reads[0][0] if one.reads else one.events[0].arrived if one.events else None


def headers_held(one: Timeline) -> Number:
    """Seconds from when the app began its answer to the headers. Needs one clock."""
    if one.opened is None or one.headers_at is None or not one.same_clock:
        return None
    held = one.began + one.headers_at - one.opened
    return max(0.0, held - round_trip(one)) if clocks_agree(one, 0.0) else None


def asked_after(one: Timeline) -> Number:
    """Seconds from the connection to when the app began its answer. Needs one clock."""
    if one.opened is None or not one.same_clock or not clocks_agree(one, 0.0):
        return None
    return max(0.0, one.opened - one.began - (one.connected or 0.0) - round_trip(one))


def link(one: Timeline) -> float:
    """Seconds by which delays on the way to a far server may differ: a round trip, at least that of
    a bad wireless link, and not more for a slow handshake; more for a stream of many bytes, as a
    young connection sends few at a time and doubles them in each round trip. For a near server it
    is 0.
    """
    far = round_trip(one)
    trips = max(1.0, math.log2(1 + one.size / WINDOW))
    return trips * max(0.05, min(0.1, far)) if far else 0.0


def round_trip(one: Timeline) -> float:
    """Seconds of a round trip to a far server; 0 for a near one.

    Where the kernel did not say it: a connection takes three, and the server's own machine is near.
    """
    if one.round_trip is not None:
        return one.round_trip if one.round_trip > NEAR else 0.0
    slowly = one.connected or 0.0
    return slowly / 3 if slowly > NEAR and not one.same_clock else 0.0


def steps_of(one: Timeline, least: float, most: float) -> list[float]:
    """The seconds between lumps, if most of a stream's lumps are between ``least`` and ``most``
    seconds apart although its events are not; else empty.
    """
    times = [cluster[0].arrived for cluster in arrivals(one.events)]
    gaps = [later - sooner for sooner, later in zip(times, times[1:])]
    steps = sorted(gap for gap in gaps if least <= gap <= most)
    few = len(steps) < max(2, len(gaps) / 2) or len(times) > len(one.events) / 2
    return [] if few or (cadence_of(one) or 0.0) > 0.8 * least else steps


def late_by_one(one: Timeline) -> tuple[float, float]:
    """The share of the events, 0 to 1, that come when the next one is sent, and the seconds between
    two events. 0 where the events do not say when they were sent.
    """
    sent = [event.sent for event in one.events if event.sent is not None]
    late, _ = delays_of(one)
    cadence = (sent_span(one) or 0.0) / max(1, len(sent) - 1)
    if not late or not cadence:
        return 0.0, 0.0
    near = 0.3 * cadence
    pauses = [after - before for before, after in zip(sent, sent[1:])]
    found = sum(abs(by - pause) < near < by for by, pause in zip(late, pauses))
    return found / len(pauses), cadence


def pauses_of(one: Timeline) -> list[float]:
    """When the stream went on after each pause, if it pauses as what gets a CPU only now and then:
    a lump, a few events on time, and so on. Else empty. A buffer sends nothing between its lumps.
    """
    lumps = arrivals(one.events)
    gaps = [after[0].arrived - lump[-1].arrived for lump, after in zip(lumps, lumps[1:])]
    least = max(SHORTEST_PAUSE, 2 * (cadence_of(one) or 0.0))
    ends = [n for n, gap in enumerate(gaps, 1) if gap >= least]
    held = sum(len(lumps[n]) > 1 for n in ends)
    on_time = len(lumps) - 1 - len(ends)
    if len(ends) < 3 or held < 0.8 * len(ends) or on_time < 0.5 * len(ends):
        return []
    return [lumps[n][0].arrived for n in ends]


def steps_of_a_trip(one: Timeline) -> list[float]:
    """The seconds between lumps that come once in each round trip to a far server; else empty."""
    trip = round_trip(one)
    return steps_of(one, 0.8 * trip, 1.3 * trip) if trip > SHORT_TRIP else []


def largest_gap(one: Timeline) -> float:
    """The longest time between two arrivals in seconds, including events that are not kept."""
    gap = kept_gap(one)
    # The silence before the first read is not between two arrivals.
    if len(one.events) >= KEPT and one.longest_silence > (first_chunk(one) or 0.0):
        gap = max(gap, one.longest_silence)
    return gap


def kept_gap(one: Timeline) -> float:
    """The longest time between two kept events, in seconds."""
    times = [event.arrived for event in one.events]
    return max((b - a for a, b in zip(times, times[1:])), default=0.0)


def silence_before_end(one: Timeline) -> float:
    """Seconds from the last byte to the end."""
    return one.ended_at - (one.last_at or one.headers_at or 0.0)


def encoding(one: Timeline) -> str:
    """How the body is compressed: identity, gzip, ..."""
    return one.header("content-encoding").lower() or "identity"


def framing(one: Timeline) -> str:
    """How the reader knows that the body is complete."""
    if one.http in {"2", "3"}:
        return "http" + one.http
    if "chunked" in one.header("transfer-encoding").lower():
        return "chunked"
    if one.header("content-length"):
        return "content-length"
    return "close-delimited" if one.status and one.status != 204 else "none"


def quantile(ordered: Sequence[float], share: float) -> Number:
    """The value below which this share of the values lies. Of two in the middle it is the upper."""
    if not ordered:
        return None
    count = len(ordered)
    return ordered[max(math.ceil(share * count) - 1, count // 2)]


def cadence_of(one: Timeline) -> Number:
    """Seconds between two events, on average."""
    departed = sent_span(one)
    taken = departed if departed is not None else span(one.events)
    return taken / (len(one.events) - 1) if len(one.events) > 1 else None
