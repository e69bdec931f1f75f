"""Healthy: nothing fires, also while releases change."""

from __future__ import annotations

import os
import time

from plays import Plays
from watching import INTERVAL, Prometheus

DEPLOYS = int(os.environ.get("WATCH_DEPLOYS", "2"))
PAUSE = float(os.environ.get("WATCH_PAUSE", "3"))  # seconds between two deploys
FIRING = 'ALERTS{alertstate="firing"}'


def rounds(prometheus: Prometheus) -> float:
    (count,) = prometheus.ask('sum(streaming_probe_rounds_total{layer="all"})')
    return float(count["value"])


def test_it_streams_at_all_layers(prometheus: Prometheus) -> None:
    found = prometheus.ask('streaming_probe_verdict{verdict="streaming"} == 1')
    assert {one["layer"] for one in found} == {"gunicorn", "nginx", "public", "all"}
    assert prometheus.firing() == set()


def test_nothing_fires_while_releases_change(plays: Plays, prometheus: Prometheus) -> None:
    began, before = time.time(), rounds(prometheus)
    known = {one["alertname"] for one in prometheus.ask(FIRING)}  # of an earlier run of these tests
    for number in range(DEPLOYS):
        assert plays.deploy(streaming_api_environment={"DEPLOY": str(number)}).changed
        time.sleep(PAUSE)
    lasted = time.time() - began
    alerts = prometheus.ask(f"max_over_time({FIRING}[{lasted:.0f}s])")
    assert {one["alertname"] for one in alerts} <= known
    done = rounds(prometheus) - before
    print(f"\n{DEPLOYS} deploys in {lasted:.0f} s, {done:.0f} rounds")
    assert done > 0.5 * lasted / INTERVAL
