# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Push the same metrics to an OpenTelemetry collector, with the OpenTelemetry SDK.

The SDK reads the usual variables: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS ... The
names are those of Prometheus: a collector that adds units and ``_total`` to names makes the same.
"""

from __future__ import annotations

import os
import socket
import time
from typing import Any, Callable, Iterable, Mapping

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
SERVICE = "streaming_api-monitor"
TIMEOUT = 10.0  # seconds


class PushError(Exception):
    """The collector did not take the metrics."""


def wanted() -> bool:
    """Whether the environment says where to push to."""
    return any(os.environ.get(name) for name in ENDPOINTS)


class Push:
    """Pushes what ``collect`` gives: metrics of the library prometheus_client."""

    def __init__(self, collect: Callable[[], Iterable[Any]]) -> None:
        # Only a host that pushes has these packages.
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
            OTLPMetricExporter,
        )
        from opentelemetry.sdk.metrics import export  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

        self._collect, self._export = collect, export
        self._exporter = OTLPMetricExporter()
        attributes = {"service.name": SERVICE, "service.instance.id": socket.gethostname()}
        self._resource = Resource.create(attributes)
        self._scope = InstrumentationScope(SERVICE)
        self._began = time.time_ns()

    def send(self) -> None:
        """Push once. Raises PushError."""
        sdk, now = self._export, time.time_ns()
        metrics = [self._metric(family, now) for family in self._collect()]
        scope = sdk.ScopeMetrics(self._scope, [one for one in metrics if one], "")
        data = sdk.MetricsData([sdk.ResourceMetrics(self._resource, [scope], "")])
        if self._exporter.export(data, timeout_millis=TIMEOUT * 1000).name != "SUCCESS":
            raise PushError("the collector did not take the metrics")

    def _metric(self, family: Any, now: int) -> Any:
        sdk = self._export
        samples = [one for one in family.samples if not one.name.endswith("_created")]
        if family.type == "histogram":
            points = self._histograms(samples, now)
            data = sdk.Histogram(points, sdk.AggregationTemporality.CUMULATIVE)
        else:
            points = [
                sdk.NumberDataPoint(one.labels, self._began, now, one.value) for one in samples
            ]
            data = sdk.Gauge(points)
            if family.type == "counter":
                data = sdk.Sum(points, sdk.AggregationTemporality.CUMULATIVE, is_monotonic=True)
        return sdk.Metric(family.name, family.documentation, "", data) if points else None

    def _histograms(self, samples: Iterable[Any], now: int) -> list[Any]:
        """One point for each set of labels. Prometheus counts each bucket with those below it."""
        found: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
        for one in samples:
            labels = tuple((name, value) for name, value in one.labels.items() if name != "le")
            key = one.labels.get("le") or one.name.rpartition("_")[2]
            found.setdefault(labels, {})[key] = one.value
        return [self._histogram(dict(labels), values, now) for labels, values in found.items()]

    def _histogram(self, labels: Mapping[str, str], values: Mapping[str, float], now: int) -> Any:
        buckets = {le: int(count) for le, count in values.items() if le not in ("sum", "count")}
        counts = [*buckets.values()]
        return self._export.HistogramDataPoint(
            attributes=dict(labels),
            start_time_unix_nano=self._began,
            time_unix_nano=now,
            count=counts[-1],
            sum=values.get("sum", 0.0),
            bucket_counts=[n - below for below, n in zip([0, *counts], counts)],
            explicit_bounds=[float(le) for le in buckets if le != "+Inf"],
            min=None,  # Prometheus does not count these
            max=None,
        )
