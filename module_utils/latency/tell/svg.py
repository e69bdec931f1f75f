# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The drawing of a pass: a row for each layer, with a line for each event.

The SVG of a row is stretched to the width of the page. So all words are HTML beside and above it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping

from ..redact import clean
from ..timeline import CLOSE, REFUSED, RESET, TIMEOUT
from . import content, geometry

if TYPE_CHECKING:
    from .content import Json
    from .geometry import Drawing, Rail

MOST_LABELS = 6  # of lumps
CUTS = {RESET: "cut", TIMEOUT: "then silence", REFUSED: "no stream"}
UNKNOWN: Json = {"verdict": "unknown", "reason": "", "metrics": {}}


def say(value: object) -> str:
    """Text of others, for a page: without secrets, bounded, escaped."""
    return escape(clean(str(value)), quote=True)


def mark(diagnosis: Json, stands: str, verdict: str) -> str:
    """The verdict as a word with a sign, for readers who do not see colours."""
    if stands == content.GUILTY:
        return f"\u2715 {say(verdict)}"
    if stands == content.INHERITED:
        return f"\u2193 as from {say(diagnosis['culprit'])}"
    sign = "\u2713" if stands == content.FINE else "?"
    return f"{sign} {say(verdict)}"


def render(diagnosis: Json, name: str, shown: Drawing, room: int) -> str:
    """The drawing of the pass ``name``, with at most ``room`` events."""
    passes = {layer["layer"]: layer["passes"].get(name) for layer in diagnosis["layers"]}
    above, *rails = shown.rails
    rows = [_departures(above, shown, room)]
    for rail in rails:
        one = passes.get(rail.name) or UNKNOWN
        stands = content.standing(diagnosis, rail.name, name, one["verdict"])
        word = mark(diagnosis, stands, one["verdict"])
        rows.append(_row(stands, word, one["metrics"], above, rail, shown, room))
        above = rail if rail.times else above
    return f"""<figure>
<figcaption><h3>{say(_caption(name, shown, room))}</h3></figcaption>
{"".join(rows)}<div class="row axis" aria-hidden="true"><div class="what"></div>\
<div class="plot">{_axis(shown)}</div></div>
</figure>
"""


def _caption(name: str, shown: Drawing, room: int) -> str:
    caption = f"{name} pass"
    if shown.streams > 1:
        caption += f", the slowest of {shown.streams} streams"
    if shown.events > room:
        caption += f", {room} of {shown.events} events"
    return caption


def _axis(shown: Drawing) -> str:
    return "".join(
        f'<span style="{_left(_x(time, shown))}">{content.seconds(time) if time else "0"}</span>'
        for time in geometry.ticks(shown.span)
    )


def _departures(rail: Rail, shown: Drawing, room: int) -> str:
    name = "sent (estimated)" if shown.estimated else "the app sends"
    marks = (f"M{_x(rail.times[n], shown)} 0V100" for n in geometry.sample(len(rail.times), room))
    drawn = _svg(f"{name}: {len(rail.times)} events", "", {"rail": ["M0 100H1000"], "marks": marks})
    return f"""<div class="row top"><div class="what"><small>{name}</small></div><div class="plot">
{drawn}</div></div>
"""


def _row(
    stands: str, word: str, metrics: Json, above: Rail, rail: Rail, shown: Drawing, room: int
) -> str:
    """A layer: lines from the rail above down to its own rail."""
    delay = metrics.get("delay_p50_seconds")
    places = geometry.sample(shown.events, room)
    top = {n: _x(above.times[n], shown) for n in places if n < len(above.times)}
    bottom = {n: _x(rail.times[n], shown) for n in places if n < len(rail.times)}
    paths = {
        "grid": (f"M{_x(time, shown)} 0V100" for time in geometry.ticks(shown.span)),
        "rail": ["M0 100H1000"],
        "lines": (f"M{top[n]} 0L{bottom[n]} 92" for n in bottom if n in top),
        "lost": (f"M{top[n]} 0v30" for n in top if n >= len(rail.times) and _is_cut(rail)),
        "marks": (f"M{at} 92V100" for at in bottom.values()),
    }
    labels = [*(_lumps(rail, shown) if stands == content.GUILTY else ()), *_end(rail, shown)]
    return f"""<div class="row {stands}"><div class="what"><b>{say(rail.name)}</b>\
<span class="verdict">{word}</span>\
{f"<small>delay p50 {content.seconds(delay)}</small>" if delay is not None else ""}</div>\
<div class="plot">
{_svg(f"{rail.name}: {stands}", _described(rail, metrics), paths)}{"".join(labels)}</div></div>
"""


def _svg(title: str, desc: str, paths: Mapping[str, Iterable[str]]) -> str:
    drawn = "".join(f'<path class="{name}" d="{"".join(d)}"/>' for name, d in paths.items())
    more = f"<desc>{say(desc)}</desc>" if desc else ""
    return f"""<svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img">\
<title>{say(title)}</title>{more}
{drawn}</svg>"""


def _described(rail: Rail, metrics: Json) -> str:
    arrivals = len(rail.times) - sum(many - 1 for _, many in rail.lumps)
    return (
        f"{len(rail.times)} events in {arrivals} arrivals,"
        f" delay p50 {content.seconds(metrics.get('delay_p50_seconds'))},"
        f" largest gap {content.seconds(metrics.get('largest_gap_seconds'))}"
    )


def _lumps(rail: Rail, shown: Drawing) -> Iterator[str]:
    """The sizes of the biggest lumps, where there is room for the content."""
    last = -1000.0
    biggest = sorted(rail.lumps, key=lambda lump: -lump[1])[:MOST_LABELS]
    for place, many in sorted(biggest):
        at = _x(rail.times[place], shown)
        if at - last >= 110:
            side = " first" if at < 120 else ""
            yield f'<span class="lump{side}" style="{_left(at)}">{many} at once</span>'
            last = at


def _end(rail: Rail, shown: Drawing) -> Iterator[str]:
    """How the stream ended, if it ended too early."""
    one = rail.timeline
    if one is None or one.ended not in CUTS:
        return
    at = _x(rail.times[-1], shown) if rail.times else 0.0
    why = one.error or (f"HTTP {one.status}" if one.status >= 300 else "")
    what = f"{CUTS[one.ended]}: {why[:60]}" if why else CUTS[one.ended]
    side = " last" if at > 700 else ""
    yield f'<span class="end{side}" style="{_left(at)}">\u2715 {say(what)}</span>'


def _is_cut(rail: Rail) -> bool:
    one = rail.timeline
    return one is not None and not one.finished and one.ended in {CLOSE, *CUTS}


def _x(time: float, shown: Drawing) -> float:
    """The place of a time (seconds), 0 to 1000, with a margin at both ends."""
    return round(8 + 984 * time / shown.span, 1)


def _left(at: float) -> str:
    return f"left:{at / 10:.2f}%"
