# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The monitor's metrics: their names, kinds, labels and help texts."""

from __future__ import annotations

from typing import NamedTuple

COUNTER = "counter"
GAUGE = "gauge"
HISTOGRAM = "histogram"
INFO = "info"


class Metric(NamedTuple):
    """``kind`` is one of the four above. The name of a counter ends in ``_total``."""

    kind: str
    labels: tuple[str, ...]
    help: str


_PASS = ("app", "path", "layer", "pass")
_LAYER = ("app", "path", "layer")
_PATH = ("app", "path")
_APP = ("app",)
_RELEASE = ("app", "release")

# A rate needs the first value too: all values of `verdict` and `state` are there from the start.
METRICS = {
    # The probe: the latest round.
    "streaming_probe_verdict": Metric(
        GAUGE,
        (*_LAYER, "verdict"),
        "1 for the verdict of the latest round, 0 for the others. Layer all is the whole way.",
    ),
    "streaming_probe_culprit_info": Metric(
        INFO,
        (*_PATH, "layer", "cause"),
        "The layer that spoils the stream, and the likeliest cause. Absent while it streams.",
    ),
    "streaming_probe_time_to_headers_seconds": Metric(
        GAUGE, _PASS, "From the request to the headers, in the latest round."
    ),
    "streaming_probe_time_to_first_chunk_seconds": Metric(
        GAUGE, _PASS, "From the request to the first chunk, in the latest round."
    ),
    "streaming_probe_largest_gap_seconds": Metric(
        GAUGE, _PASS, "The longest silence between two chunks, in the latest round."
    ),
    "streaming_probe_coalesced_ratio": Metric(
        GAUGE,
        _PASS,
        "Share of events that arrived together with the one before, in the latest round.",
    ),
    "streaming_probe_truncated": Metric(
        GAUGE, _PASS, "1 if the stream of the latest round was cut, else 0."
    ),
    "streaming_probe_last_round_timestamp_seconds": Metric(
        GAUGE, _PATH, "When the latest round ended, in seconds since 1970."
    ),
    "streaming_probe_round_duration_seconds": Metric(
        GAUGE, _PATH, "How long the latest round took."
    ),
    "streaming_probe_interval_seconds": Metric(
        GAUGE, _APP, "Wanted time from the start of one round to the start of the next."
    ),
    # The probe: all rounds.
    "streaming_probe_chunk_delay_seconds": Metric(
        HISTOGRAM, _PASS, "How late each event of the probe arrived, in all rounds."
    ),
    "streaming_probe_rounds_total": Metric(
        COUNTER, (*_LAYER, "verdict"), "Rounds by verdict. Layer all is the whole way."
    ),
    # The releases.
    "streaming_release_state": Metric(
        GAUGE,
        (*_RELEASE, "state"),
        "1 for the state of the release (live, draining or starting), 0 for the others.",
    ),
    "streaming_release_connections": Metric(
        GAUGE, _RELEASE, "Connections that are open to the release."
    ),
    "streaming_release_memory_bytes": Metric(
        GAUGE, _RELEASE, "Memory that the release's processes use."
    ),
    "streaming_release_drain_seconds_left": Metric(
        GAUGE, _RELEASE, "Rest of the drain time. Streams that are open at its end are cut."
    ),
    "streaming_last_deploy_timestamp_seconds": Metric(
        GAUGE, _APP, "When the live release became live, in seconds since 1970."
    ),
    "streaming_certificate_expiry_timestamp_seconds": Metric(
        GAUGE, _APP, "When the certificate that Nginx shows ends, in seconds since 1970."
    ),
    # The app's own streams.
    "streaming_streams_in_flight": Metric(
        GAUGE, _RELEASE, "The app's own streams that are open now."
    ),
    "streaming_streams_opened_total": Metric(
        COUNTER, _RELEASE, "The app's own streams that were opened."
    ),
    "streaming_streams_ended_total": Metric(
        COUNTER,
        (*_RELEASE, "how"),
        "The app's own streams that ended: complete, left (the reader went away) or failed.",
    ),
    "streaming_answers_total": Metric(
        COUNTER, (*_RELEASE, "code"), "The app's answers, by the class of their status."
    ),
    "streaming_time_to_first_chunk_seconds": Metric(
        HISTOGRAM, _RELEASE, "From the request to the first chunk, of the app's own streams."
    ),
    "streaming_time_per_output_chunk_seconds": Metric(
        HISTOGRAM, _RELEASE, "From one chunk to the next, of the app's own streams."
    ),
    # The monitor itself.
    "streaming_monitor_errors_total": Metric(
        COUNTER, ("what",), "Errors of the monitor itself, by what it was doing."
    ),
    "streaming_monitor_history_bytes": Metric(
        GAUGE, (), "Size of the monitor's history on the disk."
    ),
}
