# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""One word for a pass of a layer.

The verdict is about what the layer did to the stream, not about the stream itself. An event is held
back when it came later than it was sent, or later than the layer before would have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from ..thresholds import Thresholds
from ..timeline import CHUNKS, LINES, SSE, Event
from . import ends, figures, kind, lateness, waits
from .judged import Case, Judged, Problem
from .metrics import summarize
from .words import (
    BUFFERED,
    BUNCHED,
    DELAYED,
    HELD,
    LASTING,
    LATE,
    LUMPED,
    MACHINE,
    NETWORK,
    OVER_LIMIT,
    READER,
    SLOWED,
    STALLED,
    STREAMING,
    SURE,
    UNKNOWN,
    UNSTEADY,
)

if TYPE_CHECKING:
    from ..measurement import Pass
    from ..timeline import Timeline
    from .metrics import Metrics

PRESSED = 0.8  # share of the time in which somebody on the machine waits for a CPU
FULL = 0.5  # share of the time that the reader waits for a CPU; then it can excuse anything
SLOWLY = (HELD, SLOWED)  # a server without a CPU looks like this
BUSY = 0.4  # share of one CPU; a reader that uses more may be late itself

# The first check that finds something decides.
CHECKS = (*ends.CHECKS, *waits.CHECKS, *kind.CHECKS, *lateness.CHECKS)


def judge(
    name: str,
    measured: Pass,
    before: Judged | None = None,
    alone: Judged | None = None,
    allowed: Thresholds | None = None,
    *,
    here: Sequence[Timeline] = (),
    earlier: Sequence[Timeline] = (),
    beside: Sequence[Timeline] = (),
    nearest: bool = False,
) -> Judged:
    """Judge the pass ``name``. ``Case`` explains the other arguments."""
    if before and any(other.format == CHUNKS for other in before.timelines):
        in_chunks = tuple(_in_chunks(one) for one in measured.timelines)
        measured = measured._replace(timelines=in_chunks)
    strict = allowed or Thresholds()
    allowed = strict.eased(measured.waited)
    metrics = summarize(measured.timelines, before.timelines if before else ())
    if measured.unsteady:
        return Judged(UNKNOWN, UNSTEADY, measured.unsteady, metrics, measured)
    case = Case(
        name, measured.timelines, metrics, before, alone, allowed, here, earlier, beside, nearest
    )
    found = _first_problem(case)
    if found[0] == STREAMING and measured.waited > FULL:
        forgiven = _first_problem(case._replace(allowed=strict))
        found = _too_busy(forgiven) if forgiven[0] in {LUMPED, BUFFERED, STALLED} else found
    return Judged(*_excused(found, measured, metrics), metrics, measured)


def _first_problem(case: Case) -> Problem:
    """What decides; without a problem the stream streams."""
    found = (problem for check in CHECKS for problem in check(case))
    return next(found, (STREAMING, "", ""))


def _too_busy(found: Problem) -> Problem:
    return UNKNOWN, MACHINE, f"the machine is too busy to tell ({found[2]})"


def _excused(found: Problem, measured: Pass, metrics: Metrics) -> Problem:
    """The problem, or that nobody can tell: the reader, the machine or the network may be why."""
    verdict, problem, reason = found
    if not problem:
        return found
    lost = sum(one.lost for one in measured.timelines)
    near = not any(map(figures.round_trip, measured.timelines))
    if measured.busy > BUSY and problem not in SURE:
        return UNKNOWN, READER, f"the reader itself was too busy to tell ({reason})"
    full = measured.waited > FULL
    if full and (problem == BUNCHED or (verdict == DELAYED and problem in LATE)):
        return _too_busy(found)
    # A limit for the first chunk is the user's; a gap can be the machine's.
    slowly = (verdict, problem) == (STALLED, OVER_LIMIT) or (
        verdict == DELAYED and problem in SLOWLY
    )
    if measured.pressed > PRESSED and near and slowly:
        return _too_busy(found)
    if lost and problem in LATE and (metrics.delay_p50_seconds or 0.0) < LASTING:
        came = f"{lost} came again or out of order"
        return UNKNOWN, NETWORK, f"the network lost packets ({came}), so {reason}"
    return found


def _in_chunks(one: Timeline) -> Timeline:
    """The stream by its reads: without lines at the layer before, line breaks here mean nothing."""
    no_events = one.format == SSE and not one.events  # only comments
    if not (one.format == LINES or no_events) or figures.encoding(one) != "identity":
        return one
    return one._replace(format=CHUNKS, events=tuple(Event(at, size) for at, size in one.reads))
