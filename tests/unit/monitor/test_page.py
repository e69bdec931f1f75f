"""The status page: what it says, and that nothing an app says becomes HTML."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from plugins.module_utils.monitor.history import History, RoundRow
from plugins.module_utils.monitor.page import page
from plugins.module_utils.monitor.values import (
    AppState,
    LayerSample,
    Mark,
    PassSample,
    ReleaseState,
    Sample,
    Streams,
)

NOW = 1_800_000_000.0
FINE = Sample(
    "chat", "/", NOW - 5, "streaming", message="It streams at gunicorn and nginx.", took=1.0
)
GZIP = "nginx buffers the stream: gzip collects what it compresses."
BAD = FINE._replace(verdict="buffered", culprit="nginx", cause="nginx-gzip", message=GZIP)
LIVE = ReleaseState("aaaaaaaaaaaa", "live", 3, 80 << 20, None, Streams(in_flight=2))
DRAINING = ReleaseState("bbbbbbbbbbbb", "draining", 1, None, 130.0)
STATE = AppState("chat", NOW, (LIVE, DRAINING), certificate_ends=NOW + 40 * 86400)
DEPLOY = Mark("chat", NOW - 60, "deploy", "Release x is live.")


def kept(tmp_path: Path, hours: float = 6, gap: tuple[float, float] = (0, 0)) -> list[RoundRow]:
    """Hours of rounds that stream, but for twenty minutes, and with a gap."""
    history = History(str(tmp_path / f"history-{gap[1]}"))
    for n in range(int(hours * 180)):
        at = NOW - hours * 3600 + n * 20
        bad = NOW - 7200 <= at < NOW - 6000
        verdict = "buffered" if bad else "streaming"
        fine = {"identity": PassSample("streaming", delay_p99=0.002)}
        held = {"identity": PassSample(verdict, delay_p99=0.5 if bad else 0.003)}
        layers = (LayerSample("gunicorn", "streaming", fine), LayerSample("nginx", verdict, held))
        if not gap[0] < NOW - at < gap[1]:
            history.add((BAD if bad else FINE)._replace(at=at, layers=layers))
    return history.rounds("chat", 0)


def test_it_streams(tmp_path: Path) -> None:
    shown = page("chat", NOW, kept(tmp_path, 1), [], [FINE], STATE, 20)
    assert "It streams." in shown and "silent" not in shown
    assert "aaaaaaaaaaaa" in shown and "draining, 2 min left" in shown and "80 MiB" in shown
    assert "The certificate ends in 40 days." in shown


def test_a_problem_has_its_time_and_its_cause(tmp_path: Path) -> None:
    shown = page("chat", NOW, kept(tmp_path), [DEPLOY], [BAD], STATE, 20)
    assert "/: buffered." in shown and GZIP in shown
    assert "<td>20 min</td><td>nginx, /</td>" in shown
    assert "Release x is live." in shown
    assert shown.count('class="bad"') == 1  # nginx; gunicorn streams


def test_a_silent_monitor_is_told() -> None:
    assert "silent for 10 min" in page("chat", NOW, [], [], [FINE._replace(at=NOW - 600)], None, 20)


def test_a_gap_is_no_line(tmp_path: Path) -> None:
    rounds = [kept(tmp_path), kept(tmp_path, gap=(3000, 3900))]
    shown = [page("chat", NOW, one, [], [FINE], None, 20) for one in rounds]
    lines = [re.findall(r'class="delay" d="([^"]*)"', text)[0].count("M") for text in shown]
    assert lines == [1, 2]


def test_nothing_has_been_measured() -> None:
    shown = page("chat", NOW, [], [], [], None, 20)
    assert "Nothing has been measured yet." in shown and "No round is in the history" in shown


@pytest.mark.parametrize("evil", ["<script>alert(1)</script>", '"><img src=x>', "</style><b>"])
def test_what_an_app_says_stays_text(evil: str) -> None:
    state = STATE._replace(releases=(ReleaseState(evil, evil),))
    rows = [RoundRow(NOW - 10, evil, "buffered", evil, evil, evil, ())]
    latest = [BAD._replace(path=evil, message=evil)]
    assert evil not in page(evil, NOW, rows, [Mark(evil, NOW - 1, evil, evil)], latest, state, 20)


def test_it_is_small_and_loads_nothing(tmp_path: Path) -> None:
    rounds = kept(tmp_path)
    began = time.process_time()
    shown = page("chat", NOW, rounds, [DEPLOY], [FINE], STATE, 20)
    print(f"\n{len(shown) / 1024:.0f} KiB, {time.process_time() - began:.3f} s")
    assert len(shown) < 100 * 1024
    assert "http" not in shown.replace("http-equiv", "")
