# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The status page of an app: what the monitor found out in the last hours, for people.

One HTML document without a script, and without anything from elsewhere. Times are those of the
host's time zone.
"""

from __future__ import annotations

import math
import time
from html import escape
from typing import TYPE_CHECKING, Callable, Iterator, Sequence

from ..latency.judge.words import STREAMING, rank
from ..latency.tell.css import STYLE

if TYPE_CHECKING:
    from .history import LayerRow, RoundRow
    from .values import AppState, Mark, ReleaseState, Sample

HOURS = 6.0
LEAST_SHOWN = 1800.0  # seconds
LATE = 3  # intervals without a round, after which the page says so
WIDTH, HEIGHT = 1000, 120  # units of a drawing
BAND = 16  # units at its bottom for the verdicts
LEAST, MOST = 0.0005, 5.0  # seconds, of the axis of delays
LIMIT = 0.25  # seconds, the limit of the delay p99
RECENT = 8  # problems in the list
OWN_STYLE = """
h1 { max-width: 46rem; }
svg { width: 100%; height: 7.5rem; display: block; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--line); } .limit { stroke: var(--late); stroke-dasharray: 4 4; }
.delay { fill: none; stroke: var(--fine); stroke-width: 1.5; }
.mark { stroke: var(--soft); stroke-dasharray: 2 3; }
svg .ok { fill: var(--fine); opacity: .45; stroke: none; }
svg .open { fill: var(--soft); stroke: none; }
svg .bad { fill: var(--late); stroke: var(--late); stroke-width: 1.5; }
table td:last-child { white-space: normal; min-width: 16rem; }
* { vector-effect: non-scaling-stroke; }
.hours { display: flex; justify-content: space-between; padding: 0 1.25rem; color: var(--soft);
  font-size: .85rem; }
figure { padding: 1rem 1.25rem .6rem; }
figcaption { padding: 0 0 .4rem; }
table { border-collapse: collapse; } th, td { padding: .3rem 1.25rem; text-align: left; }
.scroll { overflow-x: auto; }
"""


def page(
    app: str,
    now: float,
    rounds: Sequence[RoundRow],
    marks: Sequence[Mark],
    latest: Sequence[Sample],
    state: AppState | None,
    interval: float,
) -> str:
    """The page at the time ``now``, in seconds since 1970. ``interval`` is in seconds."""
    rounds = [row for row in rounds if now - HOURS * 3600 <= row.at <= now]
    begin = min([now - LEAST_SHOWN, *(row.at for row in rounds[:1])])  # a young monitor
    marks = [mark for mark in marks if begin <= mark.at <= now]
    body = "".join(
        [
            *_verdict(app, now, latest, interval),
            *_layers(rounds, marks, begin, now, interval),
            *_problems(rounds, interval),
            *_releases(state, now),
            *_marks(marks),
        ]
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="refresh" content="{max(interval, 10):.0f}">'
        f"<title>{escape(app)}: stream status</title><style>{STYLE}{OWN_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def _verdict(app: str, now: float, latest: Sequence[Sample], interval: float) -> Iterator[str]:
    worst = max(latest, key=lambda one: rank(one.verdict), default=None)
    yield f"<header><p>{escape(app)}, by the monitor of its host</p>"
    if worst is None:
        yield '<h1 class="late">Nothing has been measured yet.</h1></header>'
        return
    fine = all(one.verdict == STREAMING for one in latest)
    yield f'<h1 class="{"fine" if fine else "late"}">'
    yield "It streams." if fine else f"{escape(worst.path)}: {escape(worst.verdict)}."
    yield f"</h1></header><p>{escape(worst.message)}</p>"
    age = now - max(one.at + one.took for one in latest)
    yield f'<p class="soft">Measured {_span(age)} ago, each {_span(interval)}.</p>'
    if age > LATE * interval + worst.took:
        silent = f"The monitor has been silent for {_span(age)}."
        yield f'<p class="next"><b>{silent}</b> What is shown is old.</p>'


def _layers(
    rounds: Sequence[RoundRow], marks: Sequence[Mark], begin: float, now: float, interval: float
) -> Iterator[str]:
    yield f"<h2>The last {_span(now - begin)}</h2>"
    if not rounds:
        yield "<p>No round is in the history yet.</p>"
    for path in dict.fromkeys(row.path for row in rounds):
        own = [row for row in rounds if row.path == path]
        for layer in dict.fromkeys(one.layer for row in own for one in row.layers):
            seen = [(row, one) for row in own for one in row.layers if one.layer == layer]
            yield _figure(path, layer, seen, marks, begin, now, interval)
    if rounds:
        hours = (begin + n * (now - begin) / 4 for n in range(5))
        labels = "".join(
            f"<span>{time.strftime('%H:%M', time.localtime(at))}</span>" for at in hours
        )
        yield f'<div class="hours">{labels}</div>'
        yield (
            "<p><small>Line: delay p99 of the chunks, from 0.5 ms to 5 s; dashed: 250 ms. "
            "Band: the verdict; full height is bad, half is not known. Dotted: deploys and drains. "
            "Without a band nothing was measured.</small></p>"
        )


def _figure(
    path: str,
    layer: str,
    seen: Sequence[tuple[RoundRow, LayerRow]],
    marks: Sequence[Mark],
    begin: float,
    now: float,
    interval: float,
) -> str:
    def x(at: float) -> float:
        return round(WIDTH * (at - begin) / (now - begin), 1)

    bad = [one for _, one in seen if rank(one.verdict)]
    words = (
        f"{len(seen)} rounds, {len(bad)} of them bad" if bad else f"all {len(seen)} rounds stream"
    )
    if any(one.verdict != STREAMING for _, one in seen) and not bad:
        words = f"{len(seen)} rounds, some could not be judged"
    shown = "".join(
        f'<path class="mark" d="M{x(mark.at)} 0V{HEIGHT}"><title>{escape(mark.text)}</title></path>'
        for mark in marks
    )
    limit = _y(LIMIT)
    bands = "".join(
        f'<path class="{kind}" d="{"".join(_box(a, b, high) for a, b in runs)}"/>'
        for kind, high, runs in (
            (kind, high, list(_runs(seen, kind, x, interval)))
            for kind, high in (("ok", 3), ("open", BAND // 2), ("bad", BAND))
        )
        if runs
    )
    return (
        f"<figure><figcaption><h3>{escape(layer)} <small>{escape(path)}, {words}</small></h3>"
        "</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(layer)}, {escape(path)}: {words}">'
        f'<path class="grid" d="M0 {_y(0.001)}H{WIDTH}M0 {_y(0.01)}H{WIDTH}M0 {_y(1)}H{WIDTH}"/>'
        f'<path class="limit" d="M0 {limit}H{WIDTH}"/>{shown}{bands}'
        f'<path class="delay" d="{_line(seen, x, interval)}"/></svg></figure>'
    )


def _box(begin: float, end: float, high: int) -> str:
    return f"M{begin} {HEIGHT}V{HEIGHT - high}H{end}V{HEIGHT}Z"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{title}</th>" for title in titles)
    body = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _y(delay: float) -> float:
    share = math.log(min(max(delay, LEAST), MOST) / LEAST) / math.log(MOST / LEAST)
    return round((HEIGHT - BAND - 4) * (1 - share) + 2, 1)


def _line(
    seen: Sequence[tuple[RoundRow, LayerRow]], x: Callable[[float], float], interval: float
) -> str:
    """The delays; the worst of those that share a place. A gap in the measurement is a gap."""
    points: list[tuple[float, float, float]] = []
    for row, one in seen:
        if one.delay_p99 is None:
            continue
        place = float(round(x(row.at)))
        if points and points[-1][1] == place:
            points[-1] = (row.at, place, max(points[-1][2], one.delay_p99))
        else:
            points.append((row.at, place, one.delay_p99))
    before = -math.inf
    found = []
    for at, place, delay in points:
        found.append(f"{'L' if at - before <= LATE * interval + 30 else 'M'}{place} {_y(delay)}")
        before = at
    return "".join(found)


def _runs(
    seen: Sequence[tuple[RoundRow, LayerRow]],
    kind: str,
    x: Callable[[float], float],
    interval: float,
) -> Iterator[tuple[float, float]]:
    """From where to where the verdict is of this kind."""
    begin = end = -math.inf
    for row, one in seen:
        here = "bad" if rank(one.verdict) else ("ok" if one.verdict == STREAMING else "open")
        if begin > -math.inf and (here != kind or row.at - end > LATE * interval + 30):
            yield x(begin), x(end + interval)
            begin = -math.inf
        if here == kind:
            begin = row.at if begin == -math.inf else begin
            end = row.at
    if begin > -math.inf:
        yield x(begin), min(x(end + interval), WIDTH)


def _problems(rounds: Sequence[RoundRow], interval: float) -> Iterator[str]:
    """Each problem from its first to its last round, the latest first."""
    spells: list[list[RoundRow]] = []
    for row in rounds:
        if not row.culprit:
            continue
        last = spells[-1][-1] if spells else None
        same = last and (last.path, last.culprit, last.cause) == (row.path, row.culprit, row.cause)
        if last and same and row.at - last.at < LATE * interval + 30:
            spells[-1].append(row)
        else:
            spells.append([row])
    if not spells:
        return
    rows = [
        (
            _at(one[0].at),
            _span(one[-1].at - one[0].at + interval),
            f"{one[0].culprit}, {one[0].path}",
            one[-1].message,
        )
        for one in spells[: -RECENT - 1 : -1]
    ]
    yield f"<h2>Problems</h2>{_table(('From', 'For', 'Where', 'What'), rows)}"


def _releases(state: AppState | None, now: float) -> Iterator[str]:
    if state is None:
        return
    titles = ("Release", "State", "Streams", "Connections", "Memory")
    yield f"<h2>Releases</h2>{_table(titles, [_release(one) for one in state.releases])}"
    if state.certificate_ends is not None:
        yield f"<p>The certificate ends in {_span(state.certificate_ends - now)}.</p>"


def _release(one: ReleaseState) -> tuple[str, ...]:
    left = "" if one.seconds_left is None else f", {_span(one.seconds_left)} left"
    memory = "" if one.memory_bytes is None else f"{one.memory_bytes / 2**20:.0f} MiB"
    streams = "" if one.streams is None else str(one.streams.in_flight)
    return one.release, f"{one.state}{left}", streams, str(one.connections), memory


def _marks(marks: Sequence[Mark]) -> Iterator[str]:
    if marks:
        yield "<h2>What happened</h2><ul>"
        yield from (
            f"<li>{_at(mark.at)} {escape(mark.text)}</li>" for mark in marks[: -RECENT - 1 : -1]
        )
        yield "</ul>"


def _at(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _span(seconds: float) -> str:
    """8 s, 12 min, 5 h, 41 days."""
    for unit, size in (("days", 172800.0), ("h", 7200.0), ("min", 120.0)):
        if seconds >= size:
            return f"{seconds / {'days': 86400, 'h': 3600, 'min': 60}[unit]:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
