"""What clients see of failures on a host and during a change.

The live release goes on serving. When its own process is killed, it is back within BACK seconds.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from plays import Done, Play, Plays
from testhost import Machine
from testinfra.host import Host

Left = Callable[[], dict[str, list[str]]]

MEMORY = Path("/sys/fs/cgroup/memory")  # of the machine, where that has cgroup v1
BACK = 5
LONG = 10  # deploys that the long form has at least
BAD = ("cut", "announced", "refused", "hidden", "lost", "doubled")

# Where nothing is full but the place of new releases: those that are there are bound into it.
SMALL = """set -e
mkdir /mnt/small
mount -t tmpfs -o size=4m small /mnt/small
cd /srv/reference/releases
for one in *; do mkdir /mnt/small/$one; mount --bind $one /mnt/small/$one; done
mount --rbind /mnt/small .
"""
# A process that has begun meanwhile has opened its files through it: lazily.
LARGE = "umount -lR /srv/reference/releases; umount -lR /mnt/small; rmdir /mnt/small"

NGINX_WORKER = "pgrep -P $(cat /run/nginx.pid) | tail -1"
MASTER = "systemctl show --property=MainPID --value reference@{live}.service"


class Seen:
    """What the readers of a load saw of a fault. Times are seconds since the fault."""

    def __init__(self, found: dict[str, Any], fault: float) -> None:
        self.found = found
        self.counts = {word: sum(one[word] for one in found.values()) for word in BAD}
        self.trouble = [
            {**trouble, "at": round(trouble["at"] - fault, 1), "http": http}
            for http, one in found.items()
            for trouble in one["trouble"]
        ]
        waited = [
            one["seconds"]
            for each in found.values()
            for one in each["worst"]
            if one["at"] > fault - 1
        ]
        refused = [one["at"] for one in self.trouble if one["what"] == "refused"]
        self.slowest = max(waited, default=0.0)
        self.seconds = max([0.0, *refused])

    def whole(self) -> bool:
        return not any(self.counts.values())

    def row(self) -> dict[str, Any]:
        opened = sum(one["opened"] for one in self.found.values())
        return {"opened": opened, **self.counts, "slowest": self.slowest, "seconds": self.seconds}


Watch = Callable[..., AbstractContextManager[tuple[Callable[[], None], list[Seen]]]]


@pytest.fixture
def watch(load: Callable[..., Any], figures: dict[str, Any]) -> Watch:
    """Read streams while something goes wrong, and add what they saw to the figures."""

    @contextlib.contextmanager
    def watch(what: str, **options: Any) -> Iterator[tuple[Callable[[], None], list[Seen]]]:
        def now() -> None:
            times.append(time.monotonic())

        times: list[float] = []
        seen: list[Seen] = []
        with load(**{"streams": 20, "rate": 5, "longest": 20} | options) as running:
            time.sleep(4)
            yield now, seen
            time.sleep(3)
            found = running.end()
        seen.append(Seen(found, times[0] if times else running.begun))
        figures["faults"][what] = seen[0].row()

    return watch


@pytest.mark.parametrize(
    ("what", "whom"),
    [
        ("`kill -9` of a Gunicorn worker", f"pgrep -P $({MASTER}) | head -1"),
        ("`kill -9` of Gunicorn's master", MASTER),
        ("`kill -9` of an Nginx worker", NGINX_WORKER),
    ],
)
def test_what_is_killed_is_back_and_its_streams_end_visibly(
    host: Host, live: Callable[[], str], watch: Watch, what: str, whom: str
) -> None:
    with watch(what) as (now, seen):
        victim = host.check_output(whom.format(live=live()))
        now()
        host.check_output(f"kill -9 {victim}")
    (it,) = seen
    assert all(one["cut"] for one in it.found.values()), "it had no streams"
    assert not any(it.counts[word] for word in ("hidden", "announced", "lost", "doubled")), (
        it.trouble
    )
    assert it.seconds <= BACK, it.trouble
    assert it.slowest <= BACK


def workers(host: Host, live: str) -> list[str]:
    return str(host.check_output(f"pgrep -P $({MASTER.format(live=live)})")).split()


def by_its_unit(host: Host, live: Callable[[], str], had: int) -> None:
    """With cgroup v2: lower the memory limit of a unit, which has `had` bytes, until a process is killed."""
    unit, before = f"reference@{live()}.service", workers(host, live())
    for less in range(8, had >> 20, 8):
        most = had - (less << 20)
        host.check_output(f"systemctl set-property --runtime {unit} MemoryMax={most}")
        if workers(host, live()) != before:
            break
    host.check_output(f"systemctl set-property --runtime {unit} MemoryMax=infinity")


def on_the_machine(machine: Machine, pid: str) -> str:
    """The number that a process of the container has on the machine."""
    ask = ["podman", "inspect", "--format={{.State.Pid}}", machine.container]
    first = subprocess.check_output(ask, text=True).strip()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            numbers = (process / "status").read_text().partition("NSpid:")[2].split("\n")[0].split()
            if (
                numbers[-1] == pid
                and (process / "ns/pid").readlink() == Path(f"/proc/{first}/ns/pid").readlink()
            ):
                return process.name
    raise LookupError(f"process {pid} of {machine.name} is not on this machine")


def by_the_machine(victim: str) -> None:
    """With cgroup v1: move a worker to a group without memory. The container cannot make one."""
    group = MEMORY / "streaming-api-change"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(
            "0"
        )  # the next page that it asks for is its last
        (group / "cgroup.procs").write_text(victim)
        killed = within(30, lambda: "oom_kill 1" in (group / "memory.oom_control").read_text())
    finally:
        for pid in (group / "cgroup.procs").read_text().split():
            (MEMORY / "cgroup.procs").write_text(pid)
        assert within(10, lambda: removed(group)), "the cgroup is still in use"
    assert killed


def removed(group: Path) -> bool:
    """A process that is ending is no longer in the list, but still blocks the removal."""
    with contextlib.suppress(OSError):
        group.rmdir()
    return not group.exists()


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Wait until it is so; returns whether that came in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_out_of_memory(
    figures: dict[str, Any], host: Host, live: Callable[[], str], machine: Machine, watch: Watch
) -> None:
    """The kernel kills a worker; systemd does not end the others for it."""
    what, unit = "out of memory: the kernel kills a worker", f"reference@{live()}.service"
    had = host.run(f"systemctl show --property=MemoryCurrent --value {unit}").stdout.strip()
    if not had.isdigit() and not (MEMORY / "memory.oom_control").exists():
        why = "there is no memory controller; see `kill -9` of a worker"
        figures["faults"][what] = {"skipped": why}
        pytest.skip(why)
    before = workers(host, live())
    with watch(what) as (now, seen):
        now()
        if had.isdigit():
            by_its_unit(host, live, int(had))
        else:
            by_the_machine(on_the_machine(machine, before[0]))
    assert workers(host, live()) != before
    (it,) = seen
    assert all(one["cut"] for one in it.found.values()), "it had no streams"
    assert not any(it.counts[word] for word in ("hidden", "announced", "lost", "doubled")), (
        it.trouble
    )
    assert it.seconds <= BACK and it.slowest <= BACK, it.trouble


def test_a_clock_jump(clock: Callable[[float], float], watch: Watch) -> None:
    for hours in (1, -1):
        with watch(f"the app's clock jumps by {hours:+} h") as (now, seen):
            now()
            assert abs(clock(3600 * hours) - time.time() - 3600 * hours) < 60
            time.sleep(5)
        assert seen[0].whole(), seen[0].trouble
        assert seen[0].slowest <= BACK


@pytest.fixture
def clock(
    host: Host, live: Callable[[], str], plays: Plays, size: dict[str, int]
) -> Iterator[Callable[[float], float]]:
    """Set the clock of a release by libfaketime, as a container has the clock of its machine."""
    if size["deploys"] < LONG:
        pytest.skip("two more plays: in the long form only")
    before, file = live(), "/var/lib/reference/clock"
    variables = {
        "streaming_api_apt_packages": ["libfaketime"],
        "streaming_api_environment": {
            "LD_PRELOAD": "/usr/$LIB/faketime/libfaketime.so.1",
            "FAKETIME_TIMESTAMP_FILE": file,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
    }
    plays.deploy(**variables)

    def clock(seconds: float) -> float:
        # At once: libfaketime ends a process that finds half of it.
        host.check_output(f"echo {seconds:+} >{file}.new && mv {file}.new {file}")
        said = host.check_output("curl -sk 'https://localhost/api/text?count=1&interval=0.001'")
        return float(said.split()[2])

    yield clock
    plays.rollback(release=before)


def settled(left: Left) -> dict[str, list[str]]:
    """Wait until replaced releases have ended; return what is there."""
    for _ in range(450):
        after = left()
        if len(after["processes"]) == 1 and len(after["units"]) == 2:
            break
        time.sleep(0.2)
    return after


@pytest.fixture
def fails(left: Left, plays: Plays, watch: Watch) -> Callable[..., None]:
    """Run a deploy that fails and changes nothing, while streams are read."""

    def fails(what: str, words: list[str], **variables: Any) -> None:
        before = settled(left)
        with watch(what) as (_, seen):
            message = plays.refusal(**variables)
        assert [word for word in words if word not in message] == [], message
        assert seen[0].whole(), seen[0].trouble
        assert left() == before

    return fails


def test_a_full_disk_during_a_build(fails: Callable[..., None], host: Host) -> None:
    host.check_output(SMALL)
    try:
        fails(
            "a full disk during a build",
            ["could not be built", "No space left on device"],
            streaming_api_files={"fault.txt": "disk"},
        )
    finally:
        host.check_output(LARGE)


def test_no_package_mirror(fails: Callable[..., None]) -> None:
    nobody = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0"}
    fails(
        "no package mirror during a build",
        ["could not be built", "127.0.0.1:9"],
        streaming_api_extra_packages=["six==1.15.0"],
        streaming_api_build_environment=nobody,
    )


def tidy(after: dict[str, list[str]]) -> bool:
    """Whether a killed play has left nothing."""
    return (after["unfinished"], after["sites"], after["failed"]) == (
        [""],
        ["reference.conf"],
        [""],
    )


@pytest.fixture(scope="module")
def two_at_once(
    figures: dict[str, Any], load: Callable[..., Any], plays: Plays
) -> tuple[Done, Done, Seen]:
    """Two plays at once: both results, and what readers saw."""
    second = []

    def on_task(play: Play) -> None:
        if play.tasks[-1] == "Build the release":
            second.append(plays.begin(streaming_api_files={"fault.txt": "second"}))

    with load(streams=20, rate=5, longest=20) as running:
        play = plays.begin(on_task=on_task, streaming_api_files={"fault.txt": "first"})
        first = play.end()
        refused = second[0].end()
        seen = Seen(running.end(), running.begun)
    figures["faults"]["two plays at once"] = seen.row()
    return first, refused, seen


def test_of_two_plays_at_once_the_second_is_refused(
    two_at_once: tuple[Done, Done, Seen],
) -> None:
    first, second, seen = two_at_once
    assert first.succeeded, first.output
    assert not second.succeeded, second.output
    assert second.changed == 0, second.output
    assert seen.whole(), seen.trouble


# Where plays are killed: a task, and the seconds after it begins. The remote part of the task goes on.
KILLS = [
    ("Build the release", 0.2),
    ("Build the release", 0.8),
    ("Build the release", 1.6),
    ("Start the release beside the running one", 0.2),
    ("Start the release beside the running one", 0.6),
    ("Prove the stream on the release's own socket", 0.3),
    ("Point Nginx to the release", 0.1),
    ("Point Nginx to the release", 0.3),
    ("Prove the stream through Nginx", 0.0),
    ("Prove the stream through Nginx", 0.4),
    ("Make the release live and drain the replaced release", 0.1),
    ("Make the release live and drain the replaced release", 0.3),
]


def killed_at(task: str, seconds: float) -> Callable[[Play], None]:
    """Kill a play so many seconds after a task begins."""

    def kill(play: Play) -> None:
        if play.tasks[-1] == task:
            time.sleep(seconds)
            play.kill()

    return kill


def test_a_play_that_is_killed_is_healed_by_the_next(
    left: Left,
    live: Callable[[], str],
    plays: Plays,
    size: dict[str, int],
    watch: Watch,
) -> None:
    """In the short form each next play is killed too, at a later task; the last play heals them all."""
    each = size["deploys"] >= LONG
    points = [KILLS[int(len(KILLS) * (n + 0.5) / size["kills"])] for n in range(size["kills"])]
    bad: dict[str, Any] = {}
    for n, (task, seconds) in enumerate(points):
        variables: dict[str, Any] = {
            "streaming_api_files": {"fault.txt": f"killed {n if each else ''}"}
        }
        heals = each or n == size["kills"] - 1
        before = live()
        what = f"a play killed {seconds} s into *{task}*{', and the next' if heals else ''}"
        with watch(what) as (now, seen):
            killed = plays.begin(on_task=killed_at(task, seconds), **variables).end()
            assert not killed.succeeded
            now()
            healed = plays.run(**variables) if heals else None
        after = settled(left) if heals else {}
        if healed and not healed.succeeded:
            bad[what] = healed.output
        elif not seen[0].whole() or (heals and not (live() != before and tidy(after))):
            bad[what] = seen[0].trouble, before, live(), after
    assert not bad


def test_a_play_that_heals_another_may_fail(
    left: Left, live: Callable[[], str], plays: Plays, watch: Watch
) -> None:
    """The first is killed when Nginx has its release; the second finds that this release is bad."""
    variables: dict[str, Any] = {"streaming_api_files": {"fault.txt": "unproven"}}
    impossible = {"streaming_api_proof_thresholds": {"time_to_first_chunk": 0.000001}}

    def kill(play: Play) -> None:
        if play.tasks[-1] == "Prove the stream through Nginx":
            play.kill()

    before, there = live(), left()
    with watch("a play killed before its proof; the next finds its release bad") as (now, seen):
        killed = plays.begin(on_task=kill, **variables).end()
        assert not killed.succeeded
        now()
        message = plays.refusal(**variables, **impossible)
    assert "does not stream on its own socket" in message
    assert seen[0].whole(), seen[0].trouble
    after = settled(left)
    assert (live(), after["sockets"]) == (before, [f"{before}.sock"])
    assert (after["sites"], after["directories"]) == (there["sites"], there["directories"])


def test_a_reboot_during_a_play(
    left: Left, live: Callable[[], str], machine: Machine, plays: Plays, watch: Watch
) -> None:
    """The live release is live again, and the next play works as usual."""
    variables: dict[str, Any] = {"streaming_api_files": {"fault.txt": "reboot"}}
    rebooted = []

    def reboot(play: Play) -> None:
        if play.tasks[-1] == "Prove the stream on the release's own socket":
            rebooted.append(play)

    before = live()
    with watch("a reboot in the midst of a play") as (now, seen):
        play = plays.begin(on_task=reboot, **variables)
        while not rebooted and play.is_alive():
            time.sleep(0.1)
        now()
        machine.reboot()
        play.kill()
        assert not play.end().succeeded
    assert live() == before
    assert not any(seen[0].counts[word] for word in ("hidden", "lost", "doubled")), seen[0].trouble
    plays.deploy(**variables)
    assert live() != before
    assert tidy(settled(left))
