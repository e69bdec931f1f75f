# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Events that come late, in lumps, or from a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

from .. import timeline
from . import compare, figures
from .judged import FEWEST_EVENTS, NOT_READ_ON, SINGLE, Case, Problem
from .metrics import as_sent
from .words import (
    ASKED_LATE,
    BUFFERED,
    BUNCHED,
    COPIED,
    DELAYED,
    FIRST_LATE,
    HEADERS_HELD,
    HELD,
    LUMPED,
    OVER_LIMIT,
    REPLAYED,
    SLOWED,
    STALLED,
    UNKNOWN,
)

if TYPE_CHECKING:
    from ..timeline import Timeline
    from .metrics import Metrics

SMALLEST_BLOCK = 512  # bytes
FEWEST_STEPS = 3
ENOUGH_COPIED = 10  # events; an app that has few may have them at once
SMALL_GAP = 0.05  # seconds; with no longer gap it does not matter that events come together
FLOWS = 0.5  # seconds that it must go on like this
ENOUGH_UNEVEN = 8  # streams; fewer may be slower by chance


def _replayed(case: Case) -> Iterator[Problem]:
    """A second reader gets at once what took the first one some time."""
    if case.name != "again" or not case.alone or not case.alone.timelines:
        return
    then, now = case.alone.timelines[0], case.timelines[0]
    took, takes = figures.span(then.events), figures.span(now.events)
    if took > 0.2 and takes < 0.2 * took and len(now.events) == len(then.events):
        yield BUFFERED, REPLAYED, f"the second reader got {len(now.events)} events in {takes:.2f} s"


def _faster_than_before(case: Case) -> Iterator[Problem]:
    """The events come at once, and soon, although they take their time at the layer before."""
    if case.name not in SINGLE or not case.before or not case.before.timelines:
        return
    now, then = case.timelines[0], case.before.timelines[0]
    took, takes = figures.span(then.events), figures.span(now.events)
    enough = len(now.events) >= ENOUGH_COPIED and len(now.events) >= len(then.events)
    soon = bool(now.events) and now.events[0].arrived < 0.3 * took  # not held until the end
    if enough and took > 0.3 and takes < 0.05 * took and soon:
        at_once = f"{len(now.events)} events came within {takes:.2f} s"
        yield BUFFERED, REPLAYED, f"{at_once}; at the layer before they take {took:.1f} s"


def _anothers_events(case: Case) -> Iterator[Problem]:
    """Another pass asked at the same time, and this one got the events of that one, in the end."""
    one = case.timelines[0]
    for other in case.beside if case.name in SINGLE else ():
        took, takes = figures.span(other.events), figures.span(one.events)
        waited = one.began + (one.headers_at or 0.0) - other.began - other.ended_at
        at_once = took > 0.2 and takes < 0.1 * took and len(one.events) == len(other.events)
        # What is compressed on the way waits for its own end, which is that moment too.
        copied = figures.encoding(one) == figures.encoding(other) and all(
            a.sent == b.sent for a, b in zip(one.events, other.events)
        )
        if at_once and copied and waited > -figures.NEAR and case.before:
            after = f"{waited:.2f} s after that one had ended"
            yield BUFFERED, COPIED, f"it got the other pass's {len(one.events)} events, {after}"


def _held_back(case: Case) -> Iterator[Problem]:
    if case.name in NOT_READ_ON:
        return
    here, had, allowed = case.metrics, case.had, case.allowed
    if not case.before and at_once_in_the_end(case.timelines[0]):
        after = f"{here.time_to_first_chunk_seconds:.2f} s after the request"
        yield BUFFERED, HELD, f"all {here.events} events came in one read, {after}"
    together = here.coalesced_ratio or 0.0
    unstamped = not case.before and here.delay_p50_seconds is None
    if unstamped and together > 0.5 and not _flows(case.timelines[0]):
        size = in_blocks(case.timelines[0])
        if size:
            yield LUMPED, HELD, f"reads of {size} bytes each, which end inside events"
        say = f"{together:.0%} of the events come together and do not say when they were sent"
        yield UNKNOWN, BUNCHED, say
    link = figures.link(case.timelines[0])
    if here.delay_from == figures.LUMPS and not _can_be_compared(case, link):
        return
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


def _acknowledged(case: Case) -> Iterator[Problem]:
    """A server waits for an acknowledgement before it sends on, so events come once a round trip.

    A connection's first events do so too, while the kernel is careful. And so may lost packets.
    """
    one, before = case.timelines[0], case.before
    known = before or any(event.sent is not None for event in one.events)
    if case.name not in SINGLE or not known or one.round_trip is None or one.lost:
        return
    steps = figures.steps_of_a_trip(one)
    less = (case.metrics.coalesced_ratio or 0.0) > 0.3 + (case.had.coalesced_ratio or 0.0)
    if len(steps) >= FEWEST_STEPS and less:
        trip = f"{one.round_trip * 1000:.0f} ms"
        yield LUMPED, HELD, f"events come in {len(steps)} steps of a round trip ({trip})"


def _flows(one: Timeline) -> bool:
    """Whether it comes without a gap for some time, so that nobody can have collected much."""
    return figures.span(one.events) > FLOWS and figures.largest_gap(one) < SMALL_GAP


def _can_be_compared(case: Case, link: float) -> bool:
    """Whether lumps mean delays: in an even cadence, or if they are more than chance."""
    before = [as_sent(one, case.compared) for one in case.compared]
    here = [as_sent(one, case.compared) for one in case.timelines]
    return compare.even(before) or compare.closer(here, before, link)


def in_blocks(one: Timeline) -> int:
    """The size of the blocks, in bytes, if the stream comes in blocks of one size; else 0.

    An app sends whole events. A buffer passes on what it holds when it is full, so its blocks end
    inside events. The last block is as large as it happens to be.
    """
    if figures.encoding(one) != "identity":
        return 0
    blocks: list[tuple[float, int]] = []
    for at, size in one.reads:
        if blocks and at - blocks[-1][0] < figures.NEAR:
            blocks[-1] = (at, blocks[-1][1] + size)
        else:
            blocks.append((at, size))
    sizes = {size for _, size in blocks[:-1]}
    if len(blocks) < 4 or len(sizes) != 1 or min(sizes) < SMALLEST_BLOCK:
        return 0
    size = sizes.pop()
    inside = sum(
        n * size > sum(event.size for event in one.events if event.arrived <= at)
        for n, (at, _) in enumerate(blocks[:-1], 1)
    )
    return size if inside >= (len(blocks) - 1) / 2 else 0


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


def _asked_late(case: Case) -> Iterator[Problem]:
    """The app got the request much later than it was sent, unlike at the layer before."""
    now = [late for late in map(figures.asked_after, case.timelines) if late is not None]
    before = case.before.timelines if case.before else ()
    then = [late for late in map(figures.asked_after, before) if late is not None]
    if case.name not in SINGLE or not now or not then:
        return
    limit = case.allowed.time_to_headers + case.allowed.relative * max(then)
    if min(now) > limit:
        asked = f"the app got the request after {min(now):.2f} s"
        yield DELAYED, ASKED_LATE, f"{asked}, allowed {limit:.2f} s"


def _headers_held(case: Case) -> Iterator[Problem]:
    here, had, allowed = case.metrics, case.had, case.allowed
    if here.headers_held_seconds is not None:
        limit = max(allowed.time_to_headers, allowed.relative * (had.headers_held_seconds or 0.0))
        held = here.headers_held_seconds
        if held > limit:
            after = f"headers {held:.2f} s after the app began its answer"
            yield DELAYED, HEADERS_HELD, f"{after}, allowed {limit:.2f} s"
        return
    now = compare.header_times(case.here or case.timelines)
    then = compare.header_times(case.compared)
    if now and then and here.streams == 1 and here.time_to_headers_seconds is not None:
        way = case.timelines[0].connected or 0.0
        limit = way + compare.latest_usual(now, then, allowed.time_to_headers, allowed.relative)
        least = min(now[0], here.time_to_headers_seconds - way)
        if least > limit:
            yield DELAYED, HEADERS_HELD, f"headers after {least:.2f} s, allowed {limit:.2f} s"


def _first_late(case: Case) -> Iterator[Problem]:
    """The headers are in time, and the first chunk is not. Events with times show it as a delay."""
    one, allowed = case.timelines[0], case.allowed
    now = compare.first_times(case.here or case.timelines)
    then = compare.first_times(case.compared)
    known = case.metrics.delay_from in {figures.SERVER_CLOCK, figures.OFFSET_UNKNOWN}
    if case.name not in SINGLE or known or not now or not then:
        return
    way = one.connected or 0.0
    limit = way + compare.latest_usual(now, then, allowed.time_to_headers, allowed.relative)
    least = min(now[0], (figures.first_chunk(one) or 0.0) - way)
    if least > limit:
        yield DELAYED, FIRST_LATE, f"first chunk after {least:.2f} s, allowed {limit:.2f} s"


def _slowed(case: Case) -> Iterator[Problem]:
    """Concurrent streams must not take longer than a single one."""
    alone = [*case.here, *case.earlier]
    ratio = slowdown(case.timelines, alone)
    had = slowdown(case.before.timelines, alone) if case.before else None
    if case.name == "parallel" and ratio and ratio > case.allowed.slowdown * max(had or 1.0, 1.0):
        yield (
            DELAYED,
            SLOWED,
            f"{len(case.timelines)} at once took {ratio:.1f} times as long as one",
        )


def slowdown(timelines: Sequence[Timeline], alone: Sequence[Timeline]) -> float | None:
    """The pace of concurrent streams, as a multiple of that of the slowest single stream.

    An uneven stream has another pace each time. Then nearly all of the streams must be slower.
    """
    usual = max((_pace(one) for one in alone if figures.span(one.events) > 0.1), default=0.0)
    paces = sorted(_pace(one) for one in timelines if len(one.events) > FEWEST_EVENTS)
    is_even = compare.even(alone)
    if not usual or len(paces) < (2 if is_even else ENOUGH_UNEVEN):
        return None
    return paces[len(paces) // 2 if is_even else len(paces) // 10] / usual


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


CHECKS = (
    _replayed,
    _faster_than_before,
    _anothers_events,
    _held_back,
    _acknowledged,
    _asked_late,
    _headers_held,
    _first_late,
    _slowed,
    _over_the_limits,
)
