# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Streams that were refused or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

from .. import timeline
from ..timeline import CUT_SHORT, GARBLED, TOO_LARGE, Timeline
from . import figures
from .judged import SINGLE
from .words import (
    ANOTHER_ANSWER,
    CUT,
    EARLY_END,
    NO_STREAM,
    NOT_ANSWERED,
    READER,
    REFUSED,
    TIME_IS_UP,
    TRUNCATED,
    UNKNOWN,
    UNREADABLE,
)

if TYPE_CHECKING:
    from .judged import Case, Problem

STREAM_TYPES = ("text/event-stream", "application/x-ndjson", "application/jsonl")
PAGES = ("text/html", "application/json", "text/xml", "application/xml")
SAME_MOMENT = 0.02  # of the time since the start


def answered(one: Timeline) -> bool:
    """Whether the server answered with success."""
    return one.ended != timeline.REFUSED and 200 <= one.status < 300


def _refused(case: Case) -> Iterator[Problem]:
    refused = [
        one
        for one in case.timelines
        if not answered(one) and (one.status or one.ended == timeline.REFUSED)
    ]
    if refused and refused[0].error == TOO_LARGE:
        yield UNKNOWN, READER, TOO_LARGE
    elif refused and _takes_none(case, refused[0].status):
        yield UNKNOWN, NO_STREAM, f"there is no {case.name} here: {said(refused[0])}"
    elif refused:
        yield REFUSED, NOT_ANSWERED, case.share(refused) + said(refused[0])


def _another_answer(case: Case) -> Iterator[Problem]:
    """The layer before sends a stream, and this one a page."""
    one, before = case.timelines[0], case.before.timelines if case.before else ()
    here = one.header("content-type")
    there = before[0].header("content-type") if before else ""
    if here.startswith(PAGES) and there.startswith(STREAM_TYPES):
        yield REFUSED, ANOTHER_ANSWER, f"another answer: {here}, and {there} at the layer before"


def _takes_none(case: Case, status: int) -> bool:
    """Whether the status means that this path takes no POST, or not this one, but does take GET."""
    if case.name not in {"post", "upload"}:
        return False
    gets = case.alone is not None and any(map(answered, case.alone.timelines))
    return status in {405, 501} or (case.name == "post" and gets and 400 <= status < 500)


def said(one: Timeline) -> str:
    """The answer of the server, if it is not a stream."""
    if not one.status:
        return one.error or "no answer"
    if 300 <= one.status < 400:
        return f"HTTP {one.status}, a redirect to {one.header('location') or 'nowhere'}"
    return f"HTTP {one.status}" + (f": {one.said}" if one.said else "")


def _unreadable(case: Case) -> Iterator[Problem]:
    """A client that decompresses, as browsers do, gives up at the first byte."""
    broken = [one for one in case.timelines if one.error.startswith(GARBLED)]
    if broken:
        how = f"Content-Encoding: {figures.encoding(broken[0])}"
        yield TRUNCATED, UNREADABLE, f"{case.share(broken)}{how}, but the body is not so compressed"


def _truncated(case: Case) -> Iterator[Problem]:
    formats = {one.format for one in case.timelines}
    length = _usual_length([one for one in case.earlier if one.format in formats])
    if any(len(one.events) > length for one in case.timelines):
        length = 0
    others = [*(case.before.timelines if case.before else ()), *_with_one_content(case)]
    cut = [one for one in case.timelines if is_cut(one, others, length)]
    if cut:
        one = cut[0]
        how = "reset" if one.ended == timeline.RESET else "ended as if complete"
        at = f"{one.ended_at:.2f} s, {figures.silence_before_end(one):.2f} s after the last byte"
        problem = CUT if any(is_cut(one, others) for one in cut) else EARLY_END
        yield TRUNCATED, problem, f"{case.share(cut)}{how} at {at}, with {len(one.events)} events"


def _with_one_content(case: Case) -> Sequence[Timeline]:
    return case.here if case.name in SINGLE else ()


def _usual_length(streams: Sequence[Timeline]) -> int:
    """How many events the stream has, if all that ended have the same number; else 0."""
    ended = [one for one in streams if one.ended in {timeline.COMPLETE, timeline.CLOSE}]
    counts = {len(one.events) for one in ended}
    told = all(one.format != timeline.CHUNKS for one in ended)
    return counts.pop() if len(ended) > 1 and len(counts) == 1 and told else 0


def _cut_by_the_clock(case: Case) -> Iterator[Problem]:
    """All streams end at the same time after their start, and went on at the layer before."""
    here, before = case.here, case.compared
    ends = sorted(one.ended_at for one in here)
    if case.name not in SINGLE or len(ends) < 2 or len(before) < 2 or not case.before:
        return
    ended = all(
        one.ended in {timeline.COMPLETE, timeline.CLOSE} and not one.finished for one in here
    )
    together = ends[-1] - ends[0] < max(SAME_MOMENT * ends[-1], figures.NEAR)
    longest = (one.ended_at - (one.headers_at or 0.0) for one in before)
    if ended and ends[0] > 0.5 and together and min(longest) > 1.15 * ends[-1]:
        at = f"ended as if complete at {ends[-1]:.2f} s, like all passes"
        yield TRUNCATED, TIME_IS_UP, f"{at}; at the layer before it went on"


def is_cut(one: Timeline, others: Sequence[Timeline] = (), length: int = 0) -> bool:
    """Whether a stream ended too early. ``others`` are the same stream, read elsewhere.

    ``length`` is the number of events that it always has, or 0.
    """
    if one.finished or one.ended in {timeline.LIMIT, timeline.TIMEOUT, timeline.REFUSED}:
        return False
    if one.ended == timeline.RESET or one.error == CUT_SHORT:
        return True
    if one.opened is not None:
        return True  # a stream of the probe says when it is finished
    # Without a last event, only a stream that always has the same length shows a cut. A command
    # may print no last event, or in another form.
    alike = (other for other in others if other.format == one.format)
    return any(other.finished for other in alike) or len(one.events) < 0.9 * length


CHECKS = (_refused, _another_answer, _unreadable, _truncated, _cut_by_the_clock)
