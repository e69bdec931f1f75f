"""A change makes a new release, and what has begun is finished by the one that began it."""

import json
import re
import subprocess
import threading
import time
from pathlib import Path

import pytest
from streamclient import read

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.usefixtures("old")


def attempt(machine, directory, **variables):
    """Deploy the inventory's app with these variables changed."""
    role = {"name": "streaming_api", "rolespec_validate": False}
    play = {
        "hosts": "streaming_api",
        "become": True,
        "gather_facts": False,
        "vars": variables,
        "tasks": [{"ansible.builtin.import_role": role}],
    }
    playbook = directory / "change.json"
    playbook.write_text(json.dumps([play]))
    return machine.play(playbook)


def deploy(machine, directory, **variables):
    done = attempt(machine, directory, **variables)
    assert done.returncode == 0, done.stdout + done.stderr


def colour(name):
    return {"streaming_api_environment": {"APP_DRAIN_SECONDS": 5, "COLOUR": name}}


def refusal(machine, directory, **variables):
    """The sentence of the task that fails, on one line."""
    done = attempt(machine, directory, **variables)
    assert done.returncode != 0
    return " ".join(done.stdout.partition("FAILED!")[2].split())


def live(host):
    return host.check_output("readlink /srv/reference/current").rpartition("/")[2]


def enabled(host, release):
    """Whether a boot starts its socket, and its service."""
    units = (f"reference@{release}.{kind}" for kind in ("socket", "service"))
    return [host.run(f"systemctl is-enabled {unit}").stdout.strip() for unit in units]


def state(host, release, kind=""):
    return host.run(f"systemctl is-active reference{kind}@{release}.service").stdout.strip()


class Reader(threading.Thread):
    """Reads a stream that begins as soon as a new release runs, before it has the traffic."""

    def __init__(self, host, url):
        super().__init__(daemon=True)  # no release may come
        self.host, self.url, self.reading = host, url, None
        self.start()

    def run(self):
        sockets = "ls /run/reference"
        before = self.host.check_output(sockets)
        while self.host.check_output(sockets) == before:
            time.sleep(0.2)
        self.reading = read(self.url, timeout=120)

    def ids(self):
        self.join()
        assert self.reading.error == ""
        return [int(n) for n in re.findall(rb"^id: (\d+)", self.reading.body, re.MULTILINE)]


class Command(threading.Thread):
    """Runs a command on the host."""

    def __init__(self, host, command):
        super().__init__()
        self.host, self.command, self.done = host, command, None
        self.start()

    def run(self):
        self.done = self.host.run(self.command)

    def result(self):
        self.join()
        return self.done


def wait_until_ended(host, release):
    for _ in range(100):
        if state(host, release) == state(host, release, "-drain") == "inactive":
            return
        time.sleep(0.2)
    pytest.fail(f"{release} has not ended: {state(host, release)}")


@pytest.fixture(scope="module")
def old(host, machine, tmp_path_factory):
    """The release that the inventory names; it is live again afterwards."""
    old = live(host)
    yield old
    deploy(machine, tmp_path_factory.mktemp("old"))
    assert live(host) == old


def test_a_stream_is_finished_by_the_release_that_began_it(host, machine, tmp_path, old):
    """It goes on for much longer than the app would let it after SIGTERM."""
    stream = Reader(host, f"{machine.url}/chunked/stream?count=120&interval=0.5")
    deploy(machine, tmp_path, **colour("green"))
    assert stream.is_alive(), "the change took longer than the stream"
    new = live(host)
    assert new != old
    assert (state(host, old), state(host, new)) == ("active", "active")
    assert state(host, old, "-drain") == "active"
    assert enabled(host, old) == ["disabled", "disabled"]
    assert read(f"{machine.url}/readyz").status == 200
    time.sleep(8)
    assert stream.is_alive(), "the stream has nothing left to drain"
    assert stream.ids() == list(range(1, 122))
    wait_until_ended(host, old)
    assert not host.file(f"/run/reference/{old}.sock").exists


def test_one_that_still_has_streams_takes_the_traffic_again(host, machine, tmp_path):
    """It is `old` that has ended meanwhile, the one before it that drains."""
    green = live(host)
    stream = Reader(host, f"{machine.url}/chunked/stream?count=120&interval=0.5")
    deploy(machine, tmp_path, **colour("red"))
    assert state(host, green, "-drain") == "active"
    told = refusal(machine, tmp_path, streaming_api_max_draining=1)
    assert "1 releases of reference still finish their streams" in told
    assert f"{green} (1 connections, " in told
    rolled = machine.play(ROOT / "playbooks/rollback.yml")
    assert rolled.returncode == 0, rolled.stdout + rolled.stderr
    assert live(host) == green
    assert state(host, green, "-drain") == "inactive"
    assert enabled(host, green) == ["enabled", "enabled"]
    assert stream.ids() == list(range(1, 122))


def test_only_a_release_of_the_host_can_be_gone_back_to(host, machine, tmp_path):
    told = refusal(machine, tmp_path, streaming_api_release="0123456789ab")
    assert "streaming_api_release is '0123456789ab', which is not on the host; there are" in told
    assert f"{live(host)} is live" in told


def test_the_status_is_shown(host, machine):
    shown = machine.play(ROOT / "playbooks/status.yml").stdout
    assert re.search(rf"{live(host)}  live +\d+ connections +[\d.]+ MB", shown), shown
    assert "second-app on " in shown


def test_one_play_at_a_time(host, machine, tmp_path):
    holder = "somebody@elsewhere, process 1 (1 1)"
    host.check_output(
        f"systemd-run --collect --unit=reference-deploy --description='{holder}' sleep 600"
    )
    told = refusal(machine, tmp_path, **colour("white"))
    assert "reference is being deployed already, by somebody@elsewhere, process 1, since " in told
    assert host.check_output("systemctl is-active reference-deploy") == "active"
    host.check_output("systemctl stop reference-deploy")


@pytest.fixture(scope="module")
def long_stream(host, machine, old):  # noqa: ARG001
    """A release and a stream of it that outlives the changes that follow."""
    stream = subprocess.Popen(
        ["curl", "-sN", f"{machine.url}/chunked/stream?count=900&interval=0.5"],
        stdout=subprocess.DEVNULL,
    )
    yield live(host), stream
    stream.kill()
    stream.wait()


def test_a_killed_play_keeps_nobody_out(host, machine, tmp_path, long_stream):
    """It is killed when it has the lock, with all that it runs on this side."""
    argv = ["ansible-playbook", "-i", machine.inventory, "--limit", f"{machine.name},localhost"]
    more = ["-e", json.dumps(colour("black"))]
    site = ROOT / "playbooks/site.yml"
    play = subprocess.Popen([*argv, *more, site], stdout=subprocess.DEVNULL, start_new_session=True)
    locked = "systemctl is-active reference-deploy"
    while host.run(locked).stdout.strip() != "active" and play.poll() is None:
        time.sleep(0.2)
    time.sleep(3)
    play.kill()
    play.wait()
    assert host.check_output(locked) == "active"
    deploy(machine, tmp_path, **colour("white"))
    assert host.run(locked).stdout.strip() == "inactive"
    assert state(host, long_stream[0], "-drain") == "active"


def test_the_one_that_drains_longest_makes_room(host, machine, tmp_path, long_stream):
    """Outdated ones are removed as well."""
    oldest, stream = long_stream
    before = live(host)
    deploy(
        machine,
        tmp_path,
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


def test_a_stop_takes_seconds(host):
    """A stream that is told ends by an event of its own, one that goes on is seen to be cut."""
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


def test_a_removed_token_is_made_anew_with_the_next_release(host, machine, tmp_path):
    """Which is that of `old`."""
    token = "/etc/streaming_api/reference.probe-token"
    host.check_output(f"rm {token}")
    deploy(machine, tmp_path, **colour("blue"), streaming_api_keep_releases=2)
    assert not host.file(token).exists
