"""Streams that wait for each other, and those that only begin one after the other."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency.judge.queues import queued
from plugins.module_utils.latency.timeline import Timeline

WAIT = 0.3  # seconds that may be a chance


def ran(asked: float, headers: float, took: float) -> Timeline:
    """A stream that is asked for at this second, and answered so many seconds later."""
    return Timeline(began=1000 + asked, headers_at=headers, ended_at=headers + took)


def left(one: Timeline) -> Timeline:
    """The same stream, of which the reader has read enough."""
    return one._replace(ended="limit")


def late_end(headers: float) -> Timeline:
    """A stream that comes in one piece, and ends some time later."""
    whole = ((headers, 400),)
    return Timeline(
        began=1000, headers_at=headers, reads=whole, last_at=headers, ended_at=headers + 0.2
    )


@pytest.mark.parametrize(
    ("streams", "waited"),
    [
        pytest.param([ran(0, 0.01, 0.5), ran(0, 0.51, 0.5)], 1, id="one after the other"),
        pytest.param([ran(0, 0.01, 0.5), ran(0.51, 0.001, 0.5)], 0, id="asked when it was over"),
        pytest.param([ran(0, 0.01, 0.5), ran(0, 0.01, 0.5)], 0, id="side by side"),
        pytest.param([ran(0, 0.01, 0.5), ran(0, 0.4, 0.5)], 0, id="thinks while another runs"),
        pytest.param([ran(0, 0.01, 0.5), ran(0, 0.511, 0.01)], 0, id="held until its own end"),
        pytest.param([ran(0, 0.01, 0.5), late_end(0.511)], 0, id="held, and its end came later"),
        pytest.param([ran(0, 0.01 + n // 4, 0.99) for n in range(12)], 8, id="four at a time"),
        pytest.param([ran(0, 0.01, 0), ran(0, 0.51, 0)], 0, id="each comes at once"),
        pytest.param(
            [left(ran(0, 0.01, 3)), left(ran(0, 3.04, 0.01))], 1, id="until a reader left"
        ),
    ],
)
def test_who_waited(streams: list[Timeline], waited: int) -> None:
    assert len(queued(streams, WAIT)) == waited
