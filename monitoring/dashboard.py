"""Write dashboard.json, for Grafana. Each panel answers the question in its title.

.venv/bin/python -m monitoring.dashboard
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueTextMode,
    StackingMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from plugins.module_utils.latency.judge.words import ORDER

if TYPE_CHECKING:
    from collections.abc import Sequence

OUTPUT = Path(__file__).with_name("dashboard.json")
SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
CHOSEN = 'instance=~"$instance", app=~"$app"'
COLOURS = dict(
    zip(
        ORDER,
        ("green", "gray", "yellow", "orange", "dark-orange", "red", "purple", "dark-red"),
        strict=True,
    )
)
REFS = "ABC"
LATEST = common.ReduceDataOptions().calcs(["lastNotNull"])
RELEASE = "{{app}} {{release}} on {{instance}}"
P = TypeVar("P", stat.Panel, statetimeline.Panel, table.Panel, timeseries.Panel, bargauge.Panel)
Builder = stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel | bargauge.Panel


def chosen(name: str, *more: str) -> str:
    """A metric of the hosts and apps that the variables select."""
    return f"{name}{{{', '.join((CHOSEN, *more))}}}"


def on_host(name: str) -> str:
    """A metric of the monitors themselves, on the hosts that the variable selects."""
    return f'{name}{{job="streaming_api", instance=~"$instance"}}'


def share(part: str, whole: str, labels: str) -> str:
    """The share of some rates among others, by these labels."""
    return f"sum by ({labels}) (rate({part}[5m])) / sum by ({labels}) (rate({whole}[5m]))"


def quantile(q: float, name: str, labels: str) -> str:
    """A quantile of a histogram, over five minutes."""
    return f"histogram_quantile({q}, sum by ({labels}, le) (rate({chosen(name + '_bucket')}[5m])))"


def verdicts(layer: str, labels: str) -> str:
    """The verdict as a number: its place in ``words.ORDER``."""
    each = (
        f"{number} * {chosen('streaming_probe_verdict', layer, f'verdict={json.dumps(word)}')}"
        for number, word in enumerate(ORDER)
    )
    return f"sum by ({labels}) ({' or '.join(each)})"


def query(
    expression: str, legend: str = "", *, now: bool = False, as_table: bool = False
) -> Dataquery:
    """A query over the time shown, or only of the latest values."""
    made = Dataquery().expr(expression).legend_format(legend or "__auto")
    made = made.instant() if now or as_table else made.range()
    return made.format(PromQueryFormat.TABLE) if as_table else made


def words() -> list[model.ValueMapping]:
    """Show the number of a verdict as its word."""
    return [
        model.ValueMap(
            options={
                str(number): model.ValueMappingResult(text=word, color=COLOURS[word], index=number)
                for number, word in enumerate(ORDER)
            }
        )
    ]


def limits(*steps: tuple[float | None, str]) -> build.ThresholdsConfig:
    """Colours from these values on."""
    return (
        build.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=colour) for value, colour in steps])
    )


def asking(panel: P, *queries: Dataquery) -> P:
    """The panel with these queries: A, B and so on."""
    return panel.targets([each.ref_id(REFS[number]) for number, each in enumerate(queries)])


def lines(*queries: Dataquery, unit: str = "s") -> timeseries.Panel:
    """Lines over the time shown, from 0 on."""
    legend = common.VizLegendOptions().show_legend(True)
    panel = timeseries.Panel().unit(unit).min(0).fill_opacity(10).legend(legend)
    return asking(panel, *queries)


def bars(expression: str, legend: str, unit: str, most: float) -> bargauge.Panel:
    """A bar for each of the latest values."""
    panel = bargauge.Panel().unit(unit).min(0).max(most).reduce_options(LATEST)
    return asking(panel, query(expression, legend, now=True))


def rows(*queries: Dataquery) -> table.Panel:
    """A table of the latest values: a line for each set of labels, a column for each query."""
    hidden = dict.fromkeys(("Time", "__name__", "job"), True)
    merge = model.DataTransformerConfig(id_val="merge", options={})
    hide = model.DataTransformerConfig(id_val="organize", options={"excludeByName": hidden})
    return asking(table.Panel().transformations([merge, hide]), *queries)


def column(panel: table.Panel, ref: str, name: str, unit: str) -> table.Panel:
    """Name the column of a query's values."""
    properties = [
        model.DynamicConfigValue(id_val="displayName", value=name),
        model.DynamicConfigValue(id_val="unit", value=unit),
    ]
    return panel.override_by_name(f"Value #{ref}", properties)


def now() -> Sequence[tuple[str, int, int, Builder]]:
    """Title, width, height and panel: what somebody on call asks first."""
    whole = chosen("streaming_probe_rounds_total", 'layer="all"', 'verdict!="unknown"')
    good = chosen("streaming_probe_rounds_total", 'layer="all"', 'verdict="streaming"')
    month = " / ".join(f"sum by (app, path) (rate({each}[30d]))" for each in (good, whole))
    return [
        (
            "Does it stream now?",
            12,
            6,
            asking(
                stat.Panel()
                .mappings(words())
                .color_mode(BigValueColorMode.BACKGROUND)
                .text_mode(BigValueTextMode.VALUE_AND_NAME)
                .reduce_options(LATEST),
                query(
                    verdicts('layer="all"', "instance, app, path"),
                    "{{app}} {{path}} on {{instance}}",
                    now=True,
                ),
            ),
        ),
        (
            "Why does it not stream?",
            12,
            6,
            rows(query(chosen("streaming_probe_culprit_info"), as_table=True)).no_value(
                "It streams."
            ),
        ),
        (
            "Which layer, and since when?",
            24,
            8,
            asking(
                statetimeline.Panel()
                .mappings(words())
                .merge_values(True)
                .show_value(VisibilityMode.AUTO),
                query(
                    verdicts('layer!="all"', "instance, app, path, layer"),
                    "{{app}} {{path}} on {{instance}}: {{layer}}",
                ),
            ),
        ),
        (
            "Which host?",
            12,
            7,
            lines(
                query(share(good, whole, "instance, app"), "{{app}} on {{instance}}"),
                unit="percentunit",
            ).max(1),
        ),
        (
            "How much of the budget of 30 days is left?",
            12,
            7,
            bars(
                f"1 - (1 - {month}) / scalar(1 - streaming:objective:ratio)",
                "{{app}} {{path}}",
                "percentunit",
                1,
            ).thresholds(limits((None, "red"), (0.1, "orange"), (0.5, "green"))),
        ),
    ]


def layers() -> Sequence[tuple[str, int, int, Builder]]:
    """What the probe sees at each layer."""
    name = "{{app}} {{layer}} {{pass}} on {{instance}}"
    return [
        (
            "How late are chunks at each layer?",
            12,
            8,
            lines(
                query(
                    quantile(
                        0.95, "streaming_probe_chunk_delay_seconds", "instance, app, layer, pass"
                    ),
                    name,
                )
            ),
        ),
        (
            "How long does a reader wait for the first chunk?",
            12,
            8,
            lines(query(chosen("streaming_probe_time_to_first_chunk_seconds"), name)),
        ),
        (
            "How long is the longest silence?",
            12,
            8,
            lines(query(chosen("streaming_probe_largest_gap_seconds"), name)),
        ),
        (
            "Do chunks arrive in lumps?",
            12,
            8,
            lines(query(chosen("streaming_probe_coalesced_ratio"), name), unit="percentunit").max(
                1
            ),
        ),
    ]


def releases() -> Sequence[tuple[str, int, int, Builder]]:
    """What deploys do."""
    in_flight = chosen("streaming_streams_in_flight")
    connections = chosen("streaming_release_connections")
    left = chosen("streaming_release_drain_seconds_left")
    same = "on (instance, app, release)"
    drain = rows(
        query(left, as_table=True),
        query(f"({in_flight} or {connections}) and {same} {left}", as_table=True),
    ).no_value("Nothing drains.")
    return [
        (
            "How many streams are open on which release?",
            12,
            8,
            lines(query(f"{in_flight} or {connections}", RELEASE), unit="short").stacking(
                common.StackingConfig().mode(StackingMode.NORMAL)
            ),
        ),
        (
            "Will a drain cut streams?",
            12,
            8,
            column(column(drain, "A", "Time left", "s"), "B", "Open streams", "short"),
        ),
        (
            "How much memory does each release use?",
            12,
            8,
            lines(query(chosen("streaming_release_memory_bytes"), RELEASE), unit="bytes"),
        ),
        (
            "How long do the certificates last?",
            12,
            8,
            bars(
                f"{chosen('streaming_certificate_expiry_timestamp_seconds')} - time()",
                "{{app}} on {{instance}}",
                "s",
                90 * 86400,
            ).thresholds(limits((None, "red"), (3 * 86400, "orange"), (14 * 86400, "green"))),
        ),
    ]


def _usual_and_slowest(histogram: str) -> list[Dataquery]:
    """The median and the 95th percentile of each release."""
    return [
        query(
            quantile(q, histogram, "app, release"),
            f"{{{{app}}}} {{{{release}}}}: {text}",
        )
        for q, text in ((0.5, "median"), (0.95, "slowest 5 %"))
    ]


def own() -> Sequence[tuple[str, int, int, Builder]]:
    """The app's own streams."""
    ended = chosen("streaming_streams_ended_total")
    answers = chosen("streaming_answers_total")
    return [
        (
            "How long do the app's own streams pause between chunks?",
            12,
            8,
            lines(*_usual_and_slowest("streaming_time_per_output_chunk_seconds")),
        ),
        (
            "How long do the app's readers wait for the first chunk?",
            12,
            8,
            lines(*_usual_and_slowest("streaming_time_to_first_chunk_seconds")),
        ),
        (
            "How many streams begin, and how do they end?",
            12,
            8,
            lines(
                query(
                    f"sum by (app) (rate({chosen('streaming_streams_opened_total')}[5m]))",
                    "{{app}}: opened",
                ),
                query(f"sum by (app, how) (rate({ended}[5m]))", "{{app}}: {{how}}"),
                unit="reqps",
            ),
        ),
        (
            "Does the app refuse requests?",
            12,
            8,
            lines(
                query(f"sum by (app, code) (rate({answers}[5m]))", "{{app}}: {{code}}"),
                unit="reqps",
            ),
        ),
    ]


def monitor() -> Sequence[tuple[str, int, int, Builder]]:
    """The monitor itself."""
    errors = on_host("streaming_monitor_errors_total")
    return [
        (
            "Does the monitor measure?",
            12,
            7,
            lines(
                query(
                    chosen("streaming:round_age:intervals"),
                    "intervals since the latest round: {{app}} {{path}} on {{instance}}",
                ),
                query(
                    f"sum by (instance, what) (increase({errors}[5m]))",
                    "errors: {{what}} on {{instance}}",
                ),
                unit="short",
            ),
        ),
        (
            "What does the monitor cost?",
            12,
            7,
            lines(
                query(
                    f"rate({on_host('process_cpu_seconds_total')}[5m])",
                    "CPU on {{instance}}",
                ),
                unit="percentunit",
            ),
        ),
    ]


def variable(name: str, label: str, expression: str) -> build.QueryVariable:
    """A choice among the values of a label."""
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query(expression)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .current(model.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def dashboard() -> model.Dashboard:
    """The dashboard as Grafana stores it."""
    made = (
        build.Dashboard("Streams")
        .uid("streaming-api")
        .description("Do the streams stream? What the monitors of streaming_api measure.")
        .tags(["streaming_api"])
        .time("now-3h", "now")
        .refresh("30s")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .with_variable(
            build.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        )
        .with_variable(
            variable("instance", "Host", "label_values(streaming_probe_interval_seconds, instance)")
        )
        .with_variable(
            variable(
                "app",
                "App",
                'label_values(streaming_probe_interval_seconds{instance=~"$instance"}, app)',
            )
        )
        .annotation(
            build.AnnotationQuery()
            .name("Deploys")
            .datasource(SOURCE)
            .enable(True)
            .icon_color("blue")
            .expr(f"changes({chosen('streaming_last_deploy_timestamp_seconds')}[2m]) > 0")
        )
    )
    sections = {
        "Now": now(),
        "At each layer": layers(),
        "Releases": releases(),
        "The app's own streams": own(),
        "The monitor": monitor(),
    }
    ids = itertools.count(1)
    for title, panels in sections.items():
        made = made.with_row(build.Row(title).id(next(ids)))
        for question, width, height, panel in panels:
            titled = panel.title(question).datasource(SOURCE).id(next(ids))
            made = made.with_panel(titled.span(width).height(height))
    return made.build()


def text() -> str:
    """The file."""
    return json.dumps(dashboard(), cls=JSONEncoder, indent=2) + "\n"


if __name__ == "__main__":
    OUTPUT.write_text(text())
