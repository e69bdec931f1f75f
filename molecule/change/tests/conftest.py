"""Loads that watch the service while plays run, and figures of what they saw."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from testhost import Machine, ask
from testinfra.host import Host

Left = Callable[[], dict[str, list[str]]]

ROOT = Path(__file__).parents[3]
FIGURES = ROOT / ".cache/change.json"


@pytest.fixture(scope="session")
def size() -> dict[str, int]:
    """The size of the run: the short form, unless CHANGE_STREAMS=300 and the like change it."""
    short = {"deploys": 4, "streams": 60, "rate": 8, "longest": 40, "kills": 2}
    return {name: int(os.environ.get(f"CHANGE_{name.upper()}", n)) for name, n in short.items()}


HTTP: dict[str, list[str]] = {"1.1": [], "2": ["--browsers=4"]}


class Load:
    """Streams over each version of HTTP, by processes of their own. See load.py."""

    def __init__(self, machine: Machine, **options: Any) -> None:
        self.begun = time.monotonic()
        self.seen: dict[str, Any] = {}
        load = str(ROOT / "molecule/change/load.py")
        argv = [sys.executable, load, f"{machine.https_url}/api/stream"]
        argv += [f"--{name}={value}" for name, value in options.items()]
        self.processes = {
            http: subprocess.Popen(
                [*argv, f"--http={http}", *more],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for http, more in HTTP.items()
        }

    def say(self, command: str) -> None:
        for process in self.processes.values():
            assert process.stdin
            process.stdin.write(f"{command}\n")
            process.stdin.flush()

    def end(self, command: str = "leave") -> dict[str, Any]:
        """`leave` the streams where they are, or `stop`: open no more and wait for their ends."""
        if self.seen:
            return self.seen
        self.say(command)
        for http, process in self.processes.items():
            said, _ = process.communicate()
            self.seen[http] = json.loads(said)
        return self.seen


@pytest.fixture(scope="session")
def load(machine: Machine) -> Callable[..., AbstractContextManager[Load]]:
    """Begin a load; a context that leaves it in the end."""

    @contextlib.contextmanager
    def load(**options: Any) -> Iterator[Load]:
        running = Load(machine, **options)
        try:
            yield running
        finally:
            running.end()

    return load


def command() -> str:
    """What was typed."""
    sizes = [f"{key}={value}" for key, value in os.environ.items() if key.startswith("CHANGE_")]
    arguments = shlex.join(os.environ.get("TEST_ARGUMENTS", "").splitlines())
    return " ".join(
        [*sizes, f"./dev verify change {arguments}" if arguments else "./dev molecule change"]
    )


@pytest.fixture(scope="session")
def figures(machine: Machine) -> Iterator[dict[str, Any]]:
    """The figures for docs/change.md. A run of some tests adds to those of the last full run."""
    found: dict[str, Any] = {"host": machine.distro, "runs": [], "faults": {}}
    if os.environ.get("TEST_ARGUMENTS") and FIGURES.exists():
        found |= json.loads(FIGURES.read_text())
    found["runs"].append(f"{command()}  # {datetime.now(UTC).date()}")
    yield found
    FIGURES.write_text(json.dumps(found, indent=1))
    if os.environ.get("CHANGE_WRITE"):
        report = ROOT / "molecule/change/report.py"
        text = subprocess.check_output([sys.executable, report, FIGURES], text=True)
        (ROOT / "docs/change.md").write_text(text)


@pytest.fixture(scope="module")
def live(host: Host) -> Callable[[], str]:
    """Ask which release has the traffic."""
    return lambda: host.check_output("readlink /srv/reference/current").rpartition("/")[2]


@pytest.fixture(scope="module")
def left(host: Host) -> Left:
    """Ask what is there of all releases."""

    def left() -> dict[str, list[str]]:
        commands = {
            "units": "systemctl list-units --all --plain --no-legend 'reference*' | awk '{print $1, $3}'",
            "files": "ls /etc/systemd/system | grep ^reference",
            "sockets": "ls /run/reference",
            "processes": "ps -C gunicorn -o args= | grep -o 'releases/[^/]*' | sort -u",
            "nginx": "ps -C nginx -o args= | grep -c 'shutting down' || true",
            "workers": "pgrep -x nginx | sort",
            "directories": "ls /srv/reference/releases",
            "unfinished": "cd /srv/reference/releases; for one in *; do test -e $one/release.json || echo $one; done",
            "sites": "ls /etc/nginx/conf.d",
            "failed": "systemctl --failed --plain --no-legend",
        }
        return {what: said.split("\n") for what, said in ask(host, commands).items()}

    return left
