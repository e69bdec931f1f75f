"""How long a deploy takes, beside the same steps as one shell script over one ssh connection.

Two new hosts, A for the role and B for the script. The rounds of both are interleaved.
"""

from __future__ import annotations

import io
import os
import shlex
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from plays import Play

from plugins.module_utils.deploy.app import UV_VERSION

from .host import deploy, hosts
from .table import keep, markdown, options, say, spread

ROOT = Path(__file__).parents[1]
APP = ROOT / "files/app"
SWITCHED = "Prove the stream through Nginx"  # the task that begins when Nginx has the release
ROLE = {"TEST_PREFIX": "bench-role", "TEST_PORT_OFFSET": "9000", "DEMO_PORT": "18080"}
SCRIPT = {"TEST_PREFIX": "bench-script", "TEST_PORT_OFFSET": "9300", "DEMO_PORT": "18380"}


class Role:
    """Deploys with playbooks/site.yml."""

    def __init__(self) -> None:
        self.executed, self.changed = 0, 0
        self.switched: float | None = None

    def __call__(self, **variables: Any) -> float:
        began, self.switched = time.monotonic(), None

        def on_task(play: Play) -> None:
            if play.tasks[-1] == SWITCHED:
                self.switched = time.monotonic() - began

        done = deploy(on_task, **variables)
        self.executed, self.changed = done.ok, done.changed
        return done.seconds


class Script:
    """Deploys with bench/by_hand.sh over one ssh connection."""

    def __init__(self) -> None:
        defaults = yaml.safe_load((ROOT / "roles/streaming_api/defaults/main.yml").read_text())
        self._environment = {
            "UV_VERSION": UV_VERSION,
            "SERVER_PACKAGES": " ".join(
                one.partition(";")[0] for one in defaults["streaming_api_gunicorn_packages"]
            ),
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


WHAT: tuple[tuple[str, str, Callable[[int], dict[str, Any]]], ...] = (
    # what, the script's word for it, the role's variables in a round
    ("new host", "new", lambda _: {}),
    ("nothing changed", "nothing", lambda _: {}),
    # Beside the source: a change of the code, and the source itself stays.
    (
        "changed code",
        "release",
        lambda number: {"streaming_api_files": {"number.py": f"NUMBER = {number}\n"}},
    ),
    (
        "changed environment",
        "release",
        lambda number: {"streaming_api_environment": {"NUMBER": str(number)}},
    ),
)


def table(raw: dict[str, Any]) -> str:
    """Medians in seconds, and in brackets the shortest and the longest."""
    rows = []
    for what, *_ in WHAT:
        rounds = [each for each in raw["rounds"] if each["what"] == what]
        ours, theirs = ([each[side] for each in rounds] for side in ("role", "script"))
        switched = [each["switched"] for each in rounds if each["switched"] and each["changed"]]
        rows.append(
            (
                what,
                spread(ours, "{:.1f} s"),
                spread(switched, "{:.1f} s") if switched else "",
                rounds[-1]["tasks"],
                rounds[-1]["changed"],
                spread(theirs, "{:.1f} s"),
                f"{statistics.median(ours) / statistics.median(theirs):.1f}",
            )
        )
    head = ("", "role", "traffic switched after", "tasks", "changed", "shell script", "ratio")
    return (
        "The reference app, `playbooks/site.yml` beside `bench/by_hand.sh`: the same steps as one shell "
        'script over one ssh connection, without checks and without a way back. "Tasks" counts those '
        "that ran.\n\n" + markdown(head, rows)
    )


def main() -> None:
    wanted = options(__doc__)
    os.environ.update(ROLE)
    for environment in (ROLE, SCRIPT):
        hosts(environment, "destroy", "create", "prepare")
    role, script, rounds = Role(), Script(), []
    for what, word, variables in WHAT:
        for number in range(1 if what == "new host" else wanted.rounds):
            say(f"deploy: {what}, round {number + 1}")
            ours = role(**variables(number))
            measured = {"what": what, "role": ours, "switched": role.switched}
            measured |= {"tasks": role.executed, "changed": role.changed, "script": script(word)}
            rounds.append(measured)
    for one in (ROLE, SCRIPT):
        hosts(one, "destroy")
    print(table(keep("deploy", rounds, short=wanted.short)))


if __name__ == "__main__":
    main()
