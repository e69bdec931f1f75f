"""How long a deploy takes, beside the same steps as one shell script over one ssh connection.

Two new hosts, A for the role and B for the script. The rounds of both are interleaved. Prints a table
in Markdown: medians, and in brackets the least and the most.

    python -m bench.deploy [--rounds 3]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shlex
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from plays import Play

from plugins.module_utils.deploy.app import UV_VERSION

ROOT = Path(__file__).parents[1]
APP = ROOT / "files/app"
SWITCHED = "Prove the stream through Nginx"  # the task that begins when Nginx has the release
ROLE = {"TEST_PREFIX": "bench-role", "TEST_PORT_OFFSET": "9000", "DEMO_PORT": "18080"}
SCRIPT = {"TEST_PREFIX": "bench-script", "TEST_PORT_OFFSET": "9300", "DEMO_PORT": "18380"}


def hosts(environment: dict[str, str], *playbooks: str) -> None:
    """Run some of molecule/hosts/ for the host of an environment."""
    files = [str(ROOT / f"molecule/hosts/{name}.yml") for name in playbooks]
    argv = ["ansible-playbook", "-i", str(ROOT / "inventory/demo"), *files]
    subprocess.run(argv, check=True, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


class Role:
    """Deploys with playbooks/site.yml."""

    def __init__(self) -> None:
        self.executed, self.changed = 0, 0
        self.switched: float | None = None

    def __call__(self, **variables: Any) -> float:
        argv = ["ansible-playbook", "-i", str(ROOT / "inventory/demo")]
        argv += [f"-e{json.dumps(variables)}", str(ROOT / "playbooks/site.yml")]
        began, self.switched = time.monotonic(), None

        def on_task(play: Play) -> None:
            if play.tasks[-1] == SWITCHED:
                self.switched = time.monotonic() - began

        with tempfile.TemporaryDirectory() as directory:
            done = Play(argv, Path(directory), on_task).end()
        if not done.succeeded:
            sys.exit(done.output)
        self.executed, self.changed = done.ok, done.changed
        return done.seconds


class Script:
    """Deploys with bench/by_hand.sh over one ssh connection."""

    def __init__(self) -> None:
        defaults = yaml.safe_load((ROOT / "roles/streaming_api/defaults/main.yml").read_text())
        self._environment = {
            "UV_VERSION": UV_VERSION,
            "SERVER_PACKAGES": " ".join(defaults["streaming_api_gunicorn_packages"]),
        }
        # As molecule/hosts/inventory.yml has it.
        port = 19000 + int(SCRIPT["TEST_PORT_OFFSET"]) + 22
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"]
        self._ssh = [
            *("ssh", "-p", str(port), "-i", str(ROOT / ".cache/hosts/id_ed25519")),
            *(f"-o{option}" for option in options),
            "deploy@127.0.0.1",
        ]
        self._script = (ROOT / "bench/by_hand.sh").read_text()

    def __call__(self, what: str) -> float:
        settings = [f"{name}={shlex.quote(value)}" for name, value in self._environment.items()]
        inner = f"exec bash -c {shlex.quote(self._script)} by_hand {what}"
        command = f"sudo env {' '.join(settings)} bash -c {shlex.quote(inner)}"
        began = time.monotonic()
        done = subprocess.run(
            [*self._ssh, command], input=_packed(), check=False, capture_output=True
        )
        if done.returncode:
            sys.exit((done.stdout + done.stderr).decode())
        return time.monotonic() - began


def _packed() -> bytes:
    """The reference app as a tar.gz."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for file in sorted(APP.glob("*.*")):
            archive.add(file, file.name)
    return packed.getvalue()


def spread(values: list[float]) -> str:
    """The median, and what it lies between."""
    if len(values) == 1:
        return f"{values[0]:.1f} s"
    return f"{statistics.median(values):.1f} s ({min(values):.1f}-{max(values):.1f})"


def row(
    what: str, rounds: int, role: Role, deploy: Callable[[int], float], script: Callable[[], float]
) -> str:
    """Time both in turn; one row of the table."""
    ours, theirs, switched = [], [], []
    for number in range(rounds):
        ours.append(deploy(number))
        switched += [role.switched] if role.switched else []
        theirs.append(script())
    ratio = statistics.median(ours) / statistics.median(theirs)
    shown = spread(switched) if switched and role.changed else ""
    return (
        f"| {what} | {spread(ours)} | {shown} | {role.executed} | {role.changed} "
        f"| {spread(theirs)} | {ratio:.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    os.environ.update(ROLE)
    for environment in (ROLE, SCRIPT):
        hosts(environment, "destroy", "create", "prepare")
    role, script = Role(), Script()

    def code(number: int) -> float:
        # Beside the source: a change of the code, and the source itself stays.
        return role(streaming_api_files={"number.py": f"NUMBER = {number}\n"})

    def environment(number: int) -> float:
        return role(streaming_api_environment={"NUMBER": str(number)})

    print("| | role | traffic switched after | tasks | changed | shell script | ratio |")
    print("|---|---|---|---|---|---|---|")
    for what, count, deploy, by_hand in (
        ("new host", 1, lambda _: role(), "new"),
        ("nothing changed", rounds, lambda _: role(), "nothing"),
        ("changed code", rounds, code, "release"),
        ("changed environment", rounds, environment, "release"),
    ):
        print(row(what, count, role, deploy, lambda by_hand=by_hand: script(by_hand)), flush=True)
    for one in (ROLE, SCRIPT):
        hosts(one, "destroy")


if __name__ == "__main__":
    main()
