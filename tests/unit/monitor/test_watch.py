"""The service: what goes wrong in one round ends that round only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.latency.errors import LatencyError
from plugins.module_utils.monitor import watch
from plugins.module_utils.monitor.exposition import Exposition
from plugins.module_utils.monitor.history import History
from plugins.module_utils.monitor.values import AppState, ReleaseState, Sample
from plugins.module_utils.monitor.wanted import Wanted, Way

CHAT = Wanted("chat", "/srv", 0.02, (Way("/", ({"name": "gunicorn", "url": "http://a/"},)),))
FINE = Sample("chat", "/", 1000.0, "streaming")
BAD = FINE._replace(verdict="buffered", culprit="nginx", cause="nginx-gzip")

Watched = Callable[..., watch.Results]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Runs a watcher until a number of rounds has been tried."""

    def run(rounds: list[object], lives: list[str] | None = None) -> watch.Results:
        left, seen = list(rounds), list(lives or [])
        stopping = threading.Event()

        def measure(_: Wanted, socket: str) -> list[Sample]:
            asked.append(socket)
            found = left.pop(0)
            if not left:
                stopping.set()
            if isinstance(found, Exception):
                raise found
            return [found]  # type: ignore[list-item]

        asked: list[str] = []
        state = AppState("chat", 1000.0, (ReleaseState("aaaaaaaaaaaa", "live"),))
        monkeypatch.setattr(watch, "measure", measure)
        monkeypatch.setattr(
            watch, "live", lambda _: seen.pop(0) if len(seen) > 1 else (seen or ["aaaaaaaaaaaa"])[0]
        )
        monkeypatch.setattr(watch, "app_state", lambda *_: state)
        results = watch.Results(watch.Board({}, {}), Exposition(), History(str(tmp_path / "h")))
        watcher = watch.Watcher(CHAT, results, stopping, 0.0)
        watcher.start()
        watcher.join(20)
        assert not watcher.is_alive()
        results.board.samples["asked"] = asked  # type: ignore[assignment]
        return results

    return run  # fmt: skip


def shown(results: watch.Results) -> str:
    return results.exposition.answer(None)[0].decode()


def test_rounds_are_shown_and_kept(watched: Watched) -> None:
    results = watched([FINE, BAD])
    assert results.board.samples["chat"] == [BAD]
    assert 'cause="nginx-gzip"' in shown(results)
    assert [row.verdict for row in results.history.rounds("chat", 0)] == ["streaming", "buffered"]


@pytest.mark.parametrize(
    "error", [LatencyError("no pycurl"), OSError("no file"), ValueError("a bug")]
)
def test_a_round_that_fails_ends_alone(
    watched: Watched, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    results = watched([error, FINE])
    assert results.board.samples["chat"] == [FINE]
    assert 'streaming_monitor_errors_total{what="round"} 1.0' in shown(results)
    assert str(error) in capsys.readouterr().out


def test_a_release_that_is_replaced_in_a_round_is_not_accused(watched: Watched) -> None:
    results = watched([BAD, FINE], ["aaaaaaaaaaaa", "bbbbbbbbbbbb"])
    assert results.board.samples["chat"] == [FINE]
    assert [*map(str, results.board.samples["asked"])] == [
        "/run/chat/aaaaaaaaaaaa.sock",
        "/run/chat/bbbbbbbbbbbb.sock",
    ]


def test_a_history_that_cannot_be_written_does_not_matter(watched: Watched, tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    results = watched([FINE])
    assert results.board.samples["chat"] == [FINE]
    assert 'streaming_monitor_errors_total{what="history"} 1.0' in shown(results)


def test_the_verdicts_for_json() -> None:
    board = watch.Board({"chat": [FINE, BAD]}, {})
    found: Any = board.verdicts()
    assert found["now"] == pytest.approx(time.time(), abs=5)
    (app,) = found["apps"]
    assert [(path["verdict"], path["culprit"], path["cause"]) for path in app["paths"]] == [
        ("streaming", "", ""),
        ("buffered", "nginx", "nginx-gzip"),
    ]
