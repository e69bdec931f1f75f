# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Events that come late, in lumps, or from a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

from .. import timeline
from . import figures
from .judged import FEWEST_EVENTS, NOT_READ_ON, Case, Judged, Problem
from .words import (
    BUFFERED,
    DELAYED,
    HEADERS_HELD,
    HELD,
    LUMPED,
    NO_STREAM,
    OVER_LIMIT,
    REPLAYED,
    SLOWED,
    STALLED,
    UNKNOWN,
)

if TYPE_CHECKING:
    from ..timeline import Timeline
    from .metrics import Metrics


def _replayed(case: Case) -> Iterator[Problem]:
    """A second reader gets at once what took the first one some time."""
    if case.name != "again" or not case.alone or not case.alone.timelines:
        return
    then, now = case.alone.timelines[0], case.timelines[0]
    took, takes = figures.span(then.events), figures.span(now.events)
    if took > 0.2 and takes < 0.2 * took and len(now.events) == len(then.events):
        yield BUFFERED, REPLAYED, f"the second reader got {len(now.events)} events in {takes:.2f} s"


def _held_back(case: Case) -> Iterator[Problem]:
    if case.name in NOT_READ_ON:
        return
    here, had, allowed = case.metrics, case.had, case.allowed
    if not case.before and at_once_in_the_end(case.timelines[0]):
        after = f"{here.time_to_first_chunk_seconds:.2f} s after the request"
        yield BUFFERED, HELD, f"all {here.events} events came in one read, {after}"
    if not case.before and here.delay_p50_seconds is None and not case.nearest:
        together = here.coalesced_ratio or 0.0
        if together > 0.5:
            say = f"{together:.0%} of the events come together and do not say when they were sent"
            yield UNKNOWN, NO_STREAM, say
    link = figures.link(case.timelines[0])
    p50, p99 = had.delay_p50_seconds, had.delay_p99_seconds
    if case.before and here.delay_from == figures.LUMPS:
        p50, p99 = figures.lumps(case.before.timelines)
    for name, delay, delay_before, least in (
        ("p50", here.delay_p50_seconds, p50, max(allowed.delay_p50, link)),
        ("p99", here.delay_p99_seconds, p99, max(allowed.delay_p99, 10 * link)),
    ):
        limit = max(least, allowed.relative * (delay_before or 0.0))
        if delay is not None and delay > limit:
            yield _how_held(here, had), HELD, f"delay {name} {delay:.3f} s, allowed {limit:.3f} s"


def _how_held(here: Metrics, had: Metrics) -> str:
    coalesced = here.coalesced_ratio or 0.0
    if coalesced > 0.9 and (here.stretch_ratio or 0.0) < 0.25:
        return BUFFERED
    return LUMPED if coalesced > 0.2 + (had.coalesced_ratio or 0.0) else DELAYED


def at_once_in_the_end(one: Timeline) -> bool:
    """Whether all events came late and in one read, and the stream ended then.

    Only for events that do not say when they were sent. A stream that goes on afterwards can have
    begun with older events.
    """
    stamped = any(event.sent is not None for event in one.events)
    first = figures.first_chunk(one) or 0.0
    late = first - (one.connected or 0.0) > 0.25
    together = len(figures.arrivals(one.events)) == 1 and figures.span(one.events) < 0.1 * first
    over = (
        one.ended not in {timeline.LIMIT, timeline.TIMEOUT}
        and figures.silence_before_end(one) < 0.1
    )
    return not stamped and len(one.events) >= 5 and late and together and over


def _headers_held(case: Case) -> Iterator[Problem]:
    here, had, allowed = case.metrics, case.had, case.allowed
    if here.headers_held_seconds is not None:
        limit = max(allowed.time_to_headers, allowed.relative * (had.headers_held_seconds or 0.0))
        held = here.headers_held_seconds
        if held > limit:
            after = f"headers {held:.2f} s after the app began its answer"
            yield DELAYED, HEADERS_HELD, f"{after}, allowed {limit:.2f} s"
        return
    headers, before = here.time_to_headers_seconds, had.time_to_headers_seconds
    if headers is not None and before is not None and here.streams == 1:
        connected = case.timelines[0].connected or 0.0
        headers -= connected
        limit = allowed.time_to_headers + allowed.relative * before + connected
        if headers > limit:
            yield DELAYED, HEADERS_HELD, f"headers after {headers:.2f} s, allowed {limit:.2f} s"


def _slowed(case: Case) -> Iterator[Problem]:
    """Concurrent streams must not take longer than a single one."""
    ratio = slowdown(case.timelines, case.alone)
    had = slowdown(case.before.timelines, case.alone) if case.before else None
    if case.name == "parallel" and ratio and ratio > case.allowed.slowdown * (had or 1.0):
        yield (
            DELAYED,
            SLOWED,
            f"{len(case.timelines)} at once took {ratio:.1f} times as long as one",
        )


def slowdown(timelines: Sequence[Timeline], alone: Judged | None) -> float | None:
    """The pace of concurrent streams, as a multiple of that of a single stream."""
    if not alone or len(timelines) < 2 or not alone.timelines:
        return None
    one = alone.timelines[0]
    usual = _pace(one)
    paces = sorted(_pace(one) for one in timelines if len(one.events) > FEWEST_EVENTS)
    middle = figures.quantile(paces, 0.5)
    return middle / usual if middle and usual and figures.span(one.events) > 0.1 else None


def _pace(one: Timeline) -> float:
    """Seconds between two events on average, without the longest gap: that one waits for others."""
    if len(one.events) <= FEWEST_EVENTS:
        return 0.0
    return (figures.span(one.events) - figures.kept_gap(one)) / (len(one.events) - 2)


def _over_the_limits(case: Case) -> Iterator[Problem]:
    if case.name in (*NOT_READ_ON, "idle"):
        return
    here, allowed = case.metrics, case.allowed
    first, gap = here.time_to_first_chunk_seconds, here.largest_gap_seconds
    for name, found, limit, word in (
        ("time to first chunk", first, allowed.time_to_first_chunk, DELAYED),
        ("largest gap", gap, allowed.largest_gap, STALLED),
        ("coalesced ratio", here.coalesced_ratio, allowed.coalesced_ratio, LUMPED),
    ):
        if limit is not None and found is not None and found > limit:
            yield word, OVER_LIMIT, f"{name} {found:.3f}, allowed {limit:.3f}"


CHECKS = (_replayed, _held_back, _headers_held, _slowed, _over_the_limits)
