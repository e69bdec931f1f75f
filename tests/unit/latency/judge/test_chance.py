"""Apps that never send the same stream twice: many runs, none of them accused."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from plugins.module_utils.latency.judge.diagnosis import Diagnosis, diagnose
from plugins.module_utils.latency.judge.rounds import confirm, third_round
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.timeline import Event, Timeline
from tests.unit.latency.made_streams import CHUNKED, layer

RUNS = 30
Make = Callable[[random.Random], Timeline]


def sent(times: list[float], headers_at: float, began: float = 1000.0) -> Timeline:
    """A stream whose events come when they were sent, and do not say when that was."""
    return Timeline(
        began,
        events=tuple(Event(at, 30, None, str(n)) for n, at in enumerate(times)),
        reads=tuple((at, 30) for at in sorted(set(times))),
        headers=CHUNKED,
        status=200,
        http="1.1",
        format="sse",
        connected=0.0002,
        headers_at=headers_at,
        ended_at=times[-1] + 0.001,
        last_at=times[-1],
        finished=True,
        size=30 * len(times),
    )


def paced(gaps: list[float], thinks: float = 0.002) -> Timeline:
    at, times = thinks + 0.001, []
    for gap in gaps:
        at += gap
        times.append(at)
    return sent(times, thinks)


def thinks(chance: random.Random) -> Timeline:
    """A language model that answers when it knows how to begin."""
    return paced([0.02] * 25, thinks=chance.uniform(0.05, 2))


def thinks_after_the_headers(chance: random.Random) -> Timeline:
    return paced([chance.uniform(0, 2)] + [0.02] * 25)


def thinks_longer_and_longer(chance: random.Random) -> Timeline:
    return paced([0.02] * 25, thinks=chance.expovariate(1.5))


def knows_some_answers(chance: random.Random) -> Timeline:
    return paced([0.02] * 25, thinks=chance.choice((0.002, 1.5)))


def bursts(chance: random.Random) -> Timeline:
    return paced([0.25 if chance.random() < 0.2 else 0.0001 for _ in range(40)])


def jitters(chance: random.Random) -> Timeline:
    return paced([chance.expovariate(1 / 0.03) for _ in range(40)])


def few(chance: random.Random) -> Timeline:
    return paced([chance.choice((0, 0, 0.001, 0.05, 0.3)) for _ in range(chance.randint(3, 8))])


def random_lengths(chance: random.Random) -> Timeline:
    """Without anything that says that it was the last event."""
    return paced([0.02] * chance.randint(5, 60))._replace(finished=False)


def even(chance: random.Random) -> Timeline:
    return paced([0.02 + chance.uniform(0, 0.002) for _ in range(25)])


def measured(make: Make, chance: random.Random, parallel: int) -> list[Measurement]:
    return [
        layer(
            name,
            identity=make(chance),
            browser=make(chance),
            parallel=[make(chance)._replace(began=1000 + n / 10_000) for n in range(parallel)],
        )
        for name in ("gunicorn", "nginx", "public")
    ]


def diagnosed(make: Make, chance: random.Random, parallel: int) -> Diagnosis:
    first = diagnose(measured(make, chance, parallel))
    if not first.failed:
        return first
    found = confirm(first, measured(make, chance, parallel))
    return confirm(found, measured(make, chance, parallel)) if third_round(found) else found


@pytest.mark.parametrize("parallel", [4, 30])
@pytest.mark.parametrize(
    "make",
    [
        thinks,
        thinks_after_the_headers,
        knows_some_answers,
        thinks_longer_and_longer,
        bursts,
        jitters,
        few,
        random_lengths,
        even,
    ],
    ids=lambda f: f.__name__,
)
def test_no_run_accuses(make: Make, parallel: int) -> None:
    chance = random.Random(parallel)  # noqa: S311
    found = [diagnosed(make, chance, parallel) for _ in range(RUNS)]
    assert [one.message for one in found if one.culprit] == []
