"""Run playbooks against a test host, from the controller: wait for them, watch them or kill them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CALLBACKS = Path(__file__).with_name("callbacks")
UNSURE = "Cannot tell whether"  # begins what a report says then

Variables = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Done:
    """How a play ended. `message` is that of the task that failed it, `changed` counts tasks."""

    code: int
    message: str  # on one line; empty when the play succeeded
    output: str
    seconds: float
    ok: int
    changed: int

    @property
    def succeeded(self) -> bool:
        """Whether no host failed."""
        return self.code == 0

    @property
    def streaming(self) -> list[str]:
        """The layers that stream, by the table of the report."""
        words = [line.split() for line in self.output.splitlines()]
        return [first[0] for first in words if first[1:3] == ["identity", "streaming"]]


class Play(threading.Thread):
    """A playbook that runs. `on_task` is called when a task begins; it is the last of `tasks`."""

    def __init__(
        self, argv: list[str], directory: Path, on_task: Callable[[Play], object] | None
    ) -> None:
        super().__init__()
        self.tasks: list[str] = []
        self.failures: list[str] = []
        self.counts: dict[str, int] = {}
        self._on_task = on_task
        self._output = directory / "output"
        self._seconds = 0.0
        self._began = time.monotonic()
        self._reports, theirs = os.pipe()
        environment = {
            **os.environ,
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "report",
            "TEST_REPORT_TO": str(theirs),
        }
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                pass_fds=[theirs],
            )
        os.close(theirs)
        self.start()

    def run(self) -> None:
        """Follow what the callback plugin reports, to the play's end."""
        with os.fdopen(self._reports) as reports:
            for line in reports:
                self._take(json.loads(line))
        self.process.wait()
        self._seconds = time.monotonic() - self._began

    def _take(self, report: dict[str, Any]) -> None:
        if "task" in report:
            self.tasks.append(report["task"])
            if self._on_task:
                self._on_task(self)
        elif "failure" in report:
            self.failures.append(" ".join(report["failure"].split()))
        else:
            self.counts = report["counts"]

    def kill(self) -> None:
        """Kill it with all of its processes, some of which have sessions of their own.

        None of them can clean up.
        """
        for pid in _family(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> Done:
        """Wait for its end."""
        self.join()
        code = self.process.returncode
        return Done(
            code=code,
            message=self.failures[-1] if code and self.failures else "",
            output=self._output.read_text(),
            seconds=self._seconds,
            ok=self.counts.get("ok", 0),
            changed=self.counts.get("changed", 0),
        )


def _family(pid: int) -> list[int]:
    """A process, its children, their children and so on."""
    with contextlib.suppress(OSError):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *(one for child in children for one in _family(int(child)))]
    return [pid]


class Plays:
    """The project's playbooks against one host, with changed variables."""

    def __init__(self, inventory: str, host: str, new_directory: Callable[[], Path]) -> None:
        self._argv = ["ansible-playbook", "-i", inventory, "--limit", f"{host},localhost"]
        self._new_directory = new_directory

    def begin(
        self,
        playbook: str | Path = "site",
        on_task: Callable[[Play], object] | None = None,
        **variables: Any,
    ) -> Play:
        """Start a playbook, and do not wait for its end."""
        file = playbook if isinstance(playbook, Path) else ROOT / f"playbooks/{playbook}.yml"
        argv = [*self._argv, f"-e{json.dumps(variables)}", str(file)]
        return Play(argv, self._new_directory(), on_task)

    def run(self, playbook: str | Path = "site", **variables: Any) -> Done:
        """Run a playbook, which may succeed or fail."""
        return self.begin(playbook, **variables).end()

    def deploy(self, **variables: Any) -> Done:
        """Deploy the inventory's app; it must succeed."""
        return self.succeed("site", **variables)

    def prove(self, playbook: str | Path = "site", **variables: Any) -> Done:
        """Deploy. Once more if a busy machine has hidden whether it streams."""
        done = self.succeed(playbook, **variables)
        return self.succeed(playbook, **variables) if UNSURE in done.output else done

    def rollback(self, **variables: Any) -> Done:
        """Go back to the previous release, or to `release`; it must succeed."""
        return self.succeed("rollback", **variables)

    def succeed(
        self,
        playbook: str | Path,
        on_task: Callable[[Play], object] | None = None,
        **variables: Any,
    ) -> Done:
        """Run a playbook that must succeed."""
        done = self.begin(playbook, on_task, **variables).end()
        if not done.succeeded:
            pytest.fail(done.output)
        return done

    def refusal(self, **variables: Any) -> str:
        """Try a deploy that must fail; the message of its failure."""
        done = self.run(**variables)
        if done.succeeded:
            pytest.fail(f"the deploy has succeeded with {variables}")
        return done.message

    def refusals(self, cases: Mapping[str, Variables]) -> dict[str, str]:
        """Try several deploys in one play; the message of each failure, empty for a success."""
        directory = self._new_directory()
        role = {"name": "streaming_api"}
        message = "{{ ansible_failed_result.msg }}"
        tasks = [
            {
                "block": [{"ansible.builtin.include_role": role, "vars": dict(variables)}],
                "rescue": [
                    {
                        "ansible.builtin.copy": {
                            "content": message,
                            "dest": str(directory / case),
                            "mode": "0600",
                        },
                        "delegate_to": "localhost",
                        "become": False,
                    }
                ],
            }
            for case, variables in cases.items()
        ]
        play = {"hosts": "streaming_api", "become": True, "gather_facts": False, "tasks": tasks}
        playbook = directory / "refusals.json"
        playbook.write_text(json.dumps([play]))
        self.succeed(playbook)
        files = {case: directory / case for case in cases}
        return {case: file.read_text() if file.exists() else "" for case, file in files.items()}
