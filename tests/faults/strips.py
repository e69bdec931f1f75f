"""A measured stack as a few lines of text: a row for each layer, time to the right.

The pages of the causes show them. Pure: measurements in, text out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from plugins.module_utils.latency.judge.ends import answered, is_cut
from plugins.module_utils.latency.measurement import Measurement
from plugins.module_utils.latency.timeline import Timeline

WIDTH = 60  # characters
MOST_STREAMS = 6  # rows of a pass that reads many
SHORTEST = 0.1  # seconds; a refusal comes at once, and is at the left
HEADERS, CUT, REFUSED = "h", "x", "!"
EVENTS = " .::"  # by their number in one place; more of them are MANY
MANY = "#"


class Picture(NamedTuple):
    """Rows of a name and its marks, over so many seconds."""

    of: str  # the pass
    seconds: float
    rows: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """With lists, and few digits."""
        return {"pass": self.of, "seconds": round(self.seconds, 2), "rows": [*map(list, self.rows)]}


def picture(measurements: Sequence[Measurement], name: str, layer: str) -> Picture | None:
    """The pass ``name`` at all layers, or the streams of ``layer`` if the pass reads many."""
    streams = {one.layer: one.passes[name].timelines for one in measurements if name in one.passes}
    shown = [(where, found[0]) for where, found in streams.items() if found]
    many = streams.get(layer, ())
    if len(many) > 1:
        shown = _some_of(many)
    if not shown:
        return None
    span = max(SHORTEST, *(one.ended_at for _, one in shown))
    others = [one for _, one in shown]
    rows = [(where, _row(one, others, span)) for where, one in shown]
    first = shown[0][1]
    if len(many) <= 1 and _says_departures(first):
        rows.insert(0, ("app", _departures(first, span)))
    return Picture(name, span, tuple(rows))


def _some_of(streams: Sequence[Timeline]) -> list[tuple[str, Timeline]]:
    """Some streams in the order of their first byte, with the first and the last."""
    ordered = sorted(streams, key=lambda one: (one.headers_at is None, one.headers_at or 0.0))
    count, shown = len(ordered), min(len(ordered), MOST_STREAMS)
    places = [round(n * (count - 1) / (shown - 1)) for n in range(shown)]
    return [(f"stream {place + 1} of {count}", ordered[place]) for place in places]


def _says_departures(one: Timeline) -> bool:
    return (
        one.same_clock
        and len(one.events) > 1
        and all(event.sent is not None for event in one.events)
    )


def _departures(one: Timeline, span: float) -> str:
    """When the app sent the headers and each event of this stream."""
    marks = _counted([(event.sent or 0.0) - one.began for event in one.events], span)
    return _with_headers(marks, None if one.opened is None else one.opened - one.began, span)


def _row(one: Timeline, others: Sequence[Timeline], span: float) -> str:
    if not answered(one):
        said = f"{REFUSED}{one.status or ''}"
        place = min(_place(one.ended_at, span), WIDTH - len(said))
        return (" " * place + said).ljust(WIDTH)
    marks = _counted([event.arrived for event in one.events], span)
    marks = _with_headers(marks, one.headers_at, span)
    if is_cut(one, others):
        place = _place(one.ended_at, span)
        marks = marks[:place] + CUT + marks[place + 1 :]
    return marks


def _counted(times: Sequence[float], span: float) -> str:
    counts = [0] * WIDTH
    for at in times:
        counts[_place(at, span)] += 1
    return "".join(EVENTS[count] if count < len(EVENTS) else MANY for count in counts)


def _with_headers(marks: str, at: float | None, span: float) -> str:
    """Headers are marked where no event is."""
    place = 0 if at is None else _place(at, span)
    if at is None or marks[place] != " ":
        return marks
    return marks[:place] + HEADERS + marks[place + 1 :]


def _place(at: float, span: float) -> int:
    return max(0, min(WIDTH - 1, int(at / span * WIDTH)))
