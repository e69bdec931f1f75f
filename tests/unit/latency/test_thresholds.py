"""Which thresholds are allowed, and what they do."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.latency import timeline
from plugins.module_utils.latency.judge.diagnosis import diagnose
from plugins.module_utils.latency.thresholds import Thresholds
from tests.unit.latency.made_streams import (
    SOCKET,
    layer,
    stream,
)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"delay": 1}, "Unknown threshold 'delay'; allowed: delay_p50"),
        ({"delay_p50": "x"}, "thresholds.delay_p50 is 'x'; allowed are seconds or a ratio"),
        ({"delay_p50": -1}, "thresholds.delay_p50 is -1;"),
        ({"relative": True}, "thresholds.relative is True;"),
    ],
)
def test_bad_thresholds_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match="threshold") as error:
        Thresholds.of(given)
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({}, "streaming"),
        ({"largest_gap": 0.001}, "stalled"),
        ({"time_to_first_chunk": 0.0001}, "delayed"),
        ({"coalesced_ratio": 0.0}, "streaming"),
        ({"delay_p50": 0.0001}, "delayed"),
        ({"largest_gap": None, "delay_p50": 5}, "streaming"),
    ],
)
def test_thresholds(given: dict[str, Any], verdict: str) -> None:
    assert diagnose([SOCKET], Thresholds.of(given)).verdict == verdict


def test_a_stall_after_the_events_that_are_kept() -> None:
    limit = Thresholds.of({"largest_gap": 2})
    long = stream(count=timeline.KEPT, every=0.001)
    found = diagnose([layer("gunicorn", identity=long._replace(longest_silence=12.0))], limit)
    assert (found.verdict, found.culprit) == ("stalled", "gunicorn")
    assert found.notes == (
        "The figures of the identity pass at gunicorn cover its first 5000 events.",
    )
    held = stream(
        count=timeline.KEPT, every=0.001, hold=3.0, headers_at=0.002, longest_silence=3.001
    )
    assert diagnose([layer("gunicorn", identity=held)], limit).verdict == "streaming"
