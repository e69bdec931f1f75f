"""A worker and a scheduler beside the app, through deploys that succeed, fail and are killed.

The scheduler holds a lock of its own, so it notices a second one.
"""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple

import pytest
from plays import Done, Play, Plays
from testhost import Machine, ask, until
from testinfra.host import Host

JOBS = """
import fcntl, os, signal, sys, time

name, release = sys.argv[1], os.getcwd().split("/")[-2]
os.chdir(os.environ["HOME"])
log = os.open("processes.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)


def say(what):
    os.write(log, f"{time.monotonic():.2f} {release} {name} {os.getpid()} {what}\\n".encode())


told = []
signal.signal(signal.SIGTERM, lambda *_: None if name == os.environ.get("DEAF") else told.append(1))
lock = os.open(f"{name}.lock", os.O_WRONLY | os.O_CREAT, 0o640)
if name == "scheduler":
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("finds another one")
say("begins")
if name == os.environ.get("FAILS"):
    sys.exit("There is no queue at all.")
while not told:
    if name == "worker" and os.path.exists("job"):
        os.unlink("job")
        say("has a job")
        while not told:
            time.sleep(0.1)
        time.sleep(3)
        say("has done its job")
    time.sleep(0.1)
time.sleep(1)
say("ends")
"""

PROCESSES: dict[str, Any] = {
    "streaming_api_files": {"jobs.py": JOBS},
    "streaming_api_processes": [
        {"name": "worker", "command": "python jobs.py worker", "stop_timeout": 20},
        {"name": "scheduler", "command": "python jobs.py scheduler", "single": True, "stop_timeout": 3},
    ],
}  # fmt: skip
COMMIT = "Make the release live and drain the replaced release"
UNITS = (
    "systemctl list-units --all --plain --no-legend 'reference@*.*.service' | awk '{print $1, $3}'"
)
HOST = {
    "log": "cat /var/lib/reference/processes.log",
    "units": UNITS,
    "live": "basename $(readlink /srv/reference/current)",
    "enabled": "cd /etc/systemd/system/multi-user.target.wants; ls -d reference@*.*.service || true",
    "files": "cd /etc/systemd/system; ls -d reference@*.*.service || true",
}


class Seen(NamedTuple):
    """A play, what was on the host after it, and what the processes have said meanwhile."""

    done: Done
    said: list[list[str]]  # release, process, pid, words
    live: str
    running: list[str]
    enabled: list[str]
    files: list[str]

    def of(self, words: str, process: str = "scheduler") -> list[str]:
        """The releases whose process has said this."""
        return [said[0] for said in self.said if said[1] == process and said[3] == words]


Story = dict[str, Seen]


def with_variables(**environment: str) -> dict[str, Any]:
    return {**PROCESSES, "streaming_api_environment": environment}


def units(*names: str) -> list[str]:
    return sorted(f"reference@{name}.service" for name in names)


@pytest.fixture(scope="module")
def story(host: Host, machine: Machine, plays: Plays) -> Story:
    """The deploys, one after the other, and a boot."""
    host.check_output("rm -f /var/lib/reference/processes.log")  # of an earlier run on a kept host
    told: list[str] = []

    def then(done: Done) -> Seen:
        found = ask(host, HOST)
        lines = found["log"].splitlines()
        said = [line.split(" ", 4)[1:] for line in lines[len(told) :]]
        told[:] = lines
        active = [
            line.split()[0] for line in found["units"].splitlines() if line.endswith(" active")
        ]
        rows = (found["enabled"].split(), found["files"].split())
        return Seen(done, said, found["live"], sorted(active), *rows)

    def until_it(says: str) -> None:
        until(lambda: says in host.run(HOST["log"]).stdout, 30)

    seen = {"first": then(plays.deploy(**with_variables(A="1")))}
    seen["again"] = then(plays.deploy(**with_variables(A="1")))
    host.check_output("touch /var/lib/reference/job")
    until_it("has a job")
    seen["second"] = then(plays.deploy(**with_variables(A="2", DEAF="scheduler")))
    until_it("has done its job")
    refused = {"streaming_api_nginx_server_extra": "location ~ stream-probe$ { return 404; }"}
    seen["refused"] = then(plays.run(**with_variables(A="3"), **refused))
    seen["fails"] = then(plays.run(**with_variables(A="4", FAILS="worker")))
    seen["rollback"] = then(plays.rollback())
    seen["killed"] = then(plays.begin(on_task=killed, **with_variables(A="5")).end())
    machine.reboot()
    up = "systemctl is-active reference@single.scheduler"
    until(lambda: host.run(up).stdout.strip() == "active", 30)
    seen["boot"] = then(seen["killed"].done)
    return {**seen, "gone": then(plays.deploy())}


def killed(play: Play) -> None:
    """Kill it while it hands the processes over."""
    if play.tasks[-1] == COMMIT:
        time.sleep(0.8)
        play.kill()


def test_there_are_never_two_schedulers(story: Story) -> None:
    assert {name: seen.of("finds another one") for name, seen in story.items() if seen.of("finds another one")} == {}  # fmt: skip
    began = [release for seen in story.values() for release in seen.of("begins")]
    assert len(began) >= 6


def test_the_first_release_with_processes(story: Story) -> None:
    first = story["first"]
    assert first.running == first.enabled == units(f"{first.live}.worker", "single.scheduler")
    assert first.of("begins") == first.of("begins", "worker") == [first.live]
    assert "Beside it run worker and scheduler." in first.done.output


def test_the_second_time_nothing_changes(story: Story) -> None:
    again = story["again"]
    assert (again.done.changed, again.said) == (0, [])


def test_a_switch(story: Story) -> None:
    """The scheduler of before ends first; the worker of before may finish its job."""
    old, new = story["first"].live, story["second"]
    assert (new.of("ends"), new.of("begins")) == ([old], [new.live])
    assert new.of("has a job", "worker") == [old]
    assert new.enabled == units(f"{new.live}.worker", "single.scheduler")
    later = [*new.said, *story["refused"].said]
    worker = [(release, words) for release, process, _, words in later if process == "worker"]
    assert worker[-1] == (old, "ends")
    assert worker.index((new.live, "begins")) < worker.index((old, "has done its job"))


def test_a_refused_release_has_done_nothing(story: Story) -> None:
    refused = story["refused"]
    assert "is not what answers through Nginx" in refused.done.message
    assert [said for said in refused.said if said[0] not in (story["first"].live, story["second"].live)] == []  # fmt: skip
    assert refused.running == units(f"{refused.live}.worker", "single.scheduler")


def test_a_release_whose_worker_does_not_stay_up(story: Story) -> None:
    """What was there before is there again, and the worker of before has never ended."""
    before, fails = story["second"], story["fails"]
    words = " ".join(f"{fails.done.message} {fails.done.output}".split())
    assert "does not keep its processes running; it finishes the streams that it has; the previous Nginx site has been restored; the previous processes run again: worker has ended " in words  # fmt: skip
    assert " times since its start" in words
    assert "worker has logged: There is no queue at all." in words
    assert fails.live == before.live
    assert fails.running == fails.enabled == units(f"{before.live}.worker", "single.scheduler")
    assert fails.of("begins")[-1] == before.live
    assert fails.of("ends", "worker") == []


def test_a_rollback(story: Story) -> None:
    """The scheduler of before does not listen to its signal."""
    back = story["rollback"]
    assert back.live == story["first"].live
    assert back.of("begins") == back.of("begins", "worker") == [back.live]
    assert back.of("ends") == []
    warning = (
        "reference@single.scheduler.service did not end within its stop_timeout, and was killed"
    )
    assert warning in " ".join(back.done.output.split())


def test_a_deploy_that_is_killed_and_a_boot(story: Story) -> None:
    assert not story["killed"].done.succeeded
    boot = story["boot"]
    assert boot.running.count("reference@single.scheduler.service") == 1
    assert len([said for said in boot.said if said[1:] == ["scheduler", said[2], "begins"]]) >= 1


def test_an_app_without_processes_leaves_none(story: Story, host: Host) -> None:
    gone = story["gone"]
    assert [name for name in gone.files if "single" in name] == gone.enabled == []
    until(lambda: not re.search(r" active$", host.run(UNITS).stdout, re.MULTILINE), 20)
