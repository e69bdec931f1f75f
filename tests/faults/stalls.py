"""A measurement, as if the reader had been kept from its CPU now and then: is it judged the same?

What comes meanwhile is read afterwards. Pure: the measurement is not made again.
"""

from __future__ import annotations

import bisect
import random
from collections.abc import Sequence

from plugins.module_utils.latency.judge.diagnosis import diagnose
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.thresholds import Thresholds
from plugins.module_utils.latency.timeline import Timeline

TRIES = 20
A_SECOND = 8  # how often it stalls
LENGTH = 0.008  # seconds, on average

Stall = tuple[float, float]  # from when to when, in seconds of the reader's clock


def changed(measured: Sequence[Measurement], allowed: Thresholds) -> int:
    """How many of so many tries name another layer or another first cause."""
    rng = random.Random(0)  # noqa: S311
    named = _named(measured, allowed)
    tries = ([_stalled(one, rng) for one in measured] for _ in range(TRIES))
    return sum(_named(one, allowed) != named for one in tries)


def _named(measured: Sequence[Measurement], allowed: Thresholds) -> tuple[str, str]:
    found = diagnose(measured, allowed)
    return found.culprit, found.causes[0].cause.id if found.causes else ""


def _stalled(measured: Measurement, rng: random.Random) -> Measurement:
    """All streams of a layer have one reader."""
    timelines = [one for found in measured.passes.values() for one in found.timelines]
    stalls: list[Stall] = []
    at = min((one.began for one in timelines), default=0.0)
    end = max((one.began + one.ended_at for one in timelines), default=0.0)
    while at < end:
        begins = at + rng.expovariate(A_SECOND)
        at = begins + rng.expovariate(1 / LENGTH)
        stalls.append((begins, at))
    passes = {
        name: found._replace(timelines=tuple(later(one, stalls) for one in found.timelines))
        for name, found in measured.passes.items()
    }
    return measured._replace(passes=passes)


def later(one: Timeline, stalls: Sequence[Stall]) -> Timeline:
    """The stream as it is read with these stalls, which are in order."""
    starts = [begins for begins, _ in stalls]

    def read(at: float) -> float:
        last = bisect.bisect(starts, one.began + at) - 1
        return max(at, stalls[last][1] - one.began) if last >= 0 else at

    return one._replace(
        events=tuple(event._replace(arrived=read(event.arrived)) for event in one.events),
        reads=tuple((read(at), size) for at, size in one.reads),
        headers_at=None if one.headers_at is None else read(one.headers_at),
        last_at=None if one.last_at is None else read(one.last_at),
        ended_at=read(one.ended_at),
    )
