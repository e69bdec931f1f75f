# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""One round of measurements of an app: each of its paths, from the app's socket outwards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Mapping

from ..deploy.proof import CLOSED
from ..latency.judge import words
from ..latency.judge.figures import delays_of
from ..latency.judge.rounds import NOISE
from ..latency.ladder import Ladder
from ..latency.measurement import Measurement
from .values import LayerSample, PassSample, Sample

if TYPE_CHECKING:
    from .wanted import Wanted

# The probe's events come 20 ms apart, so a long gap is somebody's fault.
THRESHOLDS = {"largest_gap": 0.5}  # seconds
# Seconds. The probe's stream takes less than one: so a round ends soon, whatever is wrong.
PATIENCE = 2.5  # of silence
LONGEST = 3.0
LOGIN = "{path} needs a login, so the monitor cannot measure it there."


def measure(wanted: Wanted, socket: str) -> list[Sample]:
    """Measure all paths. ``socket`` is that of the live release.

    The app's own socket is measured once; what is in front of it is compared with that. Raises
    LatencyError.
    """
    found: list[Sample] = []
    at_socket: list[Any] = []
    for way in wanted.ways:
        layers = list(way.layers) if not at_socket else list(way.layers[1:])
        if not at_socket:
            layers[0] = {**layers[0], "unix_socket": socket}
        began, at = time.monotonic(), time.time()
        ladder = Ladder.of(
            {
                "layers": layers,
                "measured": at_socket,
                "probe_token": wanted.probe_token or None,
                "thresholds": {**THRESHOLDS, **wanted.thresholds},
                "seconds": LONGEST,
                "patience": PATIENCE,
            }
        )
        result = ladder.climb()
        if result["culprit"] and any(note.startswith(NOISE) for note in result["notes"]):
            # What began during the round shows at other layers before it shows at its own.
            result = ladder.climb()
        took = round(time.monotonic() - began, 3)
        found.append(sample_of(result, wanted.app, way.path, at, took))
        at_socket = result["measured"][:1]
    return found


def sample_of(result: Mapping[str, Any], app: str, path: str, at: float, took: float) -> Sample:
    """The sample of a result of ``Ladder.climb``."""
    first: Mapping[str, Any] = next(iter(result["causes"]), {})
    measured = {one["layer"]: Measurement.of(one) for one in result["measured"]}
    layers = tuple(_layer(one, measured[one["layer"]]) for one in result["layers"])
    sample = Sample(
        app=app,
        path=path,
        at=at,
        verdict=result["verdict"],
        culprit=result["culprit"] or "",
        cause=first.get("cause", "") if result["culprit"] else "",
        message=result["message"],
        remedy=first.get("remedy", "") if result["culprit"] else "",
        layers=layers,
        took=took,
    )
    if sample.cause in CLOSED and sample.culprit != layers[0].layer:
        return _closed(sample)
    return sample


def _closed(sample: Sample) -> Sample:
    """A login in front of the path is no fault: the measurement ends there."""
    opens = [one.layer for one in sample.layers].index(sample.culprit)
    shut = [LayerSample(one.layer, words.UNKNOWN, {}) for one in sample.layers[opens:]]
    return sample._replace(
        verdict=words.UNKNOWN,
        culprit="",
        cause="",
        message=LOGIN.format(path=sample.path),
        remedy="",
        layers=(*sample.layers[:opens], *shut),
    )


def _layer(layer: Mapping[str, Any], measured: Measurement) -> LayerSample:
    passes = {
        name: _pass(one, measured.passes[name].timelines) for name, one in layer["passes"].items()
    }
    return LayerSample(layer["layer"], layer["verdict"], passes)


def _pass(judged: Mapping[str, Any], timelines: Any) -> PassSample:
    figures = judged["metrics"]
    return PassSample(
        verdict=judged["verdict"],
        time_to_headers=figures["time_to_headers_seconds"],
        time_to_first_chunk=figures["time_to_first_chunk_seconds"],
        delay_p50=figures["delay_p50_seconds"],
        delay_p99=figures["delay_p99_seconds"],
        largest_gap=figures["largest_gap_seconds"],
        coalesced_ratio=figures["coalesced_ratio"],
        truncated=judged["verdict"] == words.TRUNCATED,
        delays=tuple(delay for one in timelines for delay in delays_of(one)[0]),
    )
