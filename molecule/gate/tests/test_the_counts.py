"""A release counts its own streams in its sandbox, and an ordinary user reads the counts.

Last in the order of the files: its releases drain while others would compare the host.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plays import Plays
from streamclient import read
from testhost import Machine, until
from testinfra.host import Host

ROOT = Path(__file__).parents[3]
STREAM = "/api/stream?count=5&interval=0.02"
# The monitor's reader, with the host's Python and none of the monitor's other files.
READ = """
import importlib, json, sys, types
package = types.ModuleType("monitor")
package.__path__ = ["/tmp/monitor"]
sys.modules["monitor"] = package
found = importlib.import_module("monitor.counts").read(sys.argv[1])
print(json.dumps(found and {**found._asdict(), "chunks": sum(found.time_to_first_chunk.counts)}))
"""


def live(host: Host) -> str:
    return str(host.check_output("readlink /srv/reference/current").rpartition("/")[2])


def reader(host: Host) -> Callable[[str], Any]:
    """Reads the counts of a release, as `nobody`."""
    host.check_output("mkdir -p /tmp/monitor")
    for name in ("counts", "values", "stream_slots"):
        text = (ROOT / f"module_utils/monitor/{name}.py").read_text()
        host.check_output(f"printf %%s %s > /tmp/monitor/{name}.py", text)
    host.check_output("printf %%s %s > /tmp/monitor/read", READ)
    host.check_output("chmod -R a+rX /tmp/monitor")
    as_nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs"
    command = f"{as_nobody} python3 -I -B /tmp/monitor/read /run/reference-%s"
    return lambda release: json.loads(host.check_output(command % release))


def test_the_apps_streams_are_counted(host: Host, machine: Machine) -> None:
    counted, release = reader(host), live(host)
    before = counted(release)
    for _ in range(3):
        assert read(machine.url + STREAM).status == 200
    until(lambda: counted(release)["ended"]["complete"] == before["ended"]["complete"] + 3, 30)
    after = counted(release)
    assert (after["in_flight"], after["opened"]) == (0, before["opened"] + 3)
    assert after["chunks"] == before["chunks"] + 3


def test_the_proof_of_a_deploy_is_not(host: Host, plays: Plays) -> None:
    """Without streaming_api_proof_paths it reads the probe, and no stream of the app."""
    counted = reader(host)
    before = live(host)
    plays.deploy(streaming_api_environment={"COUNTS": "1"}, streaming_api_proof_paths=[])
    assert live(host) != before
    assert counted(live(host))["opened"] == 0
    plays.deploy()
    assert live(host) == before


def test_a_killed_worker(host: Host, machine: Machine) -> None:
    counted, release = reader(host), live(host)
    before = counted(release)
    unit = f"reference@{release}.service"
    host.check_output(
        "nohup curl -sN 'http://localhost/api/stream?count=6000&interval=0.01' >/dev/null 2>&1 &"
    )
    until(lambda: counted(release)["in_flight"] == 1, 30)
    # All workers: one of them has the stream.
    host.check_output(f"pkill -KILL -P $(systemctl show --property=MainPID --value {unit})")
    until(lambda: counted(release)["in_flight"] == 0, 30)
    until(lambda: read(machine.url + STREAM).status == 200, 30)
    after = counted(release)
    assert after["ended"]["failed"] == before["ended"]["failed"] + 1
    assert after["opened"] >= before["opened"] + 2
    # The service as a whole starts again after a crash, with the same counts.
    host.check_output(f"systemctl kill --signal=KILL {unit}")
    until(lambda: read(machine.url + STREAM).status == 200, 30)
    until(lambda: counted(release)["opened"] > after["opened"], 30)


def test_without_counts_nothing_of_it_is_left(host: Host, machine: Machine, plays: Plays) -> None:
    before = live(host)
    plays.deploy(streaming_api_count_streams=False)
    uncounted = live(host)
    assert uncounted != before
    directory = f"/srv/reference/releases/{uncounted}"
    assert host.check_output(f"ls {directory} | grep ^stream") == "stream_probe.py"
    assert "counts" not in host.file(f"{directory}/gunicorn.conf.py").content_string
    assert not host.file(f"/run/reference-{uncounted}").exists
    assert reader(host)(uncounted) is None
    plays.rollback()
    assert live(host) == before
    assert reader(host)(before)["in_flight"] == 0
    plays.rollback()
    assert live(host) == uncounted
    assert read(machine.url + STREAM).status == 200
    plays.deploy()
    assert live(host) == before


def test_a_stopped_release_leaves_no_counts(host: Host) -> None:
    """Those that a drain has stopped: nothing grows in /run."""

    def clean() -> bool:
        running = host.check_output(
            "systemctl list-units --plain --no-legend --state=active 'reference@*.service'"
        )
        ids = {line.split()[0].partition("@")[2].partition(".")[0] for line in running.splitlines()}
        found = host.check_output("ls -d /run/reference-* | grep -v drain").splitlines()
        return {path.rpartition("-")[2] for path in found} <= ids

    until(clean, 30)  # one may be about to end
