"""What the monitor costs, what it survives, and who may read what it knows."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator

import pytest
from plays import Plays
from testhost import until
from testinfra.host import Host
from watching import INTERVAL, Prometheus

UNIT = "streaming_api-monitor.service"
ASK = "curl -s -H Host:chat.example"
PAGE = "http://127.0.0.1/.stream-status"
CONFIG = "/etc/streaming_api/monitor/reference.json"
PATIENCE = 90  # seconds
ROUNDS = int(os.environ.get("WATCH_ROUNDS", "90"))
DEFAULT = 20.0  # seconds, the default interval
# Says the seconds of CPU that a start of Python takes, as this machine is now.
START = """python3 -I -c '
import resource, subprocess, sys
subprocess.run([sys.executable, "-I", "-c", "import asyncio, http.client, json, ssl"], check=True)
spent = resource.getrusage(resource.RUSAGE_CHILDREN)
print(spent.ru_utime + spent.ru_stime)
'"""

# Says how many descriptors the monitor has open, at 100 moments.
OPENED = f"""pid=$(systemctl show -P MainPID {UNIT})
for moment in $(seq 100); do ls /proc/$pid/fd | wc -l; sleep 0.03; done"""


def value(host: Host, metric: str) -> float:
    said = host.check_output(f"curl -s 127.0.0.1:9797/metrics | grep '^{metric} '")
    return float(said.split()[1])


def counted(host: Host) -> float:
    """The rounds since the monitor started."""
    said = host.run("curl -s 127.0.0.1:9797/metrics | grep '^streaming_probe_rounds.*\"all\"'")
    return sum(float(line.split()[-1]) for line in said.stdout.splitlines())


def test_what_it_costs(host: Host, world: Host) -> None:
    """At the default interval, with a scrape in each; memory without what others share.

    Seconds of CPU grow when others use it, so a round is compared with starts of Python beside it.
    """
    world.check_output("systemctl stop prometheus")  # which scrapes each second
    try:
        cpu, began = value(host, "process_cpu_seconds_total"), time.monotonic()
        starts = []
        while time.monotonic() < began + 4 * INTERVAL:
            starts.append(float(host.check_output(START)))
            time.sleep(1)
        spent, lasted = value(host, "process_cpu_seconds_total") - cpu, time.monotonic() - began
    finally:
        world.check_output("systemctl start prometheus")
    a_round, start = spent / (lasted / INTERVAL), statistics.median(starts)
    pid = host.check_output(f"systemctl show -p MainPID --value {UNIT}")
    pss = int(host.check_output(f"awk '/^Pss:/ {{print $2}}' /proc/{pid}/smaps_rollup")) / 1024
    print(
        f"\n{a_round / DEFAULT:.2%} of a core at an interval of {DEFAULT:.0f} s,"
        f" {a_round / start:.2f} starts of Python in a round; {pss:.1f} MiB"
    )
    assert a_round < 5 * start  # on a quiet machine 2: 0.14 s and 0.07 s
    assert pss < 40


@pytest.fixture
def hurried(host: Host) -> Iterator[None]:
    """The monitor with hardly a pause between rounds, and a probe of 30 ms."""
    quicker = 's/"interval": [0-9]*/"interval": 0.01/; s/stream-probe?count=30/&\\&interval=0.001/'
    host.check_output(f"sed -i.slow '{quicker}' {CONFIG} && systemctl restart {UNIT}")
    yield
    host.check_output(f"mv {CONFIG}.slow {CONFIG} && systemctl restart {UNIT}")


@pytest.mark.usefixtures("hurried")
def test_nothing_leaks_in_time_lapse(host: Host) -> None:
    """The rounds of a day (WATCH_ROUNDS=4320), or some of them.

    A round opens up to ten descriptors and closes them, so what is compared is the least of many
    moments, of which some lie between two streams.
    """

    def after(rounds: float) -> tuple[float, int, float]:
        until(lambda: counted(host) >= rounds, 60 + 3 * rounds)
        opened = min(map(int, host.check_output(OPENED).split()))
        resident = value(host, "process_resident_memory_bytes") / 2**20
        return resident, opened, value(host, "streaming_monitor_history_bytes") / 2**20

    first, last = after(ROUNDS / 3), after(ROUNDS)
    print(
        f"\nafter {ROUNDS / 3:.0f} and {ROUNDS} rounds: memory, descriptors, history", first, last
    )
    assert last[0] < first[0] + 3
    assert last[1] < first[1] + 3  # one left open in each round would be 60
    assert last[2] < 32


def test_the_sandbox(host: Host) -> None:
    said = host.check_output(f"systemd-analyze security --no-pager {UNIT} | tail -1")
    assert float(said.split()[-3]) < 2.0, said
    assert host.check_output(f"systemctl show -p User --value {UNIT}") == "streaming-api-monitor"


def test_the_page_needs_the_token(host: Host) -> None:
    token = host.check_output("cat /etc/streaming_api/reference.status-token")
    assert host.check_output(f"{ASK} -o /dev/null -w '%{{http_code}}' {PAGE}") == "401"
    assert host.check_output(f"{ASK} -o /dev/null -w '%{{http_code}}' -u me:wrong {PAGE}") == "401"
    assert "reference" in host.check_output(f"{ASK} -f -u me:{token} {PAGE}")
    assert "<h1" in host.check_output(f"{ASK} -f -H 'Authorization: Bearer {token}' {PAGE}")


def test_no_secret_is_told(host: Host) -> None:
    """Neither the tokens nor anything of an app's environment."""
    told = host.check_output(
        f"curl -s 127.0.0.1:9797/metrics 127.0.0.1:9797/verdicts.json; journalctl -u {UNIT}"
    )
    for name in ("probe-token", "status-token"):
        assert host.check_output(f"cat /etc/streaming_api/reference.{name}") not in told


def test_it_comes_back_after_a_kill(host: Host, prometheus: Prometheus) -> None:
    asked = f"systemctl show -P MainPID {UNIT}"
    before = host.check_output(asked)
    host.check_output(f"systemctl kill -s KILL {UNIT}")
    until(lambda: host.check_output(asked) not in ("0", before), 60)
    until(lambda: prometheus.ask('up{job="streaming_api"} == 1'), 60)


def test_a_drained_release_ends_under_its_eyes(host: Host, plays: Plays) -> None:
    """No connection of the monitor keeps it alive."""
    old = host.check_output("readlink /srv/reference/current").split("/")[-1]
    assert plays.deploy(streaming_api_environment={"DEPLOY": "drained"}).changed
    # A connection would keep it until streaming_api_drain_timeout, which is 60.
    took = until(lambda: not host.service(f"reference@{old}.service").is_running, 40)
    print(f"\nended {took:.1f} s after the deploy")


def test_the_playbook_shows_the_verdict(plays: Plays, prometheus: Prometheus) -> None:
    until(
        lambda: prometheus.ask('streaming_probe_verdict{layer="all",verdict="streaming"} == 1'), 60
    )
    for _ in range(3):  # the play itself can make the machine so busy that a round has no verdict
        done = plays.run("status")
        assert done.succeeded, done.output
        if "/ streaming, measured" in done.output:
            return
    pytest.fail(done.output)


def test_a_dead_app_is_told_and_survived(host: Host, prometheus: Prometheus) -> None:
    live = host.check_output("readlink /srv/reference/current").split("/")[-1]
    units = f"reference@{live}.socket reference@{live}.service"
    host.check_output(f"systemctl stop {units}")
    try:
        until(prometheus.firing, PATIENCE)
    finally:
        host.check_output(f"systemctl start {units}")
    until(lambda: not prometheus.firing(), PATIENCE)
    assert host.service(UNIT).is_running
