"""The history: bounded in time-lapse, and as good as new after what can happen to its file."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from plugins.module_utils.monitor.history import History, HistoryError, LayerRow
from plugins.module_utils.monitor.values import LayerSample, Mark, PassSample, Sample

DAY = 86400.0
NOON = 1_800_000_000.0


def sample(at: float = NOON, app: str = "chat", **changes: object) -> Sample:
    passes = {
        "identity": PassSample("streaming", 0.003, 0.004, 0.0005, 0.002, 0.021, 0.0),
        "browser": PassSample("streaming", 0.003, 0.005, 0.0005, 0.004, 0.022, 0.0),
    }
    layers = tuple(
        LayerSample(name, "streaming", passes) for name in ("gunicorn", "nginx", "public")
    )
    made = Sample(app, "/api/", at, "streaming", layers=layers, message="It streams.", took=1.3)
    return made._replace(**changes)  # type: ignore[arg-type]


def descriptors_open() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def fill(file: Path) -> None:
    """Until the disk is full."""
    with suppress(OSError), file.open("wb", buffering=0) as ballast:
        while ballast.write(b"x" * 4096):
            pass


def add_many(history: History) -> None:
    for n in range(200):
        history.add(sample(NOON + n))


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(str(tmp_path / "history.sqlite"))


def test_what_is_kept_of_a_round(history: History) -> None:
    history.add(sample())
    bad = {
        "verdict": "buffered",
        "culprit": "nginx",
        "cause": "nginx-gzip",
        "message": "nginx buffers",
    }
    history.add(sample(NOON + 15, **bad))
    fine, worse = history.rounds("chat", NOON - 1)
    assert fine.layers[0] == LayerRow("gunicorn", "streaming", 0.005, 0.0005, 0.004, 0.022)
    assert [layer.layer for layer in fine.layers] == ["gunicorn", "nginx", "public"]
    assert (fine.verdict, fine.message) == ("streaming", "")
    assert (worse.at, worse.culprit, worse.cause, worse.message) == (
        NOON + 15,
        "nginx",
        "nginx-gzip",
        "nginx buffers",
    )
    assert [row.at for row in history.rounds("chat", NOON)] == [NOON + 15]
    assert history.rounds("other", 0) == []


def test_a_layer_without_passes(history: History) -> None:
    history.add(sample(layers=(LayerSample("nginx", "unknown", {}),)))
    (row,) = history.rounds("chat", 0)
    assert row.layers == (LayerRow("nginx", "unknown", None, None, None, None),)


def test_marks(history: History) -> None:
    marks = [Mark("chat", NOON + n, "deploy", f"Release {n} is live.") for n in range(3)]
    for mark in marks:
        history.mark(mark)
    history.mark(Mark("other", NOON, "deploy", "another app's"))
    assert history.marks("chat", NOON) == marks[1:]


@pytest.mark.parametrize(("days", "interval"), [(1, 15), (30, 60)])
def test_its_size_is_bounded_in_time_lapse(tmp_path: Path, days: int, interval: int) -> None:
    """Two apps with three layers each. Rounds that do not stream have a long message."""
    limit = 2 << 20
    history = History(str(tmp_path / "history.sqlite"), days=3, size_limit=limit)
    history.add(sample())
    descriptors = descriptors_open()
    sizes = []
    base = history._base
    assert base is not None
    base.execute("PRAGMA synchronous = OFF")  # for the test's sake; the disk is not tested
    for n in range(1, int(days * DAY / interval)):
        bad = (
            {"verdict": "buffered", "culprit": "nginx", "message": "m" * 500} if n % 20 == 0 else {}
        )
        history.add(sample(NOON + n * interval, "chat" if n % 2 else "other", **bad))
        if n % 500 == 0:
            sizes.append(history.size())
    last = NOON + (int(days * DAY / interval) - 1) * interval
    print(f"\n{days} days: {max(sizes) / 1024:.0f} KiB at most, limit {limit // 1024} KiB")
    assert max(sizes) <= limit
    assert descriptors_open() <= descriptors
    # The hours that the page shows are there.
    assert len(history.rounds("chat", last - 6 * 3600)) == pytest.approx(3 * 3600 / interval, abs=2)


def test_a_full_disk_is_an_error_that_passes(tmp_path: Path) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)], capture_output=True, check=False
    )  # fmt: skip
    if mounted.returncode:
        pytest.skip("only root can make a small disk")
    try:
        history = History(str(place / "history.sqlite"))
        history.add(sample())
        ballast = place / "ballast"
        fill(ballast)
        with pytest.raises(HistoryError, match=r"full|space|disk"):
            add_many(history)
        ballast.unlink()
        history.add(sample(NOON + 900))
        assert history.rounds("chat", NOON + 899)
        history.close()
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("junk", [b"no database at all" * 100, b""])
def test_a_broken_file_is_moved_aside(tmp_path: Path, junk: bytes) -> None:
    file = tmp_path / "history.sqlite"
    file.write_bytes(junk)
    history = History(str(file))
    history.add(sample())
    assert len(history.rounds("chat", 0)) == 1
    assert (tmp_path / "history.sqlite.broken").exists() == bool(junk)


def test_a_file_that_breaks_in_use_is_moved_aside(tmp_path: Path, history: History) -> None:
    for n in range(50):
        history.add(sample(NOON + n))
    history.close()
    file = tmp_path / "history.sqlite"
    data = bytearray(file.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    file.write_bytes(data)
    errors = 0
    for n in range(5):
        try:
            history.add(sample(NOON + 100 + n))
        except HistoryError:
            errors += 1
    assert errors <= 1
    assert len(history.rounds("chat", 0)) >= 4
    assert [one.name for one in tmp_path.glob("*.broken")] == ["history.sqlite.broken"]


def test_a_directory_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(HistoryError):
        History(str(tmp_path / "none/history.sqlite")).add(sample())


@pytest.mark.parametrize("jump", [-400 * DAY, 400 * DAY])
def test_a_clock_that_jumps(tmp_path: Path, jump: float) -> None:
    """The rounds after the jump are there, and the file stays bounded."""
    history = History(str(tmp_path / "history.sqlite"), size_limit=1 << 20)
    for n in range(300):
        history.add(sample(NOON + n * 15))
    for n in range(300):
        history.add(sample(NOON + jump + n * 15))
    assert len(history.rounds("chat", NOON + jump - 1)) >= 300
    assert history.size() < 1 << 20


def test_many_threads(history: History) -> None:
    written: list[str] = []

    def write(app: str) -> None:
        for n in range(50):
            history.add(sample(NOON + n, app))
            history.rounds(app, NOON)
        written.append(app)

    threads = [threading.Thread(target=write, args=(f"app{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(written) == 4
    assert [len(history.rounds(f"app{n}", 0)) for n in range(4)] == [50] * 4
