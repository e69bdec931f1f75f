"""Figures of a stream."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency.judge import figures
from plugins.module_utils.latency.timeline import Event


@pytest.mark.parametrize(
    ("count", "share", "value"),
    [
        (1, 0.99, 0),
        (2, 0.5, 1),
        (3, 0.5, 1),
        (50, 0.5, 25),
        (50, 0.99, 49),
        (100, 0.99, 98),
        (101, 0.99, 99),
    ],
)
def test_quantiles(count: int, share: float, value: int) -> None:
    assert figures.quantile(range(count), share) == value


def test_reads_that_are_close_are_one_arrival() -> None:
    came = [0.0, 0.0001, 0.0002, 0.02, 0.0201, 0.5]
    assert [len(lump) for lump in figures.arrivals([Event(at, 1) for at in came])] == [3, 2, 1]
