"""Metrics in OpenTelemetry's form, without a network: what the exporter gets."""

from __future__ import annotations

import types
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http import metric_exporter
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from plugins.module_utils.monitor import push


class Collector:
    """Takes what is pushed, or refuses it."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.answer = "SUCCESS"

    def export(self, data: Any, timeout_millis: float) -> Any:
        assert timeout_millis == push.TIMEOUT * 1000
        self.taken.append(data)
        return types.SimpleNamespace(name=self.answer)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Collector:
    made = Collector()
    monkeypatch.setattr(metric_exporter, "OTLPMetricExporter", lambda: made)
    return made


def test_each_kind(collector: Collector) -> None:
    registry = CollectorRegistry()
    Gauge("gap_seconds", "A gap", ["app"], registry=registry).labels("chat").set(0.5)
    Counter("rounds", "Rounds", registry=registry).inc(3)
    delays = Histogram("delay_seconds", "Delays", ["app"], registry=registry, buckets=[0.1, 1])
    for value in (0.05, 0.5, 0.6, 5):
        delays.labels("chat").observe(value)
    push.Push(registry.collect).send()
    (resource,) = collector.taken[0].resource_metrics
    found = {one.name: one.data for one in resource.scope_metrics[0].metrics}
    (gap,) = found["gap_seconds"].data_points
    assert (gap.attributes, gap.value) == ({"app": "chat"}, 0.5)
    (rounds,) = found["rounds"].data_points
    assert (rounds.value, found["rounds"].is_monotonic) == (3, True)
    (delay,) = found["delay_seconds"].data_points
    assert (list(delay.bucket_counts), list(delay.explicit_bounds)) == ([1, 2, 1], [0.1, 1.0])
    assert (delay.count, delay.sum, delay.attributes) == (4, pytest.approx(6.15), {"app": "chat"})


def test_a_collector_that_refuses(collector: Collector) -> None:
    collector.answer = "FAILURE"
    with pytest.raises(push.PushError):
        push.Push(CollectorRegistry().collect).send()


@pytest.mark.parametrize("name", ["", *push.ENDPOINTS])
def test_it_pushes_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for one in push.ENDPOINTS:
        monkeypatch.delenv(one, raising=False)
    if name:
        monkeypatch.setenv(name, "http://10.0.0.9:4318")
    assert push.wanted() is bool(name)
