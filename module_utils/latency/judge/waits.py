# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Streams that wait: for their first byte, for the next one, or for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

from .. import timeline
from . import compare, figures
from .judged import COMPRESSED, FEWEST_EVENTS, NOT_READ_ON, SINGLE, Case, Problem
from .queues import queued
from .words import (
    BUFFERED,
    DELAYED,
    HELD,
    NO_STREAM,
    OVER_LIMIT,
    SILENT,
    STALLED,
    UNKNOWN,
    UPLOAD_HELD,
    WAITING,
)

if TYPE_CHECKING:
    from ..timeline import Timeline

TOGETHER = 0.5  # seconds; streams that are opened sooner after each other were open together
LONG_PAUSE = 0.5  # seconds
RESTART = 2.0  # seconds; a service may take this long to start


def _withheld(case: Case) -> Iterator[Problem]:
    """Almost no events came in a time in which the layer before had some."""
    one = case.timelines[0]
    if case.name in NOT_READ_ON or len(case.timelines) > 1 or len(one.events) >= FEWEST_EVENTS:
        return
    if case.before and stopped_at_a_pause(one, case.before.timelines):
        return  # it fell silent
    sent = _sent_meanwhile(case, one)
    if sent >= FEWEST_EVENTS and not one.finished:
        came = f"{len(one.events)} came" if one.events else "nothing came"
        yield BUFFERED, HELD, f"of {sent} events {came} in {one.ended_at:.1f} s"


def _sent_meanwhile(case: Case, one: Timeline) -> int:
    """How many events the layer before had while this stream was silent."""
    if not case.before or case.before.rank:
        return 0
    last = one.events[-1].arrived if one.events and one.ended == timeline.TIMEOUT else 0.0
    until = one.ended_at - 0.1
    events = case.before.timelines[0].events if case.before.timelines else ()
    return sum(last < event.arrived < until for event in events)


def stopped_at_a_pause(one: Timeline, before: Sequence[Timeline]) -> float:
    """Seconds that the layer before was silent for, where this stream came to nothing; else 0.

    Only if nothing came after that pause, although the connection stayed open, and if it was the
    longest pause of the stream.
    """
    count = len(one.events)
    if one.ended != timeline.TIMEOUT or not count or not before:
        return 0.0
    there = before[0]
    if len(there.events) <= count:
        return 0.0
    pause = there.events[count].arrived - there.events[count - 1].arrived
    return pause if pause >= max(LONG_PAUSE, 0.9 * figures.kept_gap(there)) else 0.0


def _silent(case: Case) -> Iterator[Problem]:
    silent = [one for one in case.timelines if one.ended == timeline.TIMEOUT]
    if not silent:
        return
    one = silent[0]
    after = f"after {len(one.events)} events" if one.headers_at else "and no headers came"
    lasted = f"{case.share(silent)}silent for {figures.silence_before_end(one):.1f} s {after}"
    if one.headers_at is None or _sent_meanwhile(case, one) >= FEWEST_EVENTS:
        yield STALLED, SILENT, lasted
    else:
        yield UNKNOWN, SILENT, f"{lasted}, which can be normal for this stream"


def _silent_at_the_end(case: Case) -> Iterator[Problem]:
    """The reader left in a silence that was over the limit for a gap."""
    one, limit = case.timelines[0], case.allowed.largest_gap
    if limit is None or case.name in NOT_READ_ON or one.finished or one.ended != timeline.LIMIT:
        return
    silence = figures.silence_before_end(one)
    if one.events and silence > limit:
        yield STALLED, OVER_LIMIT, f"largest gap {silence:.3f} and more, allowed {limit:.3f}"


def _waiting(case: Case) -> Iterator[Problem]:
    wait = case.allowed.wait
    waiting = queued(case.timelines, wait)
    if waiting and not (case.before and queued(case.before.timelines, wait)):
        longest = max(one.headers_at or one.ended_at for one in waiting)
        yield (
            STALLED,
            WAITING,
            f"{case.share(waiting)}headers after up to {longest:.2f} s, when others had ended",
        )


def _waiting_for_another_pass(case: Case) -> Iterator[Problem]:
    """Passes of one stream are read side by side. One began only when the other had ended, or not
    at all. A proxy may hold an answer that it compresses; apps send its headers.
    """
    one = case.timelines[0]
    for other in case.beside if case.name in SINGLE else ():
        together = abs(other.began - one.began) < TOGETHER
        if not together or queued((one, other), case.allowed.wait) != [one]:
            continue
        if one.headers_at is not None:
            why = f"headers after {one.headers_at:.2f} s, when the other pass had ended"
            yield STALLED, WAITING, why
        elif case.nearest or case.name not in COMPRESSED:
            why = f"no answer in {one.ended_at:.2f} s, in which the other pass ran"
            yield STALLED, WAITING, why


def _left_unanswered(case: Case) -> Iterator[Problem]:
    """The reader left before an answer came. That is late only if others were faster."""
    left = [one for one in case.timelines if one.ended == timeline.LIMIT and one.headers_at is None]
    if not left:
        return
    waited = f"{case.share(left)}no answer yet after {left[0].ended_at:.1f} s"
    usual = compare.header_times(case.earlier)
    before = usual[-1] if usual else case.had.time_to_headers_seconds
    way = 2 * (left[0].connected or 0.0)
    where = "at the layer before"
    if before is None and case.alone:
        before, where = case.alone.metrics.time_to_headers_seconds, "alone"
    if before is None and (here := compare.header_times(case.here)):
        before, where = here[0], "another time"
    limit = case.allowed.time_to_headers + case.allowed.relative * (before or 0.0) + way
    if before is not None and left[0].ended_at > limit:
        yield STALLED, SILENT, f"{waited}, {where} after {before:.2f} s"
    else:
        yield UNKNOWN, NO_STREAM, waited


def _restarted(case: Case) -> Iterator[Problem]:
    for one in case.timelines:
        waited = restart_waited(one)
        if waited:
            yield STALLED, WAITING, f"headers {waited:.1f} s after the restart"


def restart_waited(one: Timeline) -> float:
    """Seconds that a new stream waited for a restart, or 0 if it took no longer than a start."""
    restarts = [at for at, what in one.marks if what == "restart"]
    waited = (one.headers_at or one.ended_at) - restarts[0] if restarts else 0.0
    return waited if waited > RESTART else 0.0


def _upload_held(case: Case) -> Iterator[Problem]:
    """The answer must begin before the request ends, as at the layer before."""
    if not case.before:
        return  # an app may read the whole request first
    one = case.timelines[0]
    sent = max((at for at, what in one.marks if what == "sent"), default=None)
    if case.name == "upload" and sent and one.headers_at and one.headers_at >= 0.9 * sent:
        waited = (
            f"the answer began at {one.headers_at:.2f} s, the request had ended at {sent:.2f} s"
        )
        yield DELAYED, UPLOAD_HELD, waited


CHECKS = (
    _waiting_for_another_pass,
    _withheld,
    _silent,
    _silent_at_the_end,
    _waiting,
    _left_unanswered,
    _restarted,
    _upload_held,
)
