"""Healthy: nothing fires, also while releases change."""

from __future__ import annotations

import os
import time

from plays import Plays
from testhost import until
from watching import INTERVAL, Prometheus

DEPLOYS = int(os.environ.get("WATCH_DEPLOYS", "2"))
PAUSE = float(os.environ.get("WATCH_PAUSE", "3"))  # seconds between two deploys
FIRING = 'ALERTS{alertstate="firing"}'


def test_it_streams_at_all_layers(prometheus: Prometheus) -> None:
    streaming = 'streaming_probe_verdict{verdict="streaming"} == 1'
    layers = {"gunicorn", "nginx", "public", "all"}
    # A busy machine can leave a round without a verdict.
    until(lambda: {one["layer"] for one in prometheus.ask(streaming)} == layers, 60)
    until(lambda: not prometheus.firing(), INTERVAL)  # that of a round before may not have cleared


def test_nothing_fires_while_releases_change(plays: Plays, prometheus: Prometheus) -> None:
    began, before = time.time(), prometheus.rounds()
    known = {one["alertname"] for one in prometheus.ask(FIRING)}  # of an earlier run of these tests
    for number in range(DEPLOYS):
        assert plays.deploy(streaming_api_environment={"DEPLOY": str(number)}).changed
        time.sleep(PAUSE)
    lasted = time.time() - began
    alerts = prometheus.ask(f"max_over_time({FIRING}[{lasted:.0f}s])")
    assert {one["alertname"] for one in alerts} <= known
    done = prometheus.rounds() - before
    print(f"\n{DEPLOYS} deploys in {lasted:.0f} s, {done:.0f} rounds")
    assert done > 0.5 * lasted / INTERVAL
