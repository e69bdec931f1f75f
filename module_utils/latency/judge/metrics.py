# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Figures of a pass: how late its events came, and in how many arrivals."""

from __future__ import annotations

from typing import NamedTuple, Sequence

from ..timeline import CHUNKS, KEPT, Timeline
from .figures import (
    Number,
    arrivals,
    cadence_of,
    delays_of,
    encoding,
    first_chunk,
    framing,
    headers_held,
    largest_gap,
    quantile,
    span,
    stretch,
)


class Metrics(NamedTuple):
    """Figures of one pass of one layer. None means unknown. Times are seconds.

    Several streams share the figures of their events; of what each stream has once, this is the
    median. ``delay_*`` is arrival minus departure. ``delay_from`` says how departures are known:
    by the server's timestamps on the same clock, by timestamps that set the least delay to 0, or by
    ``lumps``, where events that came together count as sent in the stream's cadence.
    """

    time_to_headers_seconds: Number = None
    time_to_first_chunk_seconds: Number = None
    headers_held_seconds: Number = None  # from the start of the app's answer to the headers
    delay_p50_seconds: Number = None
    delay_p99_seconds: Number = None
    delay_from: str = ""
    largest_gap_seconds: Number = None
    coalesced_ratio: Number = None
    stretch_ratio: Number = None
    time_per_output_chunk_seconds: Number = None
    events: int = 0
    reads: int = 0
    size_bytes: int = 0
    duration_seconds: float = 0.0
    streams: int = 0
    http: str = ""
    tls: str = ""
    encoding: str = ""
    framing: str = ""
    ended: str = ""


def summarize(timelines: Sequence[Timeline], before: Sequence[Timeline] = ()) -> Metrics:
    """The figures of a pass. ``before`` is the same pass at the layer before."""
    if not timelines:
        return Metrics()
    usual = median([cadence_of(one) for one in before]) or None
    timelines = [as_sent(one, before) for one in timelines]
    delays, sources = [], set()
    for one in timelines:
        late, source = delays_of(one, usual)
        delays += late
        sources.add(source)
    delays.sort()
    first = timelines[0]
    events = sum(len(one.events) for one in timelines)
    clusters = sum(len(arrivals(one.events)) for one in timelines)
    reference = median([span(one.events) for one in before])
    return Metrics(
        time_to_headers_seconds=median([one.headers_at for one in timelines]),
        time_to_first_chunk_seconds=median([first_chunk(one) for one in timelines]),
        headers_held_seconds=median([headers_held(one) for one in timelines]),
        delay_p50_seconds=quantile(delays, 0.5),
        delay_p99_seconds=quantile(delays, 0.99),
        delay_from=sources.pop() if len(sources) == 1 else "",
        largest_gap_seconds=max((largest_gap(one) for one in timelines), default=None)
        if events > 1
        else None,
        coalesced_ratio=1 - clusters / events if events else None,
        stretch_ratio=median([stretch(one, reference) for one in timelines]),
        time_per_output_chunk_seconds=median([cadence_of(one) for one in timelines]),
        events=events,
        reads=sum(len(one.reads) for one in timelines),
        size_bytes=sum(one.size for one in timelines),
        duration_seconds=median([one.ended_at for one in timelines]) or 0.0,
        streams=len(timelines),
        http=first.http,
        tls=first.tls,
        encoding=encoding(first),
        framing=framing(first),
        ended=_worst_end(timelines),
    )


def as_sent(one: Timeline, before: Sequence[Timeline]) -> Timeline:
    """Where nothing separates events, cut them to their usual size at the layer before."""
    sizes = [event.size for other in before if other.format == CHUNKS for event in other.events]
    if one.format != CHUNKS or not sizes:
        return one
    usual = max(1.0, sum(sizes) / len(sizes))
    events = tuple(
        event._replace(size=round(usual))
        for event in one.events
        for _ in range(max(1, round(event.size / usual)))
    )
    return one._replace(events=events[:KEPT])


def median(values: Sequence[Number]) -> Number:
    return quantile(sorted(value for value in values if value is not None), 0.5)


def _worst_end(timelines: Sequence[Timeline]) -> str:
    order = ("refused", "reset", "timeout", "close", "limit", "complete")
    return min((one.ended for one in timelines), key=order.index)
