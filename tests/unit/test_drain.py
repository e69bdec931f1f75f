"""When a replaced release is ended, and what stays of it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from roles.streaming_api.files import drain
from roles.streaming_api.files.drain import (
    Drain,
    Host,
    began,
    end,
    wait,
)


def unix(*rows: str) -> str:
    """/proc/net/unix with these rows, each as `state path`."""
    head = "Num       RefCount Protocol Flags    Type St Inode Path\n"
    lines = (
        f"0000: 00000003 00000000 00000000 0001 {row.replace(' ', ' 12345 ')}\n" for row in rows
    )
    return head + "".join(lines)


@pytest.mark.parametrize(
    ("age", "connections", "busy", "over"),
    [
        (0, 0, 0, False),
        (4.9, 0, 0, False),
        (5, 0, 0, True),
        (5, 1, 0, False),
        (599, 1, 0, False),
        (600, 1, 0, True),
        (6, 0, 1, False),
        (599, 0, 1, False),
        (600, 0, 1, True),
    ],
)
def test_when_it_is_over(age: float, connections: int, busy: int, over: bool) -> None:
    assert Drain(1000, 600).is_over(1000 + age, connections, busy) is over


def test_what_is_left_of_the_time() -> None:
    waits = Drain(1000, 600)
    assert [waits.seconds_left(now) for now in (1000, 1599.5, 1600, 2000)] == [600, 0.5, 0, 0]


@pytest.mark.parametrize(("release", "kept"), [("good", True), ("bad2", False), ("bad1", False)])
def test_those_that_were_live_stay_before_the_newer_ones(
    root: Path, release: str, kept: bool
) -> None:
    """Two that were gone back from are no reason to remove the one that was gone back to."""
    for age, name in enumerate(["good", "bad1", "bad2", "next"]):
        manifest = root / f"srv/chat/releases/{name}/release.json"
        manifest.parent.mkdir()
        manifest.write_text(json.dumps({"created": f"2026-02-0{age + 1}"}))
    record = {"history": ["next", "good", "bad2", "bad1"]}
    (root / "etc/streaming_api/chat.json").write_text(json.dumps(record))
    (root / LINKS[0]).unlink()
    (root / LINKS[0]).symlink_to("/run/chat/next.sock")
    assert Host("chat", "/srv", root).stays(release, 2) is kept


@pytest.mark.parametrize("record", ["{", "[]", "{}", ""])
def test_without_a_history_the_newest_stay(root: Path, record: str) -> None:
    (root / "etc/streaming_api/chat.json").write_text(record)
    host = Host("chat", "/srv", root)
    assert [host.stays(release, 2) for release in ("bbbb", "cccc", "gone")] == [True, False, False]


# --- on a host ---

# To the release that was last seen to stream, and to the one that has the traffic.
LINKS = ["etc/streaming_api/chat.sock", "var/lib/streaming_api/traffic/chat.sock"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A host with three releases, the live one the newest; nothing is asked of systemd."""
    for age, release in enumerate(["cccc", "bbbb", "aaaa"]):
        directory = tmp_path / "srv/chat/releases" / release
        (directory / "src").mkdir(parents=True)
        created = {"created": f"2026-01-0{age + 1}T00:00:00Z"}
        (directory / "release.json").write_text(json.dumps(created))
    for name in LINKS:
        link = tmp_path / name
        link.parent.mkdir(parents=True)
        link.symlink_to("/run/chat/aaaa.sock")
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/unix").write_text(unix())
    units = tmp_path / "etc/systemd/system"
    units.mkdir(parents=True)
    for kind in ("socket", "service"):
        (units / f"chat@cccc.{kind}").touch()
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What systemctl is asked for."""
    said: list[str] = []

    def systemctl(*words: str) -> str:
        said.append(" ".join(words))
        return ""

    monkeypatch.setattr(drain, "_systemctl", systemctl)
    handler = signal.getsignal(signal.SIGTERM)
    yield said
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.parametrize(("keep", "stays"), [(3, True), (2, False)])
def test_the_end(root: Path, asked: list[str], keep: int, stays: bool) -> None:
    assert end(Host("chat", "/srv", root), "cccc", keep) is stays
    assert asked[0] == "stop chat@cccc.socket chat@cccc.service"  # one would bring the other back
    assert (root / "srv/chat/releases/cccc").exists() is stays
    assert any((root / "etc/systemd/system").iterdir()) is stays
    assert ("daemon-reload" in asked) is not stays


@pytest.fixture
def worker(root: Path) -> str:
    (root / "etc/systemd/system/chat@cccc.worker.service").touch()
    (root / "etc/systemd/system/chat@single.ticker.service").touch()
    (root / "etc/systemd/system/chat@aaaa.worker.service").touch()
    return "chat@cccc.worker.service"


def test_its_processes_are_told_to_end(root: Path, asked: list[str], worker: str) -> None:
    Host("chat", "/srv", root).dismiss("cccc")
    assert asked == [f"disable --quiet {worker}", f"stop --no-block {worker}"]


@pytest.mark.parametrize(("state", "busy"), [("deactivating", 1), ("inactive", 0), ("failed", 0)])
def test_a_process_that_has_not_ended(
    root: Path, monkeypatch: pytest.MonkeyPatch, worker: str, state: str, busy: int
) -> None:
    said = {("is-active", worker): f"{state}\n"}
    monkeypatch.setattr(drain, "_systemctl", lambda *words: said[words])
    assert Host("chat", "/srv", root).busy("cccc") == busy


def test_its_processes_go_with_it(root: Path, asked: list[str], worker: str) -> None:
    assert not end(Host("chat", "/srv", root), "cccc", 1)
    assert asked[0] == f"stop chat@cccc.socket chat@cccc.service {worker}"
    left = sorted(path.name for path in (root / "etc/systemd/system").iterdir())
    assert left == ["chat@aaaa.worker.service", "chat@single.ticker.service"]


def test_one_without_processes_asks_nothing_of_them(root: Path, asked: list[str]) -> None:
    host = Host("chat", "/srv", root)
    host.dismiss("cccc")
    assert (host.busy("cccc"), asked) == (0, [])


def test_one_that_was_withdrawn_goes(root: Path, asked: list[str]) -> None:
    (root / "srv/chat/releases/cccc/withdrawn").touch()
    assert not end(Host("chat", "/srv", root), "cccc", 3)
    assert asked[-1] == "daemon-reload"


def test_the_wait(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten looks of a stream, then it ends; the clock goes a second with each sleep."""
    now = 0.0
    (root / "proc/net/unix").write_text(unix("03 /run/chat/cccc.sock"))

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if now == 10:
            (root / "proc/net/unix").write_text(unix())

    monkeypatch.setattr(drain.time, "sleep", sleep)
    assert wait(Host("chat", "/srv", root), "cccc", Drain(0, 600), lambda: now) == 0
    assert now == 10


@pytest.mark.parametrize("link", LINKS)
def test_one_that_has_traffic_is_left_alone(root: Path, asked: list[str], link: str) -> None:
    """By the link that is proven, or by one that a killed play has left."""
    (root / link).unlink()
    (root / link).symlink_to("/run/chat/cccc.sock")
    assert wait(Host("chat", "/srv", root), "cccc", Drain(0, 1), lambda: 9.0) is None
    assert not any(words.startswith("stop") for words in asked)


def test_one_that_does_not_stop_is_not_removed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"is-active": "inactive\ndeactivating\n"}
    monkeypatch.setattr(drain, "_systemctl", lambda *words: said.get(words[0], ""))
    with pytest.raises(RuntimeError, match="chat@cccc does not stop: it is inactive and deact"):
        Host("chat", "/srv", root).stop("cccc")


def test_a_restart_does_not_begin_anew(tmp_path: Path) -> None:
    first = began(str(tmp_path))
    assert began(str(tmp_path)) == first


def test_others_may_read_when_it_ends(root: Path) -> None:
    """Whatever the UMask= of the unit; and a restart with another timeout corrects the time."""
    (root / "run/chat-drain-cccc").mkdir(parents=True)
    file = root / "run/chat-drain-cccc/until"
    umask = os.umask(0o077)
    try:
        for timeout in (600.5, 9):
            Host("chat", "/srv", root).announce("cccc", Drain(1000, timeout).until)
            assert (float(file.read_text()), file.stat().st_mode & 0o777) == (1000 + timeout, 0o644)
    finally:
        os.umask(umask)


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with drain.socket.socket(drain.socket.AF_UNIX, drain.socket.SOCK_DGRAM) as ears:
        ears.bind(address)
        monkeypatch.setitem(os.environ, "NOTIFY_SOCKET", address)
        drain.tell("READY=1")
        assert ears.recv(100) == b"READY=1"
