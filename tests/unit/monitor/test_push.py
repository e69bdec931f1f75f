"""Metrics in OpenTelemetry's form: what the exporter gets, and what it sends."""

from __future__ import annotations

import threading
import types
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.http import metric_exporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
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


def test_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the SDK's own exporter. The receiver knows OTLP's official messages."""
    bodies: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(body)
            self.send_response(200 if self.path == "/v1/metrics" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be silent."""

    registry = CollectorRegistry()
    Gauge("gap_seconds", "A gap", ["app"], registry=registry).labels("chat").set(0.5)
    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        push.Push(registry.collect).send()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"{url}/elsewhere")
        with pytest.raises(push.PushError):
            push.Push(registry.collect).send()
        server.shutdown()
    request = ExportMetricsServiceRequest.FromString(bodies[0])
    (resource,) = request.resource_metrics
    names = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert names["service.name"] == push.SERVICE
    (metric,) = resource.scope_metrics[0].metrics
    assert (metric.name, metric.gauge.data_points[0].as_double) == ("gap_seconds", 0.5)
