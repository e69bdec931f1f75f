"""A real Prometheus reads the monitor's answers, and raises the alerts."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.module_utils.monitor.exposition import Exposition
from plugins.module_utils.monitor.values import Sample

from .found import LIVE, OLD, a_round, a_state
from .prometheus import program
from .test_alerts import MONITORING, RULES
from .test_dashboard import QUERIES

INTERVAL = 1  # seconds: of rounds, scrapes and rules
PATIENCE = 60


class Monitor:
    """Answers each scrape after a round of the present verdict."""

    def __init__(self) -> None:
        self.now = a_round()
        self.rounds = 0
        self.exposition = Exposition()
        self.exposition.state(a_state(LIVE, OLD))
        self.exposition.history_bytes(4096)
        self.exposition.error("round")
        monitor = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                monitor.measure()
                body, content_type = monitor.exposition.answer(self.headers["Accept"])
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def measure(self) -> None:
        """One round."""
        sample: Sample = self.now._replace(at=time.time(), took=0.0)
        self.exposition.round(sample, INTERVAL)
        self.rounds += 1


class Prometheus:
    """What its API says."""

    def __init__(self, port: int) -> None:
        self._api = f"http://127.0.0.1:{port}/api/v1"

    def ask(self, what: str, **query: str) -> Any:
        """The data of an answer."""
        url = f"{self._api}/{what}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]

    def firing(self) -> dict[str, dict[str, str]]:
        """The labels of all alerts that fire, by their names."""
        return {
            alert["labels"]["alertname"]: alert["labels"]
            for alert in self.ask("alerts")["alerts"]
            if alert["state"] == "firing"
        }

    def result(self, expression: str) -> list[Any]:
        """The series that an expression has now."""
        found: list[Any] = self.ask("query", query=expression)["result"]
        return found


def wait_for(what: Callable[[], object]) -> object:
    """Its first true value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except OSError:  # it does not listen yet
            pass
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE} s")


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    """A monitor that listens."""
    made = Monitor()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def prometheus(monitor: Monitor, tmp_path: Path) -> Iterator[Prometheus]:
    """A Prometheus with the project's own example, but quicker."""
    binary = program("prometheus")
    config = yaml.safe_load((MONITORING / "prometheus.example.yml").read_text())
    config["global"] = dict.fromkeys(config["global"], f"{INTERVAL}s")
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    shutil.copy(MONITORING / "alerts.yml", tmp_path)
    target = {"targets": [f"127.0.0.1:{monitor.server.server_port}"], "labels": {"instance": "a"}}
    (tmp_path / "targets.json").write_text(json.dumps([target]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = (tmp_path / "log").open("w")
    running = subprocess.Popen(
        [
            binary,
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        cwd=tmp_path,
        stdout=log,
        stderr=log,
    )
    try:
        made = Prometheus(port)
        wait_for(lambda: made.result("streaming_probe_verdict") or running.poll() is not None)
        assert running.poll() is None, (tmp_path / "log").read_text()
        yield made
    finally:
        running.terminate()
        running.wait(60)
        log.close()


def test_a_fault_is_an_alert_while_it_lasts(monitor: Monitor, prometheus: Prometheus) -> None:
    assert prometheus.firing().keys() <= {"CertificateEnds"}  # it ends in 2027

    before = monitor.rounds
    monitor.now = a_round("buffered", "nginx", "nginx-gzip")
    wait_for(lambda: "StreamNotStreaming" in prometheus.firing())
    took = monitor.rounds - before
    assert took < 10, "a round and a scrape, and an evaluation within an interval"
    labels = prometheus.firing()["StreamNotStreaming"]
    names = ("severity", "job", "instance", "app", "path", "layer", "cause", "verdict")
    assert [labels[name] for name in names] == [
        *("critical", "streaming_api", "a", "chat", "/api/"),
        *("nginx", "nginx-gzip", "buffered"),
    ]

    monitor.now = a_round()
    wait_for(lambda: "StreamNotStreaming" not in prometheus.firing())

    health = prometheus.ask("rules")["groups"]
    rules = [rule for group in health for rule in group["rules"]]
    assert len(rules) == len(RULES)
    assert [rule for rule in rules if rule["health"] == "err"] == []
    assert [name for name, query in QUERIES.items() if not has_data(prometheus, query)] == []


def has_data(prometheus: Prometheus, query: str) -> bool:
    """Whether a panel's query finds something, where it can."""
    found = prometheus.result(re.sub(r"\$(instance|app)\b", ".+", query))
    # No culprit and no deploy is there.
    return bool(found) or "culprit" in query or "last_deploy" in query
