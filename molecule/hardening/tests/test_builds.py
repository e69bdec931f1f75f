"""An app and its build attack the host and another app; see mallory/attack.py. Nothing gives way."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from plays import Plays
from testhost import ask
from testinfra.host import Host

# These succeed in the place that the build or the app has for itself. The tests look at the host.
HARMLESS = {"leave files", "stay", "write to /dev/shm", "leave a setuid program"}
# A file's owner, group, mode, time and content say whether it was changed.
DIGEST = (
    "cd /srv/mallory/releases/%s && find . -printf '%%p %%u %%g %%m %%T@ %%l\\n' | sort | sha256sum"
    " && find . -type f -exec sha256sum {} + | sort | sha256sum"
)
LIMITS: dict[str, tuple[dict[str, Any], str]] = {
    "hang": (
        {"streaming_api_build_timeout": 4},
        "The build took longer than the 4 s of streaming_api_build_timeout.",
    ),
    "memory": (
        {"streaming_api_build_memory_max": "200M"},
        "The build needed more memory than streaming_api_build_memory_max allows.",
    ),
    "tasks": ({"streaming_api_build_tasks_max": 100}, "Resource temporarily unavailable"),
}


def live(host: Host, name: str) -> str:
    """Return the id of an app's live release."""
    return str(host.check_output("readlink /srv/%s/current", name)).rpartition("/")[2]


@pytest.fixture(scope="module")
def first(host: Host) -> dict[str, str]:
    """Return the first release of the app that attacks, as it was before the next build."""
    release = live(host, "mallory")
    return {"id": release, "digest": host.check_output(DIGEST % release)}


@pytest.fixture(scope="module")
def second(host: Host, plays: Plays, first: dict[str, str]) -> str:
    """Build and start the next release, and return its id."""
    plays.deploy(streaming_api_environment={"BUILD": "second"})
    release = live(host, "mallory")
    assert release != first["id"]
    return release


def got(host: Host, release: str) -> dict[str, Any]:
    """Return what the build of a release got."""
    found = host.file(f"/srv/mallory/releases/{release}/src/attacks.json").content_string
    return dict(json.loads(found))


def test_a_build_gets_nothing(host: Host, first: dict[str, str]) -> None:
    found = got(host, first["id"])
    assert found.keys() >= {"stay", "leave files"}  # the attacks have run
    assert {name: value for name, value in found.items() if name not in HARMLESS} == {}


def test_a_later_build_gets_nothing(host: Host, second: str) -> None:
    found = got(host, second)
    assert {name: value for name, value in found.items() if name not in HARMLESS} == {}


def test_a_later_build_changes_no_finished_release(
    host: Host, first: dict[str, str], second: str
) -> None:
    assert second != first["id"]
    assert host.check_output(DIGEST % first["id"]) == first["digest"]


def test_the_app_gets_nothing(host: Host, second: str) -> None:
    socket = f"/run/mallory/{second}.sock"
    said = host.check_output("curl -s --max-time 60 --unix-socket %s http://x/attack", socket)
    found = json.loads(said)
    assert "write to /dev/shm" in found  # its own; so the attacks have run
    assert {name: value for name, value in found.items() if name not in HARMLESS} == {}


def test_nothing_is_left_of_a_build(host: Host, second: str) -> None:
    """A process that stayed would write into the release 3 s after its start."""
    time.sleep(3)
    found = ask(
        host,
        {
            "processes": "ps -o args= -u mallory-build || true",
            "files": "find /tmp /var/tmp /dev/shm /run /etc /usr /opt /var -name 'mallory-was-here' -o"
            " -name left-behind 2>/dev/null || true",
            "written": f"ls /srv/mallory/releases/{second}/src",
            "shadow": "stat -c '%U %a' /etc/shadow",
        },
    )
    assert found["processes"] == ""
    assert found["files"] == ""
    assert found["shadow"] == "root 640"
    assert "left-behind" not in found["written"]
    assert "fifo" not in found["written"]


@pytest.mark.parametrize("name", ["victim", "mallory"])
def test_only_root_can_change_a_finished_release(host: Host, name: str) -> None:
    open_ = "! -user root -o ! -type l -perm /6027"
    command = f"find /srv/{name}/releases/*/src /srv/{name}/releases/*/venv {open_}"
    assert host.check_output(command) == ""


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("/var/lib/victim", 0o750),
        ("/var/cache/victim", 0o750),
        ("/srv/victim", 0o711),
        ("/srv/victim/releases", 0o711),
        ("/srv/victim/cache", 0o700),
        ("/etc/streaming_api", 0o700),
        ("/run/streaming_api", 0o700),
    ],
)
def test_others_do_not_look_into_a_directory(host: Host, path: str, mode: int) -> None:
    assert oct(host.file(path).mode) == oct(mode)


def counts_memory(host: Host) -> bool:
    """Whether systemd can limit a unit's memory there. A container may lack the controller."""
    places = "/sys/fs/cgroup/memory/system.slice /sys/fs/cgroup/system.slice/memory.max"
    return bool(host.run(f"ls -d {places} 2>/dev/null").stdout)


@pytest.mark.parametrize("case", LIMITS)
def test_a_build_has_limits(host: Host, plays: Plays, case: str) -> None:
    variables, said = LIMITS[case]
    if case == "memory" and not counts_memory(host):
        pytest.skip("this host has no memory controller")
    before = live(host, "mallory")
    done = plays.run(
        streaming_api_environment={"BUILD": f"{case} {time.time()}"},  # one that is not there
        streaming_api_build_environment={"ATTACK": case},
        **variables,
    )
    assert "could not be built" in done.message
    assert said in " ".join(done.output.split())
    assert live(host, "mallory") == before
    assert host.run("pgrep -u mallory-build").stdout == ""


@pytest.mark.parametrize(
    ("unit", "name", "most"),
    [
        ("victim@%s.service", "victim", 0.7),  # without a network
        ("mallory@%s.service", "mallory", 1.3),
        ("victim-drain@%s.service", "victim", 1.4),
    ],
)
def test_systemd_finds_a_unit_well_confined(host: Host, unit: str, name: str, most: float) -> None:
    report = host.check_output("systemd-analyze security --no-pager %s", unit % live(host, name))
    assert float(report.splitlines()[-1].partition(": ")[2].split()[0]) <= most


def test_a_release_has_its_limits(host: Host) -> None:
    unit = f"victim@{live(host, 'victim')}.service"
    asked = "systemctl show --property=MemoryMax,TasksMax,CPUWeight %s"
    shown = dict(line.split("=", 1) for line in host.check_output(asked, unit).splitlines())
    assert shown["TasksMax"] == "4096"
    assert shown["CPUWeight"] == "100"
    total = int(host.check_output("awk '/^MemTotal/ {print $2}' /proc/meminfo")) * 1024
    assert 0 < int(shown["MemoryMax"]) < total
