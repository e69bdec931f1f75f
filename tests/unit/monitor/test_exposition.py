"""What Prometheus sees of what the monitor found out."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from plugins.module_utils.latency.judge.words import ORDER
from plugins.module_utils.monitor.exposition import MOST_ERRORS, Exposition
from plugins.module_utils.monitor.metrics import METRICS
from plugins.module_utils.monitor.values import BOUNDS, PassSample

from .found import APP, AT, LIVE, OLD, PATH, a_round, a_state, counted
from .prometheus import ROOT, debian_library, promtool

# As Prometheus 2.42 sends it.
SCRAPE = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def filled() -> Exposition:
    """All metrics."""
    exposition = Exposition()
    exposition.round(a_round("buffered", "nginx", "nginx-gzip"), 15)
    exposition.state(a_state(LIVE, OLD))
    exposition.error("round")
    exposition.history_bytes(4096)
    return exposition


def series(exposition: Exposition) -> Series:
    """All series of its answer."""
    text = exposition.answer(SCRAPE)[0].decode()
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in open_metrics(text)  # type: ignore[no-untyped-call]
        for one in family.samples
    }


def value(found: Series, name: str, **labels: str) -> float | None:
    """The value of the one series with these labels among its own, or None."""
    hits = [
        number for (each, own), number in found.items() if each == name and own >= {*labels.items()}
    ]
    assert len(hits) < 2
    return hits[0] if hits else None


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (SCRAPE, "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=9.x", "application/openmetrics-text; version=1"),
        ("text/html,*/*", "text/plain; version=0.0.4"),
        ("", "text/plain; version=0.0.4"),
        (None, "text/plain; version=0.0.4"),
    ],
)
def test_the_reader_chooses_the_format(accept: str | None, kind: str) -> None:
    body, content_type = filled().answer(accept)
    assert content_type.startswith(kind)
    assert body.endswith(b"# EOF\n") is kind.startswith("application")


@pytest.mark.parametrize("accept", [SCRAPE, ""])
def test_each_metric_of_the_table_is_there_with_its_labels(accept: str) -> None:
    text = filled().answer(accept)[0].decode()
    found = {}
    for family in open_metrics(text) if accept else plain_text(text):  # type: ignore[no-untyped-call]
        for one in family.samples:
            name = one.name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
            found[name] = {*one.labels} - {"le"}
    own = {name: labels for name, labels in found.items() if not name.startswith("process_")}
    assert own == {name: {*metric.labels} for name, metric in METRICS.items()}
    assert "process_resident_memory_bytes" in found


def test_promtool_finds_no_fault() -> None:
    done = subprocess.run(
        [promtool(), "check", "metrics"],
        input=filled().answer("")[0],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


@pytest.mark.parametrize("accept", [SCRAPE, ""])
def test_the_library_of_debian_answers_the_same(accept: str) -> None:
    """It is older than ours: 0.16 in Debian 12."""
    code = (
        "import sys; from tests.unit.monitor.test_exposition import filled\n"
        "import prometheus_client; assert prometheus_client.__file__.startswith(sys.argv[1])\n"
        "sys.stdout.buffer.write(filled().answer(sys.argv[2])[0])"
    )
    path = debian_library()
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = [sys.argv[1], '.']\n{code}"]
    done = subprocess.run(
        [*command, path, accept], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

    def lines(text: str) -> list[str]:
        """Without the values of the process, and comments, which differ in nothing that counts."""
        return sorted(line for line in text.splitlines() if line.startswith("streaming_"))

    assert lines(done.stdout) == lines(filled().answer(accept)[0].decode())


def test_exactly_one_verdict_is_true() -> None:
    found = series(filled())
    verdicts = {"gunicorn": "streaming", "nginx": "buffered", "public": "buffered"}
    for layer, verdict in {**verdicts, "all": "buffered"}.items():
        for word in ORDER:
            shown = value(found, "streaming_probe_verdict", layer=layer, verdict=word)
            assert shown == (word == verdict), (layer, word)


@pytest.mark.parametrize(
    ("sample", "layer", "cause"),
    [
        (a_round("buffered", "nginx", "nginx-gzip"), "nginx", "nginx-gzip"),
        (a_round("refused", "gunicorn"), "gunicorn", "unknown"),
        (a_round("stalled"), "unknown", "unknown"),
        (a_round("streaming"), None, None),
        (a_round("unknown"), None, None),
    ],
)
def test_a_culprit_is_named_while_it_is_one(sample, layer, cause) -> None:  # type: ignore[no-untyped-def]
    exposition = filled()
    exposition.round(sample, 15)
    found = [
        dict(own) for name, own in series(exposition) if name == "streaming_probe_culprit_info"
    ]
    named = {"app": APP, "path": PATH, "layer": layer, "cause": cause}
    assert found == ([named] if layer else [])


def test_rounds_are_counted_from_the_start() -> None:
    exposition = filled()
    exposition.round(a_round(at=AT + 15), 15)
    found = series(exposition)
    for verdict in ORDER:
        count = value(found, "streaming_probe_rounds_total", layer="all", verdict=verdict)
        assert count == (verdict in ("streaming", "buffered"))
    assert value(found, "streaming_probe_rounds_total", layer="gunicorn", verdict="streaming") == 2
    assert value(found, "streaming_probe_last_round_timestamp_seconds") == AT + 15.5


def test_the_delays_of_all_rounds_add_up() -> None:
    exposition = filled()
    sample = a_round()
    edges = {"identity": PassSample("streaming", delays=(BOUNDS[0], BOUNDS[-1], 61.0, -0.001))}
    exposition.round(sample._replace(layers=(sample.layers[1]._replace(passes=edges),)), 15)
    found = series(exposition)
    labels = {"layer": "nginx", "pass": "identity"}
    for bound, count in (("0.001", 3), ("0.025", 4), ("60.0", 5), ("+Inf", 6)):
        name = "streaming_probe_chunk_delay_seconds_bucket"
        assert value(found, name, le=bound, **labels) == count, bound
    total = 0.0005 + 0.02 + BOUNDS[0] + BOUNDS[-1] + 61 - 0.001
    shown = value(found, "streaming_probe_chunk_delay_seconds_sum", **labels)
    assert shown == pytest.approx(total)


def test_an_unknown_value_has_no_series() -> None:
    exposition = Exposition()
    layer = a_round().layers[0]._replace(passes={"identity": PassSample("refused")})
    exposition.round(a_round("refused")._replace(layers=(layer,)), 15)
    exposition.state(
        a_state(LIVE._replace(memory_bytes=None, streams=None))._replace(certificate_ends=None)
    )
    names = {name for name, _ in series(exposition)}
    assert names.isdisjoint(
        {
            "streaming_probe_time_to_headers_seconds",
            "streaming_release_memory_bytes",
            "streaming_release_drain_seconds_left",
            "streaming_streams_in_flight",
            "streaming_certificate_expiry_timestamp_seconds",
        }
    )
    assert "streaming_probe_truncated" in names


def test_a_release_that_ended_leaves_nothing() -> None:
    exposition = filled()
    exposition.state(a_state(OLD._replace(release="ccc", state="live", seconds_left=None)))
    releases = {dict(own).get("release") for _, own in series(exposition)}
    assert releases == {None, "ccc"}


def test_what_an_app_counts_is_shown_as_it_is() -> None:
    found = series(filled())
    assert value(found, "streaming_streams_ended_total", how="failed") == 1
    assert value(found, "streaming_answers_total", code="2xx") == 9
    name = "streaming_time_per_output_chunk_seconds"
    assert value(found, f"{name}_bucket", le="0.005") == 3
    assert value(found, f"{name}_count") == 6 and value(found, f"{name}_sum") == 61.5


@pytest.mark.parametrize(("answers", "shown"), [({"429": 3}, 3), ({"4xx": 3}, None)])
def test_too_many_requests_are_shown_if_they_are_counted(
    answers: dict[str, int], shown: int | None
) -> None:
    exposition = Exposition()
    exposition.state(a_state(LIVE._replace(streams=counted(answers=answers))))
    assert value(series(exposition), "streaming_answers_total", code="429") == shown


def test_an_app_cannot_invent_labels() -> None:
    invented = {f"made-up-{number}": 1 for number in range(1000)}
    exposition = Exposition()
    exposition.state(a_state(LIVE._replace(streams=counted(ended=invented, answers=invented))))
    assert "made-up" not in exposition.answer("")[0].decode()


def test_the_monitors_errors_have_few_names() -> None:
    exposition = Exposition()
    for number in range(MOST_ERRORS + 5):
        exposition.error(f"e{number}")
    exposition.error("e0")
    found = series(exposition)
    assert value(found, "streaming_monitor_errors_total", what="other") == 5
    assert value(found, "streaming_monitor_errors_total", what="e0") == 2


@pytest.mark.parametrize(
    ("keep", "apps", "paths"),
    [((), {"docs"}, {"/api/"}), (("/api/",), {"chat", "docs"}, {"/api/"})],
)
def test_what_is_forgotten_has_no_series(
    keep: tuple[str, ...], apps: set[str], paths: set[str]
) -> None:
    exposition = filled()
    exposition.round(a_round(path="/old/"), 15)
    exposition.round(a_round(app="docs"), 15)
    exposition.forget(APP, keep)
    labels = [dict(own) for name, own in series(exposition) if name.startswith("streaming_")]
    assert {own["app"] for own in labels if "app" in own} == apps
    assert {own["path"] for own in labels if "path" in own} == paths


def test_labels_cannot_break_the_format() -> None:
    exposition = Exposition()
    exposition.round(a_round(path='/a"b\\c\n/'), 15)
    assert {dict(own).get("path") for _, own in series(exposition)} == {None, '/a"b\\c\n/'}


def test_threads_do_not_disturb_each_other() -> None:
    exposition = filled()
    stop, failures = threading.Event(), []

    def change(app: str) -> None:
        for number in range(200):
            exposition.round(a_round(app=app, path=f"/{number % 3}/"), 15)
            exposition.state(a_state(LIVE._replace(release=str(number)), app=app))
            exposition.error(app)
            exposition.forget(app, ["/0/"])

    def read() -> None:
        while not stop.is_set():
            try:
                exposition.answer(SCRAPE)
            except Exception as error:  # noqa: BLE001 # of any kind
                failures.append(error)

    readers = [threading.Thread(target=read)]
    writers = [threading.Thread(target=change, args=(app,)) for app in ("a", "b")]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    readers[0].join()
    found = series(exposition)
    assert failures == []
    assert value(found, "streaming_monitor_errors_total", what="a") == 200
