# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compare streams that were sent at different times.

Each layer is asked for a stream of its own. An app that thinks for a random time, or sends its
events in bursts, never sends the same stream twice. So a difference between two layers counts only
if it is larger than the differences within a layer, or too large for chance.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Sequence

from . import figures

if TYPE_CHECKING:
    from ..timeline import Timeline

CHANCE = 0.003  # a difference that chance makes less often than this counts; two rounds must agree
ENOUGH = 4  # samples of each layer, with which their spread is known
MOST = 300  # gaps of a stream to compare


def even(streams: Sequence[Timeline]) -> bool:
    """Whether the events come in an even cadence, so that a mean cadence describes them."""
    gaps = [gap for one in streams for gap in gaps_of(one)]
    middle = figures.quantile(sorted(gaps), 0.5) or 0.0
    near = sum(0.5 * middle <= gap <= 2 * middle for gap in gaps)
    return middle > figures.ONE_ARRIVAL and near >= 0.8 * len(gaps)


def closer(here: Sequence[Timeline], before: Sequence[Timeline], link: float = 0.0) -> bool:
    """Whether events come closer together here than before, by more than chance.

    ``link`` is the time in seconds that the way to the server may hold an event.
    """
    now = [gap for one in here for gap in gaps_of(one)]
    then = [gap for one in before for gap in gaps_of(one)]
    return any(
        _chance(
            sum(gap < near for gap in now),
            len(now),
            sum(gap < 2 * near + link for gap in then),
            len(then),
        )
        < CHANCE
        for near in (figures.ONE_ARRIVAL, figures.NEAR)
    )


def gaps_of(one: Timeline) -> list[float]:
    """Seconds between events, of the first ``MOST``."""
    times = [event.arrived for event in one.events[: MOST + 1]]
    return [later - sooner for sooner, later in zip(times, times[1:])]


def _chance(small: int, count: int, small_before: int, count_before: int) -> float:
    """Fisher's exact test: how likely at least so many small ones here are, if nothing differs."""
    total, marked = count + count_before, small + small_before
    if not count or not count_before:
        return 1.0
    most = min(count, marked)
    ways = [
        _ln_ways(marked, n) + _ln_ways(total - marked, count - n)
        for n in range(small, most + 1)
        if count - n <= total - marked
    ]
    return sum(math.exp(one - _ln_ways(total, count)) for one in ways)


def _ln_ways(among: int, some: int) -> float:
    return math.lgamma(among + 1) - math.lgamma(some + 1) - math.lgamma(among - some + 1)


def header_times(streams: Sequence[Timeline]) -> list[float]:
    """Seconds from the connection to the headers, of each stream that has them, in order."""
    return sorted(
        one.headers_at - (one.connected or 0.0) for one in streams if one.headers_at is not None
    )


def first_times(streams: Sequence[Timeline]) -> list[float]:
    """Seconds from the connection to the first chunk, of each stream that has one, in order."""
    first = ((figures.first_chunk(one), one.connected or 0.0) for one in streams)
    return sorted(at - connected for at, connected in first if at is not None)


def latest_usual(
    here: Sequence[float], before: Sequence[float], allowed: float, relative: float
) -> float:
    """The time to headers, or to the first chunk, that is not late, in seconds, given both layers'.

    An app that thinks for a random time is late anywhere. So the spread of both layers is
    allowed too. While there are few samples, their spread is unknown.
    """
    spread = (before[-1] - before[0]) + (here[-1] - here[0])
    limit = before[-1] + allowed + 3 * spread
    few = min(len(here), len(before)) < ENOUGH
    return limit + (relative * before[-1] if few else 0.0)
