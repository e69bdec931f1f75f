"""Nginx comes back by itself; what becomes of the streams that were open is stated."""

from __future__ import annotations

import contextlib
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rawclient import NAME, get
from streamclient import CUT, Reading, Stream
from testhost import Machine, nginx_workers, reload_nginx, until
from testinfra.host import Host

# Python's ssl leaves a socket open if the other side closes it at once.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

BROKEN = "/etc/nginx/sites-enabled/broken"
STREAMS = 40
WITHIN = 5.0  # seconds


def many(machine: Machine) -> list[Stream]:
    """Streams that would be open all the time."""
    url = f"{machine.https_url}/chunked/stream?count=100000&interval=0.1"
    return [Stream(url, name=NAME, timeout=0) for _ in range(STREAMS)]


def cut_of(streams: list[Stream]) -> int:
    """How many are cut, as soon as each is or gets events that are new."""
    before = [len(one.times) for one in streams]
    until(
        lambda: all(
            one.ended or len(one.times) > count + 2
            for one, count in zip(streams, before, strict=True)
        ),
        20,
    )
    assert {one.ended for one in streams} <= {"", CUT}
    return sum(one.ended == CUT for one in streams)


def seconds_to_answer(machine: Machine) -> float:
    """Until the app answers three times in a row."""
    began, good = time.monotonic(), 0
    while good < 3:
        assert time.monotonic() - began < 30, "Nginx stays down"
        good = good + 1 if get(machine.https, "/readyz", tls=NAME).status == 200 else 0
        time.sleep(0.05)
    return time.monotonic() - began


def kill_master(host: Host) -> None:
    """Its workers serve until systemd has noticed, so wait for their end."""
    host.check_output(
        "master=$(cat /run/nginx.pid); all=$(echo $master $(pgrep -P $master)); kill -9 $master;"
        ' for one in $(seq 600); do ps -p "$all" >/dev/null || exit 0; sleep 0.05; done; exit 1'
    )


def seconds_after_a_kill(machine: Machine, host: Host) -> float:
    began = time.monotonic()
    kill_master(host)
    seconds_to_answer(machine)
    return time.monotonic() - began


@pytest.fixture(autouse=True)
def is_up(machine: Machine, host: Host) -> Iterator[None]:
    assert get(machine.https, "/readyz", tls=NAME).status == 200
    yield
    host.run(f"rm -f {BROKEN}; systemctl start nginx")
    seconds_to_answer(machine)


def test_the_master_is_killed(machine: Machine, host: Host) -> None:
    """systemd ends the workers with their master, so all streams are cut; readers see that."""
    streams = many(machine)
    with Reading(*streams):
        seconds = seconds_after_a_kill(machine, host)
        print(f"{seconds:.2f} s until it answers")
        assert seconds < WITHIN
        assert cut_of(streams) == STREAMS
    assert int(host.check_output("systemctl show nginx -P NRestarts")) >= 1


def test_it_is_killed_again_and_again(machine: Machine, host: Host) -> None:
    """More often than systemd's start limit, 5 starts in 10 s, would allow."""
    took = [seconds_after_a_kill(machine, host) for _ in range(6)]
    assert statistics.median(took) < WITHIN, took


def kill_for_memory(machine: Machine, host: Host, victim: str, others: list[str]) -> None:
    """Let the kernel kill a worker for its memory, in cgroups of the host only."""
    if host.file("/sys/fs/cgroup/cgroup.controllers").exists:
        # In the unit's own cgroup: the case that OOMPolicy= is about.
        host.check_output(
            f"for one in {' '.join(others)}; do echo -1000 >/proc/$one/oom_score_adj; done;"
            " systemctl set-property --runtime nginx MemoryMax=1M; sleep 1;"
            " systemctl set-property --runtime nginx MemoryMax=infinity"
        )
        return
    # The first version of cgroups: a group for the worker alone, below that of the host. systemd is
    # not told.
    asked = ["podman", "inspect", "--format={{.State.Pid}}", machine.container]
    init = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    path = re.search(r":memory:(/.*)", Path(f"/proc/{init}/cgroup").read_text())
    assert path and path.group(1) != "/"
    group = Path(f"/sys/fs/cgroup/memory{path.group(1)}/out-of-memory")
    group.mkdir(exist_ok=True)
    (group / "memory.limit_in_bytes").write_text("65536")
    (group / "cgroup.procs").write_text(outer_pid(init, victim))
    try:
        for _ in range(200):  # it needs memory for each, and some go to the other workers
            get(machine.https, "/readyz", tls=NAME)
            if re.search(
                r"^oom_kill [1-9]", (group / "memory.oom_control").read_text(), re.MULTILINE
            ):
                return
        pytest.fail("the kernel does not kill it")
    finally:
        for _ in range(50):  # the process may still be on its way out
            with contextlib.suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.1)


def outer_pid(init: str, pid: str) -> str:
    """The number that a process of the host has on this machine."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            names = re.search(r"^NSpid:.*\s(\d+)$", (process / "status").read_text(), re.MULTILINE)
            same = (process / "ns/pid").readlink() == Path(f"/proc/{init}/ns/pid").readlink()
            if same and names and names.group(1) == pid:
                return process.name
    raise AssertionError(f"no process {pid}")


def test_a_worker_is_out_of_memory(machine: Machine, host: Host) -> None:
    """Its streams are cut, those of other workers go on, and Nginx is not stopped."""
    streams = many(machine)
    with Reading(*streams):
        workers = host.check_output(
            "for one in $(pgrep -f 'nginx: worker process$'); do"
            " echo $(ls /proc/$one/fd | wc -l) $one; done | sort -rn | cut -d' ' -f2"
        ).split()
        master = host.check_output("cat /run/nginx.pid")
        victim = workers[0]  # which has the most connections
        kill_for_memory(machine, host, victim, [*workers[1:], master])
        assert seconds_to_answer(machine) < WITHIN
        # The last of it may be on its way yet; its streams are cut then.
        until(lambda: victim not in nginx_workers(host), 20)
        cut = cut_of(streams)
        print(f"{cut} of {STREAMS} streams cut")
        assert cut > 0
        assert host.check_output("cat /run/nginx.pid") == master
        until(lambda: len(nginx_workers(host)) == len(workers), 20)
    assert host.check_output("systemctl show nginx -P OOMPolicy") == "continue"


def test_a_broken_site_of_somebody_else(machine: Machine, host: Host) -> None:
    """Nginx cannot start with it, whatever systemd does. It starts when the file is repaired."""
    host.check_output(f"echo 'server {{ listen 80' >{BROKEN}")
    assert host.run("systemctl reload nginx").rc != 0
    assert get(machine.https, "/readyz", tls=NAME).status == 200  # a reload keeps what runs
    began = host.check_output("date +%s")
    kill_master(host)
    said = f"journalctl -u nginx --since=@{began} --no-pager"
    # It names the file at each try, and goes on to try.
    until(lambda: host.check_output(said).count(BROKEN) >= 5, 60)
    assert get(machine.https, "/readyz", tls=NAME).status == 0
    host.check_output(f"rm {BROKEN}")
    assert seconds_to_answer(machine) < WITHIN


def test_it_runs_in_a_sandbox(host: Host) -> None:
    host.check_output("systemctl restart nginx")
    said = host.check_output("systemd-analyze security nginx.service --no-pager | tail -1")
    assert float(said.split(":")[1].split()[0]) < 4, said
    capabilities = host.check_output("grep CapBnd /proc/$(cat /run/nginx.pid)/status").split()[1]
    assert int(capabilities, 16) < 2**12  # nothing of the kernel's, such as CAP_SYS_ADMIN
    host.check_output("systemctl reload nginx && nginx -s reopen")


def test_a_stream_survives_a_reload_in_the_sandbox(machine: Machine, host: Host) -> None:
    url = f"{machine.https_url}/chunked/stream?count=100000&interval=0.1"
    stream = Stream(url, name=NAME, timeout=0)
    with Reading(stream) as reading:
        reload_nginx(host)
        reading.goes_on()
    assert stream.is_whole
