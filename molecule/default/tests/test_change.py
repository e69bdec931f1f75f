"""A change makes a new release; the old release finishes its streams."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from plays import Plays
from streamclient import COMPLETE, Stream, read, read_all
from testhost import Machine, until
from testinfra.host import Host

pytestmark = pytest.mark.usefixtures("old")


def colour(name: str) -> dict[str, Any]:
    return {"streaming_api_environment": {"APP_DRAIN_SECONDS": 5, "COLOUR": name}}


def live(host: Host) -> str:
    return str(host.check_output("readlink /srv/reference/current")).rpartition("/")[2]


def enabled(host: Host, release: str) -> list[str]:
    """Whether a boot starts its socket and its service."""
    units = (f"reference@{release}.{kind}" for kind in ("socket", "service"))
    return [host.run(f"systemctl is-enabled {unit}").stdout.strip() for unit in units]


def state(host: Host, release: str, kind: str = "") -> str:
    return str(host.run(f"systemctl is-active reference{kind}@{release}.service").stdout).strip()


class Reader(threading.Thread):
    """Reads a stream of the live release, which begins when the next release starts."""

    def __init__(self, host: Host, url: str) -> None:
        super().__init__(daemon=True)  # no release may come
        self.host = host
        self.stream = Stream(url, timeout=0)
        self._left = threading.Event()
        self.start()

    def run(self) -> None:
        sockets = "ls /run/reference"
        before = self.host.check_output(sockets)
        while self.host.check_output(sockets) == before:
            time.sleep(0.2)
        read_all([self.stream], self._left.is_set)

    def leave(self) -> None:
        """When some more events have come."""
        had = len(self.stream.times)
        until(lambda: self.stream.ended or len(self.stream.times) > had + 5, 30)
        self._left.set()
        self.join()


class Command(threading.Thread):
    """Runs a command on the host."""

    def __init__(self, host: Host, command: str) -> None:
        super().__init__()
        self.host, self.command = host, command
        self.done: Any = None
        self.start()

    def run(self) -> None:
        self.done = self.host.run(self.command)

    def result(self) -> Any:
        self.join()
        return self.done


def wait_until_ended(host: Host, release: str) -> None:
    for _ in range(300):
        if state(host, release) == state(host, release, "-drain") == "inactive":
            return
        time.sleep(0.2)
    pytest.fail(f"{release} has not ended: {state(host, release)}")


@pytest.fixture(scope="module")
def old(host: Host, plays: Plays) -> Iterator[str]:
    """The release that the inventory describes. It is live again afterwards."""
    old = live(host)
    yield old
    plays.deploy()
    assert live(host) == old


def test_a_stream_is_finished_by_the_release_that_began_it(
    host: Host, machine: Machine, old: str, plays: Plays
) -> None:
    """It lasts much longer than the app would let it after SIGTERM."""
    reader = Reader(host, f"{machine.url}/chunked/stream?count=160&interval=0.5")
    plays.deploy(**colour("green"))
    assert reader.is_alive(), "the change took longer than the stream"
    new = live(host)
    assert new != old
    assert (state(host, old), state(host, new)) == ("active", "active")
    assert state(host, old, "-drain") == "active"
    assert enabled(host, old) == ["disabled", "disabled"]
    assert read(f"{machine.url}/readyz").status == 200
    time.sleep(8)
    assert reader.is_alive(), "the stream has nothing left to drain"
    reader.join()
    assert (reader.stream.ended, reader.stream.ids) == (COMPLETE, [*range(1, 162)])
    wait_until_ended(host, old)
    assert not host.file(f"/run/reference/{old}.sock").exists


def test_a_draining_release_can_take_the_traffic_again(
    host: Host, machine: Machine, plays: Plays
) -> None:
    """`old` has ended meanwhile; its successor drains."""
    green = live(host)
    reader = Reader(host, f"{machine.url}/chunked/stream?count=100000&interval=0.5")
    plays.deploy(**colour("red"))
    assert state(host, green, "-drain") == "active"
    told = plays.refusal(streaming_api_max_draining=1)
    assert "1 releases of reference still finish their streams" in told
    assert f"{green} (1 connections, " in told
    plays.rollback()
    assert live(host) == green
    assert state(host, green, "-drain") == "inactive"
    assert enabled(host, green) == ["enabled", "enabled"]
    reader.leave()
    assert reader.stream.is_whole, (reader.stream.ended, reader.stream.error)


def test_a_rollback_needs_a_release_on_the_host(host: Host, plays: Plays) -> None:
    told = plays.refusal(streaming_api_release="0123456789ab")
    assert "streaming_api_release is '0123456789ab', which is not on the host; there are" in told
    assert f"{live(host)} is live" in told


def test_the_status_is_shown(host: Host, plays: Plays) -> None:
    shown = plays.succeed("status").output
    assert re.search(rf"{live(host)}  live +\d+ connections +[\d.]+ MB", shown), shown
    assert "second-app on " in shown


def test_one_play_at_a_time(host: Host, plays: Plays) -> None:
    holder = "somebody@elsewhere, process 1 (1 1)"
    host.check_output(
        f"systemd-run --collect --unit=reference-deploy --description='{holder}' sleep 600"
    )
    told = plays.refusal(**colour("white"))
    assert "reference is being deployed already, by somebody@elsewhere, process 1, since " in told
    assert host.check_output("systemctl is-active reference-deploy") == "active"
    host.check_output("systemctl stop reference-deploy")


@pytest.fixture(scope="module")
def long_stream(
    host: Host,
    machine: Machine,
    old: str,  # noqa: ARG001
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A release and one of its streams, which outlives the changes that follow."""
    stream = subprocess.Popen(
        ["curl", "-sN", f"{machine.url}/chunked/stream?count=900&interval=0.5"],
        stdout=subprocess.DEVNULL,
    )
    yield live(host), stream
    stream.kill()
    stream.wait()


def test_the_lock_of_a_killed_play_is_free(
    host: Host, long_stream: tuple[str, subprocess.Popen[bytes]], plays: Plays
) -> None:
    """The play is killed after it took the lock, with all its processes on the controller."""
    play = plays.begin(**colour("black"))
    locked = "systemctl is-active reference-deploy"
    while host.run(locked).stdout.strip() != "active" and play.is_alive():
        time.sleep(0.2)
    time.sleep(3)
    play.kill()
    play.end()
    assert host.check_output(locked) == "active"
    plays.deploy(**colour("white"))
    assert host.run(locked).stdout.strip() == "inactive"
    assert state(host, long_stream[0], "-drain") == "active"


def test_the_release_that_drains_longest_is_ended(
    host: Host, long_stream: tuple[str, subprocess.Popen[bytes]], plays: Plays
) -> None:
    """Outdated releases are removed as well."""
    oldest, stream = long_stream
    before = live(host)
    plays.deploy(
        **colour("blue"),
        streaming_api_max_draining=1,
        streaming_api_when_max_draining="end_oldest",
        streaming_api_keep_releases=2,
    )
    assert state(host, oldest) == state(host, oldest, "-drain") == "inactive"
    assert stream.wait(10) in (0, 18), "the app may still have said goodbye"
    wait_until_ended(host, before)
    kept = host.check_output("ls /srv/reference/releases").split()
    assert set(kept) == {live(host), before}, host.check_output("systemctl list-units -a 'ref*'")
    units = host.check_output("ls /etc/systemd/system").split()
    left = {unit.partition(".")[0] for unit in units if unit.startswith("reference@")}
    assert left == {f"reference@{release}" for release in kept}


def test_a_stop_takes_seconds(host: Host) -> None:
    """A stream of the app ends with a last event; a stream that goes on is visibly cut."""
    token = host.check_output("cat /etc/streaming_api/reference.probe-token")
    curl = f"curl -sN -m 60 -H 'X-Stream-Probe-Token: {token}' 'http://127.0.0.1/chunked/{{}}?count=500&interval=0.1'"
    told, cut = (Command(host, curl.format(path)) for path in ("stream", ".stream-probe"))
    time.sleep(5)
    began = time.monotonic()
    host.check_output("systemctl stop 'reference@*'")
    took = time.monotonic() - began
    host.check_output("systemctl start reference@%s.service", live(host))
    assert 11 <= took <= 22, "streaming_api_stop_timeout is 12"
    assert (told.result().rc, cut.result().rc) == (0, 18)
    assert "event: reconnect" in told.result().stdout
    assert host.check_output("systemctl --failed --no-legend") == ""


def test_a_removed_token_comes_back_with_a_new_release_only(host: Host, plays: Plays) -> None:
    """`old`'s fixture deploys that release afterwards."""
    token = "/etc/streaming_api/reference.probe-token"
    host.check_output(f"rm {token}")
    plays.deploy(**colour("blue"), streaming_api_keep_releases=2)
    assert not host.file(token).exists
