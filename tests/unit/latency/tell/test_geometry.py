"""Where each event is in the drawing of a pass."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from plugins.module_utils.latency.measurement import Measurement, Pass
from plugins.module_utils.latency.tell import geometry
from tests.unit.latency.stream_reports import (
    COUNT,
    LAYERS,
    faulty,
    healthy,
    stream,
)


def test_a_healthy_layer_shows_parallel_lines() -> None:
    drawn = geometry.draw(healthy(), "identity")
    assert drawn and [rail.name for rail in drawn.rails] == ["", *LAYERS]
    for above, rail in pairwise(drawn.rails):
        slopes = [low - high for high, low in zip(above.times, rail.times, strict=True)]
        assert max(slopes) - min(slopes) < 0.01 * drawn.span
        assert not rail.lumps


@pytest.mark.parametrize(
    "options",
    [{}, {"clock": "elsewhere"}, {"stamped": False}],
    ids=["one clock", "two clocks", "no timestamps"],
)
@pytest.mark.parametrize("culprit", LAYERS)
def test_the_fan_is_at_the_layer_that_holds_the_events(
    culprit: str, options: dict[str, Any]
) -> None:
    drawn = geometry.draw(faulty(culprit, **options), "gzip")
    assert drawn
    fans = {}
    for above, rail in pairwise(drawn.rails):
        slopes = [low - high for high, low in zip(above.times, rail.times, strict=True)]
        fans[rail.name] = max(slopes) - min(slopes) > 0.2 * drawn.span
    assert fans == {name: name == culprit for name in LAYERS}
    assert sum(many for _, many in drawn.rails[1 + LAYERS.index(culprit)].lumps) == COUNT


def test_a_lump_is_one_point_also_when_the_streams_had_other_departures() -> None:
    slower = stream(lump=0.33, interval=0.021)
    measured = [healthy()[0], Measurement("nginx", {"identity": Pass((slower,))})]
    drawn = geometry.draw(measured, "identity")
    assert drawn
    nginx = drawn.rails[-1]
    assert len(set(nginx.times)) == len({event.arrived for event in slower.events})
    assert list(nginx.times) == sorted(nginx.times)


def test_the_pass_at_fault_comes_first() -> None:
    assert list(geometry.drawings(healthy(), "gzip")) == ["gzip", "identity"]
    assert list(geometry.drawings(healthy(), "")) == ["identity", "gzip"]


@pytest.mark.parametrize("span", [0.00001, 0.0009, 0.02, 0.99, 1.0, 3.3, 59, 3600, 1e7])
def test_axes_have_a_few_round_times(span: float) -> None:
    times = geometry.ticks(span)
    assert times[0] == 0 and times[-1] <= span * 1.000001
    assert len(times) <= 10 or span > 1e6
    assert len(set(times)) == len(times)


@pytest.mark.parametrize(("count", "room"), [(0, 5), (4, 5), (5, 5), (6, 5), (100_000, 500)])
def test_a_sample_has_the_first_and_the_last(count: int, room: int) -> None:
    places = geometry.sample(count, room)
    assert len(set(places)) == len(places) == min(count, room)
    assert places == sorted(places)
    assert not count or (places[0], places[-1]) == (0, count - 1)
