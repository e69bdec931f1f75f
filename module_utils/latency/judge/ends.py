# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Streams that were refused or cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator

from .. import timeline
from ..timeline import CUT_SHORT, Timeline
from . import figures
from .words import CUT, NO_STREAM, NOT_ANSWERED, REFUSED, TRUNCATED, UNKNOWN

if TYPE_CHECKING:
    from .judged import Case, Judged, Problem


def answered(one: Timeline) -> bool:
    """Whether the server answered with success."""
    return one.ended != timeline.REFUSED and 200 <= one.status < 300


def _refused(case: Case) -> Iterator[Problem]:
    refused = [
        one
        for one in case.timelines
        if not answered(one) and (one.status or one.ended == timeline.REFUSED)
    ]
    if refused and _takes_none(case, refused[0].status):
        yield UNKNOWN, NO_STREAM, f"there is no {case.name} here: {said(refused[0])}"
    elif refused:
        yield REFUSED, NOT_ANSWERED, case.share(refused) + said(refused[0])


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
    return f"HTTP {one.status}"


def _truncated(case: Case) -> Iterator[Problem]:
    cut = [one for one in case.timelines if is_cut(one, case.before, case.length)]
    if cut:
        one = cut[0]
        how = "reset" if one.ended == timeline.RESET else "ended as if complete"
        at = f"{one.ended_at:.2f} s, {figures.silence_before_end(one):.2f} s after the last byte"
        yield TRUNCATED, CUT, f"{case.share(cut)}{how} at {at}, with {len(one.events)} events"


def is_cut(one: Timeline, before: Judged | None = None, length: int = 0) -> bool:
    """Whether a stream ended too early. ``length`` is the number of events it always has, or 0."""
    if one.finished or one.ended in {timeline.LIMIT, timeline.TIMEOUT, timeline.REFUSED}:
        return False
    if one.ended == timeline.RESET or one.error == CUT_SHORT:
        return True
    if one.opened is not None:
        return True  # a stream of the probe says when it is finished
    others = before.timelines if before else ()
    # Without a last event, only a stream that always has the same length shows a cut.
    return any(other.finished for other in others) or len(one.events) < 0.9 * length


CHECKS = (_refused, _truncated)
