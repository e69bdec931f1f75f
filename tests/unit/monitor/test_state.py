"""Which releases run on a host, by trees that look like hosts with cgroup v1 and v2."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from plugins.module_utils.monitor.groups import groups, instances, memory_bytes
from plugins.module_utils.monitor.state import MOST_RELEASES, app_state
from plugins.module_utils.monitor.values import AppState, ReleaseState
from tests.unit.host.made_host import write

A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "0123456789ab"
PAGE = os.sysconf("SC_PAGE_SIZE")
MONITOR = "system.slice/streaming_api-monitor.service"
# The tables of our own groups, and where the host has the groups of its processes and the memory.
V2 = (f"0::/{MONITOR}\n", "sys/fs/cgroup/system.slice", "sys/fs/cgroup/system.slice")
V2_INSIDE = (f"0::/pod/ctr-1/{MONITOR}\n", *["sys/fs/cgroup/pod/ctr-1/system.slice"] * 2)
V1 = (
    f"9:name=systemd:/{MONITOR}\n4:memory:/{MONITOR}\n2:cpu,cpuacct:/\n0::/{MONITOR}\n",
    "sys/fs/cgroup/systemd/system.slice",
    "sys/fs/cgroup/memory/system.slice",
)
V1_INSIDE = (  # the memory controller has no groups of units
    f"9:name=systemd:/pod/ctr-1/{MONITOR}\n4:memory:/pod/ctr-1\n",
    "sys/fs/cgroup/systemd/pod/ctr-1/system.slice",
    "sys/fs/cgroup/memory/pod/ctr-1/system.slice",
)
LAYOUTS = {"v2": V2, "v2 inside": V2_INSIDE, "v1": V1, "v1 inside": V1_INSIDE}
Run = Callable[..., None]


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def root(tmp_path: Path, layout: str) -> Path:
    """A host with the app `chat` and no release."""
    write(tmp_path, {"/proc/self/cgroup": LAYOUTS[layout][0], "/proc/net/unix": "Num ...\n"})
    if layout.startswith("v2"):
        write(tmp_path, {"/sys/fs/cgroup/cgroup.controllers": "memory\n"})
    (tmp_path / "srv/chat").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def run(root: Path, layout: str) -> Run:
    """Runs a unit: its name as in the groups, its processes, its memory in bytes."""
    _, processes, memory = LAYOUTS[layout]

    def make(unit: str, pids: str = "7\n", used: int | None = None) -> None:
        write(root, {f"/{processes}/{unit}/cgroup.procs": pids})
        if used is not None:
            name = "memory.current" if layout.startswith("v2") else "memory.usage_in_bytes"
            write(root, {f"/{memory}/{unit}/{name}": f"{used}\n"})

    return make


def link(root: Path, target: str) -> None:
    place = root / "srv/chat/current"
    place.symlink_to(target)
    os.utime(place, (500, 500), follow_symlinks=False)


def look(root: Path) -> AppState:
    return app_state("chat", "/srv", 1000.0, 100.0, root)


def service(release: str) -> str:
    return f"system-chat.slice/chat@{release}.service"


def drain(release: str) -> str:
    return rf"system-chat\x2ddrain.slice/chat-drain@{release}.service"


def test_the_states(root: Path, run: Run) -> None:
    link(root, f"releases/{A}")
    for release, memory in ((A, 4096), (B, 8192), (C, 12288)):
        run(service(release), used=memory)
    run(drain(B))
    row = "0000: 00000003 00000000 00000000 0001"
    sockets = [("01", A), ("03", A), ("03", A), ("02", B), ("03", "ffffffffffff")]
    rows = [f"{row} {state} 77 /run/chat/{release}.sock" for state, release in sockets]
    write(root, {"/proc/net/unix": "\n".join(rows), f"/run/chat-drain-{B}/until": "130.5"})
    assert look(root) == AppState(
        "chat",
        1000.0,
        (
            ReleaseState(A, "live", 2, 4096),
            ReleaseState(B, "draining", 1, 8192, 30.5),
            ReleaseState(C, "starting", 0, 12288),
        ),
        deployed_at=500.0,
        certificate_ends=None,
    )


def test_nothing_runs(root: Path) -> None:
    assert look(root) == AppState("chat", 1000.0)


def test_nothing_can_be_read(tmp_path: Path) -> None:
    assert look(tmp_path / "gone") == AppState("chat", 1000.0)


def test_the_live_release_is_shown_without_processes(root: Path) -> None:
    link(root, f"releases/{A}")
    assert [one[:4] for one in look(root).releases] == [(A, "live", 0, None)]


def test_a_service_that_rests_while_it_drains(root: Path, run: Run) -> None:
    run(drain(A))
    run(service(A), pids="")
    assert [one[:4] for one in look(root).releases] == [(A, "draining", 0, None)]


def test_a_live_release_whose_drain_has_yet_to_see_it(root: Path, run: Run) -> None:
    link(root, f"releases/{A}")
    run(service(A))
    run(drain(A))
    write(root, {f"/run/chat-drain-{A}/until": "130"})
    assert [one[:2] + one[4:5] for one in look(root).releases] == [(A, "live", None)]


@pytest.mark.parametrize(
    "target",
    ["", f"releases/{A}/", f"/srv/chat/releases/{A}", "releases/../../x", "releases/AAAAAAAAAAAA", A,
     f"releases/{A}a", f"releases/{A}\n"],
)  # fmt: skip
def test_a_link_to_something_else(root: Path, target: str) -> None:
    if target:
        link(root, target)
    else:
        (root / "srv/chat/current").write_text(f"releases/{A}")
    assert look(root) == AppState("chat", 1000.0)


@pytest.mark.parametrize(
    "unit",
    ["system-chat.slice/chat@aaaa.service", "system-chat.slice/chat@AAAAAAAAAAAA.service",
     f"system-chat.slice/other@{A}.service", f"system-chat.slice/chat@{A}.service.x",
     f"system-chats.slice/chats@{A}.service", f"chat@{A}.service",
     f"system-chat.slice/chat@{A}.service/chat@{B}.service"],
)  # fmt: skip
def test_other_units(root: Path, run: Run, unit: str) -> None:
    run(unit)
    assert not look(root).releases


def test_a_row_of_a_forged_name_makes_no_release(root: Path) -> None:
    row = "0000: 00000003 00000000 00000000 0001 03 7"
    write(root, {"/proc/net/unix": f"{row} @\n{row} /run/chat/{A}.sock\n"})
    assert not look(root).releases


def test_many_releases_are_cut_the_live_one_last(root: Path, run: Run) -> None:
    link(root, "releases/ffffffffffff")
    for number in range(MOST_RELEASES + 5):
        run(service(f"{number:012x}"))
    run(drain(f"{24:012x}"))
    shown = look(root).releases
    assert len(shown) == MOST_RELEASES
    assert [one.state for one in shown[:3]] == ["live", "draining", "starting"]


@pytest.mark.parametrize(
    ("until", "left"),
    [("130", 30), ("100", 0), ("1e1", 0), ("", None), ("x", None), ("nan", None), ("inf", None),
     ("-inf", None)],
)  # fmt: skip
def test_the_rest_of_a_drain(root: Path, run: Run, until: str, left: float | None) -> None:
    run(drain(A))
    write(root, {f"/run/chat-drain-{A}/until": until})
    (shown,) = look(root).releases
    assert shown.seconds_left == left


@pytest.mark.parametrize(
    ("name", "slice_name"),
    [
        ("chat", "system-chat.slice"),
        ("my-app", r"system-my\x2dapp.slice"),
        ("my_app.v2:x", "system-my_app.v2:x.slice"),
        ("my-app-drain", r"system-my\x2dapp\x2ddrain.slice"),
    ],
)
def test_the_slice_of_a_template(root: Path, run: Run, name: str, slice_name: str) -> None:
    run(f"{slice_name}/{name}@{A}.service", used=5)
    here = groups(root)
    assert [*instances(here, name)] == [A]
    assert memory_bytes(here, name, A) == 5


@pytest.mark.parametrize(
    ("own", "services"),
    [
        (f"/{MONITOR}", "system.slice"),
        ("/system.slice/system-watch.slice/watch@1.service", "system.slice"),
        ("/watch.slice/watch-all.slice/x.service", "system.slice"),
        ("/user.slice/user-1000.slice/session-1.scope", "system.slice"),
        ("/init.scope", "system.slice"),
        ("/", "system.slice"),
        ("/pod/ctr-1", "pod/ctr-1/system.slice"),
        ("/pod/ctr-1/user.slice/session-1.scope", "pod/ctr-1/system.slice"),
        (
            f"/system.slice/ctr-1.scope/{MONITOR}",
            "system.slice/ctr-1.scope/system.slice",
        ),
    ],
)
def test_where_the_services_are(tmp_path: Path, own: str, services: str) -> None:
    write(tmp_path, {"/proc/self/cgroup": f"0::{own}\n", "/sys/fs/cgroup/cgroup.controllers": ""})
    assert groups(tmp_path).processes == tmp_path / "sys/fs/cgroup" / services


@pytest.mark.parametrize(
    ("statm", "memory"),
    [
        ({7: "900 30 10 1 0 50 0", 8: "900 25 20 1 0 50 0"}, 25 * PAGE),
        ({7: "900 30 10 1 0 50 0"}, 20 * PAGE),
        ({}, None),
        ({7: ""}, None),
    ],
)
def test_memory_without_a_controller(
    root: Path, run: Run, statm: dict[int, str], memory: int | None
) -> None:
    run(service(A), pids="7\n8\n")
    write(root, {f"/proc/{pid}/statm": text for pid, text in statm.items()})
    assert [one.memory_bytes for one in look(root).releases] == [memory]
