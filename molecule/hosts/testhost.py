"""A pytest plugin: the test host as seen from outside.

testinfra's `host` looks from inside. `machine` knows the published ports and can reboot, `plays`
runs playbooks against the host.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping

import pytest
from plays import Plays
from testinfra.host import Host


@dataclasses.dataclass(frozen=True)
class Machine:
    """A test host, and where its ports are published on 127.0.0.1."""

    name: str
    distro: str
    container: str
    http: int
    https: int
    inventory: str

    @property
    def url(self) -> str:
        """Its port 80."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def https_url(self) -> str:
        """Its port 443."""
        return f"https://127.0.0.1:{self.https}"

    def reboot(self, timeout: float = 60) -> None:
        """Shut the host down in order, start it again and wait until all its units are up."""
        subprocess.run(["podman", "restart", "--time=30", self.container], check=True)
        deadline = time.monotonic() + timeout
        is_up = ["podman", "exec", self.container, "systemctl", "is-system-running", "--wait"]
        while True:
            state = subprocess.run(is_up, check=False, capture_output=True, text=True)
            if state.stdout.strip() in {"running", "degraded"}:
                return
            if time.monotonic() > deadline:
                pytest.fail(f"{self.name} is not up {timeout} s after a reboot: {state}")
            time.sleep(0.5)


def ask(host: Host, commands: Mapping[str, str]) -> dict[str, str]:
    """Run several commands on the host by one call, which costs much more than a command.

    Each must succeed. Returns what each printed, without the newline at its end.
    """
    parts = [f"echo '<{name}>'\n({command})" for name, command in commands.items()]
    said = str(host.check_output("\n".join(["set -e", *parts])))
    _, *answers = re.split(r"^<(\w+)>\n?", said, flags=re.MULTILINE)
    found = dict(zip(answers[::2], (text.rstrip("\n") for text in answers[1::2]), strict=True))
    assert found.keys() == commands.keys(), said
    return found


def until(holds: Callable[[], object], seconds: float) -> float:
    """Wait until it holds. Returns how long that took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.25)
    return time.monotonic() - began


def nginx_workers(host: Host) -> set[str]:
    """Those that take connections. One that only finishes its streams has another title."""
    return set(host.run("pgrep -fx 'nginx: worker process'").stdout.split())


def have_taken_over(host: Host, old: set[str]) -> None:
    """Wait until new workers have taken over from the old ones: `systemctl reload` does not."""
    until(lambda: (now := nginx_workers(host)) and not now & old, 30)


def reload_nginx(host: Host) -> None:
    """Reload Nginx, and wait until it answers by its new files."""
    old = nginx_workers(host)
    host.check_output("nginx -t -q && systemctl reload nginx")
    have_taken_over(host, old)


@pytest.fixture(scope="session")
def machine() -> Machine:
    """Return the host under test."""
    return Machine(**json.loads(os.environ["TEST_HOST"]))


@pytest.fixture(scope="session")
def plays(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Plays:
    """Return what runs playbooks against the host under test."""
    return Plays(machine.inventory, machine.name, lambda: tmp_path_factory.mktemp("play"))
