"""Test hosts for the benchmark: containers with systemd, that the role deploys to."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from plays import Done, Play

from .processes import named, tree

ROOT = Path(__file__).parents[1]
INVENTORY = ["-i", str(ROOT / "inventory/demo")]


def hosts(environment: dict[str, str], *playbooks: str) -> None:
    """Run some of molecule/hosts/ for the host of an environment."""
    files = [str(ROOT / f"molecule/hosts/{name}.yml") for name in playbooks]
    argv = ["ansible-playbook", *INVENTORY, *files]
    subprocess.run(argv, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def deploy(on_task: Any = None, **variables: Any) -> Done:
    """Run playbooks/site.yml with these variables; end the benchmark if it fails."""
    argv = ["ansible-playbook", *INVENTORY, f"-e{json.dumps(variables)}"]
    with tempfile.TemporaryDirectory() as directory:
        argv.append(str(ROOT / "playbooks/site.yml"))
        done = Play(argv, Path(directory), on_task).end()
    if not done.succeeded:
        sys.exit(done.output)
    return done


def podman(*arguments: str) -> str:
    """What podman prints."""
    argv = [str(ROOT / "molecule/hosts/podman"), *arguments]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


class Inside:
    """The processes of a host, and the way into its network."""

    def __init__(self, prefix: str) -> None:
        """A host of inventory/demo, by its TEST_PREFIX."""
        self.container = f"{prefix}-demo-demo"
        self.pid = int(podman("inspect", "--format", "{{.State.Pid}}", self.container))
        # A process in it is on the host's loopback interface, with all addresses of 127.0.0.0/8.
        self.network = ("nsenter", "--net", "--target", str(self.pid))

    def processes(self, name: str) -> list[int]:
        """Those whose name begins like this."""
        return named(tree(self.pid), name)

    def pin(self, cpus: set[int]) -> None:
        """Let its processes run on these CPUs only, and what they start from now on."""
        for pid in tree(self.pid):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(pid, cpus)

    def sh(self, script: str) -> str:
        """Run a script as root."""
        return podman("exec", self.container, "bash", "-c", script)
