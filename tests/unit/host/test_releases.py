"""The releases on the host, their order, and which of them still run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from plugins.module_utils.host.access import Answer, HostError
from tests.unit.host.made_host import build, point, see, systemctl, write

SOCKETS = [("01", "cccc"), ("03", "cccc"), ("02", "cccc"), ("03", "aaaa"), ("03", "other/aaaa")]


def test_releases(root: Path) -> None:
    here = "/srv/chat/releases"
    for release, created in {
        "aaaa": "2026-01-01T00:00:00Z",
        "bbbb": "2026-01-03T00:00:00Z",
        "cccc": "2026-01-02T00:00:00Z",
        "dddd": "2026-01-04T00:00:00Z",
        "eeee": "2026-01-05T00:00:00Z",
    }.items():
        build(root, release, json.dumps({"created": created}))
    measured_by = {"probe": False, "proof_paths": ["/a"]}
    manifest = {"created": "2026-01-02T00:00:00Z", **measured_by}
    build(root, "cccc", json.dumps(manifest))
    build(root, "9999", "{")
    build(root, "8888")
    build(root, "7777", None)
    build(root, "6666")
    (root / "etc/systemd/system/chat@6666.socket").unlink()
    write(
        root,
        {
            f"{here}/7777/venv/x": "",
            f"{here}/ffff/venv/x": "",
            f"{here}/a-file": "",
            f"{here}/aaaa/withdrawn": "",
            f"{here}/8888/withdrawn": "",
        },
    )
    point(root, "cccc")
    states = {
        "chat@aaaa.service": "active",
        "chat@bbbb.service": "deactivating",
        "chat-drain@bbbb.service": "active",
        "chat-drain@aaaa.service": "active",
        "chat@cccc.service": "active",
        "chat@cccc.socket": "active",
        "chat@dddd.service": "failed",
        "chat@9999.socket": "active",
    }
    row = "0000: 00000002 00000000 00000000 0001"
    unix = [f"{row} {state} 77 /run/chat/{name}.sock" for state, name in SOCKETS]
    write(root, {"/proc/net/unix": "Num RefCount ...\n" + "\n".join([*unix, f"{row} 03 78"])})
    for pid, unit, kilobytes in ((7, "chat@cccc", 2), (8, "chat@cccc.worker", 3), (9, "chats@cccc", 4)):  # fmt: skip
        write(root, {f"/proc/{pid}/cgroup": f"0::/system.slice/system-chat.slice/{unit}.service\n"})
        write(root, {f"/proc/{pid}/smaps_rollup": f"Rss: 99 kB\nPss: {kilobytes:>12} kB\n"})
    found = see(root, systemctl(states))
    assert found["live"] == "cccc"
    told = {one["id"]: {name: one.pop(name) for name in measured_by} for one in found["releases"]}
    assert told.pop("cccc") == measured_by
    assert all(one == {"probe": None, "proof_paths": None} for one in told.values())
    assert [tuple(release.values()) for release in found["releases"]] == [
        ("eeee", "kept", "2026-01-05T00:00:00Z", True, False, 0, None, None),
        ("dddd", "kept", "2026-01-04T00:00:00Z", True, False, 0, None, None),
        ("bbbb", "ending", "2026-01-03T00:00:00Z", True, False, 0, None, 7),
        ("cccc", "live", "2026-01-02T00:00:00Z", True, True, 2, 5 * 1024, None),
        ("aaaa", "draining", "2026-01-01T00:00:00Z", True, False, 1, None, 7),
        ("9999", "running", None, True, False, 0, None, None),
        ("ffff", "partial", None, False, False, 0, None, None),
        ("8888", "partial", None, False, False, 0, None, None),
        ("7777", "partial", None, False, False, 0, None, None),
        ("6666", "partial", None, False, False, 0, None, None),
    ]
    fields = [
        *("id", "state", "created", "built", "runs"),
        *("connections", "memory_bytes", "seconds_left"),
    ]
    assert list(found["releases"][0]) == fields


@pytest.mark.parametrize(
    ("states", "state", "runs"),
    [
        ({"chat@aaaa.worker.service": "deactivating"}, "draining", False),
        ({"chat@aaaa.worker.service": "active"}, "running", False),
        (
            {
                "chat@aaaa.worker.service": "active",
                "chat@aaaa.service": "active",
                "chat@aaaa.socket": "active",
            },
            "running",
            True,
        ),
        ({"chat@aaaa.service": "active", "chat@aaaa.worker.service": "active"}, "running", False),
        ({"chat@single.ticker.service": "active"}, "kept", False),
    ],
)
def test_a_release_is_there_as_long_as_its_processes(
    root: Path, states: dict[str, str], state: str, runs: bool
) -> None:
    """What is still used must not be removed."""
    build(root, "aaaa")
    units = ("chat@aaaa.worker.service", "chat@single.ticker.service")
    write(root, {f"/etc/systemd/system/{unit}": "" for unit in units})
    [found] = see(root, systemctl(states))["releases"]
    assert (found["state"], found["runs"]) == (state, runs)


def test_those_that_were_live_come_first(root: Path) -> None:
    for age, release in enumerate(["good", "bad1", "bad2", "next", "new"]):
        build(root, release, json.dumps({"created": f"2026-01-0{age + 1}"}))
    history = ["next", "good", "bad2", "bad1", "gone"]
    write(root, {"/etc/streaming_api/chat.json": json.dumps({"history": history})})
    found = see(root, systemctl({}))["releases"]
    assert [release["id"] for release in found] == [*history[:-1], "new"]


def test_releases_of_one_second_are_sorted_by_their_files(root: Path) -> None:
    for age, release in enumerate(["bbbb", "cccc", "aaaa"]):
        build(root, release, '{"created": "2026-01-01T00:00:00Z"}')
        manifest = root / f"srv/chat/releases/{release}/release.json"
        os.utime(manifest, (100 - age, 100 - age))
    found = see(root, systemctl({}))["releases"]
    assert [release["id"] for release in found] == ["bbbb", "cccc", "aaaa"]


def test_what_runs_must_be_known(root: Path) -> None:
    """A release that drains and is taken for an old one would be removed."""
    (root / "srv/chat/releases/aaaa").mkdir(parents=True)
    with pytest.raises(HostError, match=r"^systemctl cannot tell .* \(Failed to connect to bus\)"):
        see(root, lambda _: Answer(1, "Failed to connect\nto bus\n"))
