"""The service on the host: its settings are in effect."""

from __future__ import annotations

import json

import pytest
from streamclient import read
from testhost import Machine, nginx_workers, until
from testinfra.host import Host

from tests.original import ORIGINAL

SECRET = "s3cret-and-long-enough"
APPS = ["reference", "second-app"]


@pytest.fixture(params=APPS)
def unit(request: pytest.FixtureRequest, host: Host) -> str:
    """The name of an app's live unit, without `.service`."""
    release = host.check_output("readlink /srv/%s/current", request.param).rpartition("/")[2]
    return f"{request.param}@{release}"


def show(host: Host, unit: str, name: str) -> str:
    return str(host.check_output("systemctl show --property=%s --value %s", name, unit))


@pytest.mark.parametrize("directive", ORIGINAL)
def test_nginx_runs_with_the_six_settings(host: Host, directive: str) -> None:
    configuration = host.check_output("nginx -T")
    location = configuration.partition("location /api/ {")[2].partition("}")[0]
    assert directive in [line.strip() for line in location.splitlines()]


def test_nginx_keeps_connections_to_the_app(host: Host) -> None:
    """Many requests in a row need few connections; the kernel knows those to the release's socket.

    Nginx keeps them for a moment only, so the host itself asks and looks.
    """
    socket = host.check_output("readlink /var/lib/streaming_api/traffic/reference.sock")
    ask = "for n in $(seq 20); do curl -so /dev/null http://127.0.0.1/readyz; done"
    look = f"grep -c ' 03 .* {socket}$' /proc/net/unix || true"
    looks = [int(host.check_output(f"{ask}; {look}")) for _ in range(3)]  # one may come late
    assert 1 <= max(looks) <= 2 + len(nginx_workers(host))  # each worker keeps its own
    assert "keepalive 64;" in host.check_output("nginx -T")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/", "Read-only file system"),
        ("/usr", "Read-only file system"),
        ("/etc", "Read-only file system"),
        ("/srv/second-app/current/src", "Read-only file system"),
        ("/home", "Permission denied"),
        ("/var/lib/second-app", "written"),
        ("/var/cache/second-app", "written"),
        ("/tmp", "written"),  # noqa: S108 - the app's own
    ],
)
def test_the_sandbox_is_real(machine: Machine, path: str, said: str) -> None:
    answer = read(f"{machine.https_url}/write?path={path}", name="second.example").json()
    assert answer == {path: said}


def test_the_app_runs_as_a_user_of_its_own(host: Host, unit: str) -> None:
    name = unit.partition("@")[0]
    pid = show(host, f"{unit}.service", "MainPID")
    assert host.check_output("stat -c %U /proc/" + pid) == name
    for path in ("venv/bin/gunicorn", "src", "gunicorn.conf.py"):
        assert host.file(f"/srv/{name}/current/{path}").user == "root"


def test_systemd_finds_the_service_well_confined(host: Host, unit: str) -> None:
    report = host.check_output("systemd-analyze security --no-pager %s.service", unit)
    exposure = float(report.splitlines()[-1].partition(": ")[2].split()[0])
    assert exposure <= 1.3


def test_the_environment_is_the_apps_alone(host: Host, machine: Machine) -> None:
    about = read(f"{machine.https_url}/about", name="second.example").json()
    assert about["environment"] == {
        "PLAIN": "plain",
        "QUOTED": """a "b" \\c $d 'e' %i {{ f }} ü""",
        "TOKEN": SECRET,
    }
    file = host.file("/srv/second-app/current/env")
    assert (file.user, file.mode) == ("root", 0o600)


@pytest.mark.parametrize(
    "command",
    [
        "ps axww -o args",
        "journalctl --no-pager --output=cat",
        "systemctl show 'second-app@*'",
        "cat /srv/second-app/current/release.json /etc/streaming_api/second-app.json",
        "cat /etc/systemd/system/second-app@*",
    ],
)
def test_a_secret_appears_nowhere(host: Host, command: str) -> None:
    assert SECRET not in host.check_output(command)


def test_the_apps_own_versions_win(machine: Machine) -> None:
    about = read(f"{machine.https_url}/about", name="second.example").json()
    assert tuple(map(int, about["uvicorn"].split(".")[:2])) < (0, 54)


NEEDRESTART = """
our %%nrconf = (override_rc => {});
defined(do "/etc/needrestart/conf.d/%s.conf") or die;
my @left_alone = keys %%{$nrconf{override_rc}};
print join " ", grep { my $unit = $_; grep { $unit =~ /$_/ } @left_alone } split " ", shift;
"""


@pytest.mark.parametrize("name", APPS)
def test_an_update_of_a_library_restarts_no_release(host: Host, name: str) -> None:
    """Read as needrestart does it. (It cannot look into the processes of a container's users.)"""
    units = [f"{name}@0123456789ab.service", f"{name}-drain@0123456789ab.service"]
    others = [f"{name}s@a.service", f"my-{name}@a.service", "nginx.service"]
    script = NEEDRESTART % name
    told = host.check_output("perl -e %s -- %s", script, " ".join([*units, *others]))
    assert told.split() == units


def test_a_dead_master_is_replaced(host: Host, unit: str) -> None:
    before = show(host, f"{unit}.service", "MainPID")
    host.check_output("kill -KILL " + before)
    # Until systemd has noticed, the workers of the dead master may answer.
    until(lambda: show(host, f"{unit}.service", "MainPID") not in ("0", before), 60)
    host.check_output(
        "for i in $(seq 100); do curl -s -o /dev/null --unix-socket %s http://x/ && exit; sleep 0.1;"
        " done; exit 1",
        f"/run/{unit.replace('@', '/')}.sock",
    )


def test_the_release_says_what_it_is(host: Host, unit: str) -> None:
    name, _, release = unit.partition("@")
    manifest = json.loads(host.file(f"/srv/{name}/current/release.json").content_string)
    assert manifest["id"] == release
    assert any(package.startswith("gunicorn==") for package in manifest["packages"])


def test_a_reboot_brings_all_back(host: Host, machine: Machine) -> None:
    booted = "systemctl show --property=UserspaceTimestampMonotonic --value"
    before = host.check_output(booted)
    machine.reboot()
    assert host.check_output(booted) != before
    assert host.check_output("systemctl is-system-running") == "running"
    assert host.service("ssh").is_running
    assert read(f"{machine.url}/readyz").json()["ready"] is True
    assert read(f"{machine.https_url}/about", name="second.example").status == 200
