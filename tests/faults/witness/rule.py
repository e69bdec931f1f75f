"""What is wrong with an answer, by its arrival alone: nothing of the judge's."""

from __future__ import annotations

from statistics import median

from tests.faults.witness.answer import CUT, OPEN, WHOLE, Sight

REFUSED = "refused"
HELD = "held"
UNREADABLE = "unreadable"
LATE_HEADERS = "headers late"

LATE = 0.012  # seconds that an event may come later; events are 20 ms apart
HEADERS = 0.2  # seconds that headers may come later
FEWER = 0.6  # of the moments before


def wrong(here: Sight, before: Sight | None = None) -> str:
    """What is wrong here and was not at the layer before; empty if nothing is.

    ``before`` is None for the app itself, when there is nothing to compare with.
    """
    if here.status != 200:
        return REFUSED
    if here.garbled:
        return UNREADABLE
    if before is None:
        return _wrong_alone(here)
    if here.end == CUT or (here.end == OPEN and before.end == WHOLE) or _lacks(here, before):
        return CUT
    if _held(here, before):
        return HELD
    return LATE_HEADERS if here.headers > before.headers + HEADERS else ""


def _wrong_alone(here: Sight) -> str:
    if here.end == CUT:
        return CUT
    if here.delays:
        held = median(here.delays) > LATE
    else:
        held = not here.moments or 2 * here.within > here.moments
    if held:
        return HELD
    return LATE_HEADERS if here.waited > HEADERS else ""


def _lacks(here: Sight, before: Sight) -> bool:
    """Whether events are missing."""
    return here.readable and here.end == before.end and len(here.delays) < len(before.delays)


def _held(here: Sight, before: Sight) -> bool:
    if here.delays and before.delays:
        return median(here.delays) > median(before.delays) + LATE
    return here.moments < FEWER * before.moments
