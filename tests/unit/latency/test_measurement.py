"""What was measured, as JSON and back."""

from __future__ import annotations

import json

import pytest

from plugins.module_utils.latency.judge import metrics
from plugins.module_utils.latency.measurement import Measurement
from tests.unit.latency.made_streams import (
    in_lumps,
    layer,
    stream,
)


def test_json_carries_a_measurement() -> None:
    one = layer("nginx", identity=in_lumps(marks=((0.5, "reload"),)), parallel=[stream()] * 3)
    assert Measurement.of(json.loads(json.dumps(one.as_json()))).passes.keys() == one.passes.keys()
    kept = Measurement.of(json.loads(json.dumps(one.as_json()))).passes["identity"].timelines[0]
    now, then = metrics.summarize([kept]), metrics.summarize(one.passes["identity"].timelines)
    assert now.delay_p50_seconds == pytest.approx(then.delay_p50_seconds, abs=1e-5)
    assert now.coalesced_ratio == then.coalesced_ratio
    assert kept.marks == ((0.5, "reload"),)
