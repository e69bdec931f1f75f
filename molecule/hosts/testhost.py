"""A pytest plugin: the test host as seen from outside.

testinfra's `host` works inside the host; `machine` knows the published ports and can reboot it.
"""

import dataclasses
import json
import os
import subprocess
import time
from pathlib import Path

import pytest


@dataclasses.dataclass(frozen=True)
class Machine:
    """A test host, and its published ports on 127.0.0.1."""

    name: str
    distro: str
    container: str
    http: int
    https: int
    inventory: str

    @property
    def url(self) -> str:
        """The URL of port 80."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def https_url(self) -> str:
        """The URL of port 443."""
        return f"https://127.0.0.1:{self.https}"

    def play(self, playbook: Path) -> subprocess.CompletedProcess[str]:
        """Run a playbook against this host, from the controller."""
        argv = ["ansible-playbook", "-i", self.inventory, "--limit", f"{self.name},localhost"]
        return subprocess.run([*argv, playbook], check=False, capture_output=True, text=True)

    def reboot(self, timeout: float = 60) -> None:
        """Shut the host down cleanly, start it again and wait until all its units are up."""
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


@pytest.fixture(scope="session")
def machine() -> Machine:
    """Return the host under test."""
    return Machine(**json.loads(os.environ["TEST_HOST"]))
