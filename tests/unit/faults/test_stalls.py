"""What a reader sees that is kept from its CPU, and which verdicts change by that."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency.thresholds import Thresholds
from plugins.module_utils.latency.timeline import Timeline
from tests.faults import stalls
from tests.unit.latency.made_streams import SOCKET, layer, stream

STREAM = stream(count=3)  # begins at 1000, events at 1.2, 21.2 and 41.2 ms


@pytest.mark.parametrize(
    ("stall", "arrived"),
    [
        ((1000.010, 1000.015), [0.0012, 0.0212, 0.0412]),
        ((1000.010, 1000.030), [0.0012, 0.0300, 0.0412]),
        ((999.990, 1000.050), [0.05, 0.05, 0.05]),
    ],
)
def test_what_comes_meanwhile_is_read_afterwards(
    stall: tuple[float, float], arrived: list[float]
) -> None:
    read = stalls.later(STREAM, [stall])
    assert [event.arrived for event in read.events] == pytest.approx(arrived)
    assert [at for at, _ in read.reads] == pytest.approx(arrived)
    assert read.ended_at == pytest.approx(max(STREAM.ended_at, arrived[-1]))


@pytest.mark.parametrize(
    ("nginx", "some"),
    [
        (stream(0.0005), False),
        (stream([0.0099 + 0.0002 * n for n in range(50)]), True),  # p50 may be 15 ms
        (stream(0.0202), False),
    ],
)
def test_a_verdict_at_its_limit_changes(nginx: Timeline, some: bool) -> None:
    measured = [SOCKET, layer("nginx", identity=nginx)]
    assert bool(stalls.changed(measured, Thresholds())) == some
