"""What a round makes of the result of a measurement."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.latency.ladder import Ladder
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.monitor.rounds import sample_of
from plugins.module_utils.monitor.values import Sample
from tests.unit.latency.made_streams import GZIPPED, in_the_end, layer, refused, stream


def judged(*measurements: Measurement) -> Sample:
    found: dict[str, Any] = Ladder.of({"measured": [one.as_json() for one in measurements]}).climb()
    return sample_of(found, "chat", "/api/", 1000.0, 1.5)


def test_a_stream_that_streams() -> None:
    sample = judged(layer("gunicorn", identity=stream()), layer("nginx", identity=stream(0.001)))
    assert (sample.verdict, sample.culprit, sample.cause, sample.remedy) == (
        "streaming",
        "",
        "",
        "",
    )
    assert (sample.app, sample.path, sample.at, sample.took) == ("chat", "/api/", 1000.0, 1.5)
    (one,) = sample.layers[1].passes.values()
    assert len(one.delays) == 50
    assert one.delay_p50 == pytest.approx(0.001, abs=0.001)


def test_the_culprit_and_its_cause() -> None:
    sample = judged(
        layer("gunicorn", identity=stream()), layer("nginx", identity=in_the_end(headers=GZIPPED))
    )
    assert (sample.verdict, sample.culprit) == ("buffered", "nginx")
    assert sample.cause
    assert sample.remedy in sample.message


@pytest.mark.parametrize(("status", "culprit"), [(401, ""), (302, ""), (500, "nginx")])
def test_a_login_is_no_fault(status: int, culprit: str) -> None:
    shut = refused(status)
    sample = judged(
        layer("gunicorn", identity=stream()),
        layer("nginx", identity=shut),
        layer("public", identity=shut),
    )
    assert sample.culprit == culprit
    if not culprit:
        assert (sample.verdict, sample.cause, sample.remedy) == ("unknown", "", "")
        assert [one.verdict for one in sample.layers] == ["streaming", "unknown", "unknown"]
        assert "/api/ needs a login" in sample.message


def test_a_login_in_the_app_itself_is_one() -> None:
    """On the app's own socket, nothing but the app can ask for it."""
    shut = refused(401)
    assert judged(layer("gunicorn", identity=shut)).culprit == "gunicorn"
