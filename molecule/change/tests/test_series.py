"""Many changes in a row and a rollback, while streams run and new ones open: no reader notices."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from plays import Play, Plays
from testhost import Machine
from testinfra.host import Host

Left = Callable[[], dict[str, list[str]]]
# What was seen, the releases, the last one, and the workers of Nginx before all changes.
Run = tuple[dict[str, Any], list[str], str, list[str]]

QUIET = 4  # seconds without a play before each
SWITCH = 5  # seconds that are of interest after a switch
FLOOR = 0.02  # seconds; below this, differences are noise

each_http = pytest.mark.parametrize("http", ["1.1", "2"])

# What the Nth deploy changes, in turn.
KINDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "code": lambda n: {"streaming_api_files": {"number.py": f"NUMBER = {n}\n"}},
    "dependency": lambda n: {"streaming_api_extra_packages": [f"six==1.{16 + n // 4 % 2}.0"]},
    "environment": lambda n: {
        "streaming_api_environment": {"APP_DRAIN_SECONDS": "5", "NUMBER": str(n)}
    },
    "server": lambda n: {"streaming_api_gunicorn_settings": {"keepalive": 76 + n}},
}


class Marks:
    """Tells the load what goes on, so that it can group streams by it."""

    def __init__(self, running: Any) -> None:
        self.running, self.timer = running, threading.Timer(0, lambda: None)

    def __call__(self, play: Play) -> None:
        if play.tasks[-1] == "Point Nginx to the release":
            self.running.say("mark switch")
            self.timer = threading.Timer(SWITCH, self.running.say, ["mark deploy"])
            self.timer.start()

    def quiet(self) -> None:
        """Let the load run without a play for a while."""
        self.timer.cancel()
        self.running.say("mark normal")
        time.sleep(QUIET)
        self.running.say("mark deploy")


@pytest.fixture(scope="module")
def memory(host: Host) -> Callable[[], int]:
    """Ask how many MiB Nginx and all releases take."""
    pss = "cat $(pgrep 'gunicorn|nginx' | sed 's,.*,/proc/&/smaps_rollup,') | awk '/^Pss:/ {n += $2} END {print n}'"
    return lambda: int(host.check_output(pss)) // 1024


@pytest.fixture(scope="module")
def upload(machine: Machine) -> subprocess.Popen[str]:
    """A slow upload. Nginx passes it on when it has all of it, after some deploys."""
    argv = ["curl", "-sk", "--http1.1", "--limit-rate", "2k", "--data-binary", "@-"]
    url = f"{machine.https_url}/api/stream"
    return subprocess.Popen(
        ["/bin/sh", "-c", f"head -c 200000 /dev/zero | {' '.join(argv)} {url}"],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def run(
    figures: dict[str, Any],
    left: Left,
    live: Callable[[], str],
    load: Callable[..., Any],
    memory: Callable[[], int],
    plays: Plays,
    size: dict[str, int],
    upload: subprocess.Popen[str],  # noqa: ARG001
) -> Run:
    """All changes under one load."""
    variables: dict[str, Any] = {}
    seconds, releases, before = [], [live()], memory()
    at_once: list[tuple[int, int]] = []
    workers = left()["workers"]
    with load(**{name: size[name] for name in ("streams", "rate", "longest")}) as running:
        marks = Marks(running)
        for n, kind in zip(range(size["deploys"]), itertools.cycle(KINDS), strict=False):
            variables |= KINDS[kind](n)
            marks.quiet()
            seconds.append(plays.succeed("site", marks, **variables).seconds)
            releases.append(live())
            at_once.append((len(left()["processes"]), memory()))
        marks.quiet()
        plays.succeed("rollback", marks)
        marks.timer.join()
        back = live()
        seen = running.end("stop")
    figures["series"] = {
        **size,
        "seconds": statistics.median(seconds),
        "most": max(at_once),
        "memory": before,
        "seen": seen,
    }
    return seen, releases, back, workers


def test_each_change_made_a_release(run: Run, size: dict[str, int]) -> None:
    assert len(set(run[1])) == size["deploys"] + 1


def test_the_rollback_went_to_the_previous_release(run: Run) -> None:
    assert run[2] == run[1][-2]


def test_nginx_went_on_as_it_was(run: Run, left: Left) -> None:
    """A reload sends GOAWAY, which some HTTP/2 clients take for an error."""
    assert left()["workers"] == run[3]


@each_http
def test_every_stream_is_whole(http: str, run: Run, size: dict[str, int]) -> None:
    seen = run[0][http]
    bad = {
        word: seen[word] for word in ("cut", "hidden", "announced", "refused", "lost", "doubled")
    }
    assert not any(bad.values()), (bad, seen["trouble"][:5])
    assert seen["complete"] == seen["opened"] > size["streams"]


@each_http
def test_new_streams_begin_as_fast_during_a_switch(
    http: str, run: Run, size: dict[str, int]
) -> None:
    """Compared with other times of this run: a play takes CPU from the host and the readers."""
    first = run[0][http]["first_chunk"]
    usual = max(first["normal"]["p99"], first["deploy"]["p99"], FLOOR)
    assert first["switch"]["streams"] >= SWITCH * size["rate"]
    assert first["switch"]["p99"] <= 3 * usual, first


def test_an_upload_that_lasts_over_some_deploys_reaches_the_app(
    run: Run,  # noqa: ARG001
    upload: subprocess.Popen[str],
) -> None:
    """The app itself answers; without it Nginx would."""
    answer, _ = upload.communicate()
    assert "Method Not Allowed" in answer


@pytest.fixture(scope="module")
def after(run: Run, left: Left) -> dict[str, list[str]]:  # noqa: ARG001
    """What is left when replaced releases and old Nginx workers have ended."""
    for _ in range(450):
        after = left()
        if after["nginx"] == ["0"] and len(after["units"]) == 2:
            break
        time.sleep(0.2)
    return after


def test_nothing_is_left_of_replaced_releases(
    after: dict[str, list[str]], live: Callable[[], str]
) -> None:
    now = live()
    assert [unit.split()[0] for unit in after["units"]] == [
        f"reference@{now}.service",
        f"reference@{now}.socket",
    ]
    assert after["sockets"] == [f"{now}.sock"]
    assert after["processes"] == [f"releases/{now}"]
    assert after["sites"] == ["reference.conf"]
    assert after["failed"] == [""]


def test_no_more_is_kept_than_wanted(after: dict[str, list[str]], live: Callable[[], str]) -> None:
    kept = after["directories"]
    assert len(kept) == 3 and live() in kept
    assert after["unfinished"] == [""]
    units = {f"reference@{one}.{kind}" for one in kept for kind in ("service", "socket")}
    assert {file for file in after["files"] if "-drain@" not in file} == units


def test_the_memory_is_what_it_was(
    after: dict[str, list[str]],  # noqa: ARG001
    figures: dict[str, Any],
    memory: Callable[[], int],
) -> None:
    """A release that still runs would take most of it."""
    series = figures["series"]
    series["memory_after"] = memory()
    assert series["memory_after"] < 1.5 * series["memory"]
