# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the monitor found out, as metrics of Prometheus.

Most metrics are made anew for each answer, from the latest values: so what has ended, such as a
release, leaves nothing behind. Only the probe's own counters are kept here.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, Collection, Iterator, Sequence

from ..latency.judge.words import ORDER, rank
from .metrics import COUNTER, GAUGE, HISTOGRAM, INFO, METRICS
from .values import BOUNDS, Histogram

try:
    from prometheus_client import CollectorRegistry, ProcessCollector, core, exposition
except ImportError:  # Ansible's own checks read this file without the library
    core = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from .values import AppState, LayerSample, PassSample, ReleaseState, Sample, Streams

WHOLE = "all"  # the layer that stands for the whole way
UNNAMED = "unknown"  # a culprit or a cause that is not known
OTHER = "other"  # errors beyond so many names
MOST_ERRORS = 50
STATES = ("live", "draining", "starting")
ENDS = ("complete", "left", "failed")
CODES = ("2xx", "3xx", "4xx", "5xx")
TOO_MANY = "429"  # shown if it is counted apart from 4xx
LES = (*map(str, BOUNDS), "+Inf")
OPEN_METRICS = "application/openmetrics-text"


class Exposition:
    """The values that the next answer shows. All methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._paths: dict[tuple[str, str], _Path] = {}
        self._states: dict[str, AppState] = {}
        self._intervals: dict[str, float] = {}
        self._errors: dict[str, int] = {}
        self._history: int | None = None
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def round(self, sample: Sample, interval: float) -> None:
        """Count a round, and show it as the latest one of its path. ``interval`` is in seconds."""
        with self._lock:
            self._intervals[sample.app] = interval
            self._paths.setdefault((sample.app, sample.path), _Path()).add(sample)

    def state(self, state: AppState) -> None:
        """Show this state of an app in place of its former one."""
        with self._lock:
            self._states[state.app] = state

    def error(self, what: str) -> None:
        """Count an error. ``what`` is one of a few words for what the monitor was doing."""
        with self._lock:
            known = what in self._errors or len(self._errors) < MOST_ERRORS
            name = what if known else OTHER
            self._errors[name] = self._errors.get(name, 0) + 1

    def history_bytes(self, size: int) -> None:
        """Show the size of the history."""
        with self._lock:
            self._history = size

    def forget(self, app: str, keep: Collection[str] = ()) -> None:
        """Show an app no more; with ``keep``, all of its paths but these no more."""
        with self._lock:
            for key in [one for one in self._paths if one[0] == app and one[1] not in keep]:
                del self._paths[key]
            if not keep:
                self._states.pop(app, None)
                self._intervals.pop(app, None)

    def answer(self, accept: str | None) -> tuple[bytes, str]:
        """The body and its Content-Type, for a request with this Accept header."""
        # The library reads more of the header, such as versions that only some releases know.
        kinds = [one.partition(";")[0].strip().lower() for one in (accept or "").split(",")]
        wanted = f"{OPEN_METRICS}; version=1.0.0" if OPEN_METRICS in kinds else ""
        encode, content_type = exposition.choose_encoder(wanted)
        return encode(self._registry), content_type

    def collect(self) -> Iterator[Any]:
        """All metrics; the library calls it for each answer."""
        page = _Page()
        with self._lock:
            for (app, path), found in self._paths.items():
                found.show(page, app, path)
            for app, interval in self._intervals.items():
                page.put("streaming_probe_interval_seconds", interval, app)
            for state in self._states.values():
                _show_state(page, state)
            for what, count in self._errors.items():
                page.put("streaming_monitor_errors_total", count, what)
            page.put("streaming_monitor_history_bytes", self._history)
        return iter(page.families())


class _Page:
    """Metrics in the making."""

    def __init__(self) -> None:
        self._families: dict[str, Any] = {}

    def put(self, name: str, value: float | Histogram | None, *labels: str) -> None:
        """Add a value, unless it is unknown. The labels are in the order of ``METRICS``."""
        if value is None:
            return
        family = self._families.get(name)
        if family is None:
            metric = METRICS[name]
            # The library adds the _info of an info, but wants the _total of a counter or none.
            base = name[: -len("_info")] if metric.kind == INFO else name
            family = _classes()[metric.kind](base, metric.help, labels=metric.labels)
            self._families[name] = family
        if isinstance(value, Histogram):
            family.add_metric(labels, list(zip(LES, accumulate(value.counts))), value.total)
        elif METRICS[name].kind == INFO:
            family.add_metric(labels, {})
        else:
            family.add_metric(labels, value)

    def one_of(self, name: str, words: Sequence[str], word: str, *labels: str) -> None:
        """Add 1 for the word, and 0 for the other ones."""
        for each in words:
            self.put(name, int(each == word), *labels, each)

    def families(self) -> list[Any]:
        """The metrics in the order of ``METRICS``."""
        return [self._families[name] for name in METRICS if name in self._families]


def _classes() -> dict[str, Any]:
    return {
        COUNTER: core.CounterMetricFamily,
        GAUGE: core.GaugeMetricFamily,
        HISTOGRAM: core.HistogramMetricFamily,
        INFO: core.InfoMetricFamily,
    }


class _Path:
    """The latest round of a path, and what is counted over all its rounds."""

    def __init__(self) -> None:
        self._latest: Sample | None = None
        self._rounds: dict[str, dict[str, int]] = {}
        self._delays: dict[tuple[str, str], Histogram] = {}

    def add(self, sample: Sample) -> None:
        """Count a round."""
        self._latest = sample
        self._count(WHOLE, sample.verdict)
        for layer in sample.layers:
            self._count(layer.layer, layer.verdict)
            for name, found in layer.passes.items():
                key = (layer.layer, name)
                self._delays[key] = _added(self._delays.get(key, Histogram()), found.delays)

    def _count(self, layer: str, verdict: str) -> None:
        self._rounds.setdefault(layer, dict.fromkeys(ORDER, 0))[verdict] += 1

    def show(self, page: _Page, app: str, path: str) -> None:
        """Put its metrics on the page."""
        if self._latest is not None:
            _show_round(page, self._latest)
        for (layer, name), delays in self._delays.items():
            page.put("streaming_probe_chunk_delay_seconds", delays, app, path, layer, name)
        for layer, counts in self._rounds.items():
            for verdict, count in counts.items():
                page.put("streaming_probe_rounds_total", count, app, path, layer, verdict)


def _added(histogram: Histogram, values: Sequence[float]) -> Histogram:
    counts = list(histogram.counts)
    for value in values:
        counts[bisect_left(BOUNDS, value)] += 1
    return Histogram(tuple(counts), histogram.total + sum(values))


def _show_round(page: _Page, sample: Sample) -> None:
    app, path = sample.app, sample.path
    page.one_of("streaming_probe_verdict", ORDER, sample.verdict, app, path, WHOLE)
    if rank(sample.verdict):
        culprit, cause = sample.culprit or UNNAMED, sample.cause or UNNAMED
        page.put("streaming_probe_culprit_info", 1, app, path, culprit, cause)
    page.put("streaming_probe_last_round_timestamp_seconds", sample.at + sample.took, app, path)
    page.put("streaming_probe_round_duration_seconds", sample.took, app, path)
    for layer in sample.layers:
        _show_layer(page, app, path, layer)


def _show_layer(page: _Page, app: str, path: str, layer: LayerSample) -> None:
    page.one_of("streaming_probe_verdict", ORDER, layer.verdict, app, path, layer.layer)
    for name, found in layer.passes.items():
        _show_pass(page, (app, path, layer.layer, name), found)


def _show_pass(page: _Page, labels: tuple[str, ...], found: PassSample) -> None:
    page.put("streaming_probe_time_to_headers_seconds", found.time_to_headers, *labels)
    page.put("streaming_probe_time_to_first_chunk_seconds", found.time_to_first_chunk, *labels)
    page.put("streaming_probe_largest_gap_seconds", found.largest_gap, *labels)
    page.put("streaming_probe_coalesced_ratio", found.coalesced_ratio, *labels)
    page.put("streaming_probe_truncated", int(found.truncated), *labels)


def _show_state(page: _Page, state: AppState) -> None:
    page.put("streaming_last_deploy_timestamp_seconds", state.deployed_at, state.app)
    page.put("streaming_certificate_expiry_timestamp_seconds", state.certificate_ends, state.app)
    for release in state.releases:
        _show_release(page, (state.app, release.release), release)


def _show_release(page: _Page, labels: tuple[str, str], release: ReleaseState) -> None:
    page.one_of("streaming_release_state", STATES, release.state, *labels)
    page.put("streaming_release_connections", release.connections, *labels)
    page.put("streaming_release_memory_bytes", release.memory_bytes, *labels)
    page.put("streaming_release_drain_seconds_left", release.seconds_left, *labels)
    if release.streams is not None:
        _show_streams(page, labels, release.streams)


def _show_streams(page: _Page, labels: tuple[str, str], streams: Streams) -> None:
    page.put("streaming_streams_in_flight", streams.in_flight, *labels)
    page.put("streaming_streams_opened_total", streams.opened, *labels)
    # The app writes these names: show only the known ones.
    for how in ENDS:
        page.put("streaming_streams_ended_total", streams.ended.get(how, 0), *labels, how)
    for code in (*CODES, TOO_MANY) if TOO_MANY in streams.answers else CODES:
        page.put("streaming_answers_total", streams.answers.get(code, 0), *labels, code)
    page.put("streaming_time_to_first_chunk_seconds", streams.time_to_first_chunk, *labels)
    page.put("streaming_time_per_output_chunk_seconds", streams.time_per_output_chunk, *labels)
