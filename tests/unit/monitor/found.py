"""What a monitor found out, for tests: values as they come from a host."""

from __future__ import annotations

from plugins.module_utils.monitor.values import (
    AppState,
    Histogram,
    LayerSample,
    PassSample,
    ReleaseState,
    Sample,
    Streams,
)

APP, PATH = "chat", "/api/"
AT = 1_800_000_000.0
LAYERS = ("gunicorn", "nginx", "public")
STEPS = Histogram((0, 0, 3, 0, 2, *[0] * 10, 1), 61.5)


def a_layer(layer: str, verdict: str = "streaming") -> LayerSample:
    """A layer with both passes."""
    found = PassSample(verdict, 0.003, 0.004, 0.0005, 0.002, 0.02, 0.04, delays=(0.0005, 0.02))
    return LayerSample(layer, verdict, {"identity": found, "browser": found})


def a_round(
    verdict: str = "streaming",
    culprit: str = "",
    cause: str = "",
    at: float = AT,
    app: str = APP,
    path: str = PATH,
) -> Sample:
    """A round of three layers; the layers from the culprit on have the verdict of the whole way."""
    bad = LAYERS.index(culprit) if culprit in LAYERS else len(LAYERS)
    layers = tuple(
        a_layer(name, verdict if number >= bad else "streaming")
        for number, name in enumerate(LAYERS)
    )
    return Sample(app, path, at, verdict, culprit, cause, layers=layers, took=0.5)


def a_state(*releases: ReleaseState, app: str = APP) -> AppState:
    """A state of an app with TLS."""
    return AppState(app, AT, releases, deployed_at=AT - 60, certificate_ends=AT + 86400)


def counted(**changes: object) -> Streams:
    """What an app counts."""
    own = Streams(2, 9, {"complete": 5, "left": 1, "failed": 1}, {"2xx": 9, "5xx": 1}, STEPS, STEPS)
    return own._replace(**changes)  # type: ignore[arg-type]


LIVE = ReleaseState("bbb", "live", 2, 50_000_000, streams=counted())
OLD = ReleaseState("aaa", "draining", 1, 40_000_000, seconds_left=90.0)
