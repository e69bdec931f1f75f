"""Plays that can be watched and killed, loads that watch the service meanwhile, and figures."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FIGURES = ROOT / ".cache/change.json"


@pytest.fixture(scope="session")
def size():
    """How large the run is: the short form, or what CHANGE_STREAMS=300 and the like say."""
    short = {"deploys": 4, "streams": 60, "rate": 8, "longest": 40, "kills": 2}
    return {name: int(os.environ.get(f"CHANGE_{name.upper()}", n)) for name, n in short.items()}


def family(pid):
    """A process and all that come of it."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(one for child in children for one in family(int(child)))]
    return [pid]


class Play(threading.Thread):
    """A playbook that runs; `on_task` is called with it when a task begins: the last of `tasks`."""

    def __init__(self, machine, playbook, variables, on_task):
        super().__init__()
        argv = ["ansible-playbook", "-i", machine.inventory, "--limit", f"{machine.name},localhost"]
        argv += [f"-e{json.dumps(variables)}", f"{ROOT}/playbooks/{playbook}.yml"]
        self.on_task = on_task
        self.tasks, self.output, self.seconds = [], "", 0.0
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.start()

    def run(self):
        with self.process as process:
            for line in process.stdout:
                self.output += line
                if line.startswith(("TASK [", "RUNNING HANDLER [")):
                    self.tasks.append(line.partition("[")[2].partition("]")[0].rpartition(" : ")[2])
                    self.on_task(self)
        self.seconds = time.monotonic() - self.begun

    def kill(self):
        """With all of its processes, some of which are in sessions of their own; none can clean up."""
        for pid in family(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self):
        """Wait for its end; returns whether it has succeeded."""
        self.join()
        return self.process.returncode == 0


@pytest.fixture(scope="session")
def begin(machine):
    """Begin a play, and do not wait for it."""

    def begin(playbook="site", on_task=lambda _play: None, **variables):
        return Play(machine, playbook, variables, on_task)

    return begin


@pytest.fixture(scope="session")
def deploy(begin):
    """Run a play that has to succeed."""

    def deploy(playbook="site", on_task=lambda _play: None, **variables):
        play = begin(playbook, on_task, **variables)
        assert play.end(), play.output
        return play

    return deploy


HTTP = {"1.1": [], "2": ["--browsers=4"]}


class Load:
    """Streams over each version of HTTP, by processes of their own. See load.py."""

    def __init__(self, machine, **options):
        self.begun = time.monotonic()
        self.seen = {}
        argv = [sys.executable, ROOT / "molecule/change/load.py", f"{machine.https_url}/api/stream"]
        argv += [f"--{name}={value}" for name, value in options.items()]
        self.processes = {
            http: subprocess.Popen(
                [*argv, f"--http={http}", *more],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            for http, more in HTTP.items()
        }

    def say(self, command):
        for process in self.processes.values():
            process.stdin.write(f"{command}\n")
            process.stdin.flush()

    def end(self, command="leave"):
        """`leave` them where they are, or `stop`: wait for the ends of all."""
        if self.seen:
            return self.seen
        self.say(command)
        for http, process in self.processes.items():
            said, _ = process.communicate()
            self.seen[http] = json.loads(said)
        return self.seen


@pytest.fixture(scope="session")
def load(machine):
    """Begin a load; a context that leaves it in the end."""

    @contextlib.contextmanager
    def load(**options):
        running = Load(machine, **options)
        try:
            yield running
        finally:
            running.end()

    return load


def command():
    """What was typed."""
    sizes = [f"{key}={value}" for key, value in os.environ.items() if key.startswith("CHANGE_")]
    arguments = shlex.join(os.environ.get("TEST_ARGUMENTS", "").splitlines())
    return " ".join(
        [*sizes, f"./dev verify change {arguments}" if arguments else "./dev molecule change"]
    )


@pytest.fixture(scope="session")
def figures(machine):
    """What is found out, for docs/change.md. A run of some of the tests adds to what the last one of all has."""
    found = {"host": machine.distro, "runs": [], "faults": {}}
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
def live(host):
    """Ask which release has the traffic."""
    return lambda: host.check_output("readlink /srv/reference/current").rpartition("/")[2]


@pytest.fixture(scope="module")
def left(host):
    """Ask what is there of all releases."""

    def left():
        ask = {
            "units": "systemctl list-units --all --plain --no-legend 'reference*' | awk '{print $1, $3}'",
            "files": "ls /etc/systemd/system | grep ^reference",
            "sockets": "ls /run/reference",
            "processes": "ps -C gunicorn -o args= | grep -o 'releases/[^/]*' | sort -u",
            "nginx": "ps -C nginx -o args= | grep -c 'shutting down' || true",
            "directories": "ls /srv/reference/releases",
            "unfinished": "cd /srv/reference/releases; for one in *; do test -e $one/release.json || echo $one; done",
            "sites": "ls /etc/nginx/conf.d",
            "failed": "systemctl --failed --plain --no-legend",
        }
        return {what: host.check_output(command).split("\n") for what, command in ask.items()}

    return left
