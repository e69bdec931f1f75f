# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where each event of a pass was at which time: one rail for each layer, on one time axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from ..judge.figures import arrivals, cadence_of, delays_of

if TYPE_CHECKING:
    from ..measurement import Measurement
    from ..timeline import Event, Timeline

FEWEST = 3  # events without which there is no drawing


class Rail(NamedTuple):
    """When each event passed here, in seconds from the drawing's beginning, by its place in the
    stream. The rail of the departures has no ``timeline``.
    """

    name: str
    times: Sequence[float]
    lumps: Sequence[tuple[int, int]] = ()  # those that came together: the first's place, how many
    timeline: Timeline | None = None


class Drawing(NamedTuple):
    """The rails of a pass, from the app outwards; ``span`` is how many seconds it took, ``streams``
    how many each layer had.

    The first rail is that of the departures, ``estimated`` when the events do not tell.
    """

    rails: Sequence[Rail]
    span: float
    streams: int = 1
    estimated: bool = False

    @property
    def events(self) -> int:
        """How many events the longest rail has."""
        return max(len(rail.times) for rail in self.rails)


def draw(measurements: Sequence[Measurement], name: str) -> Drawing | None:
    """The drawing of a pass; None when no layer has enough events."""
    shown = [
        (one.layer, slowest(one.passes[name].timelines))
        for one in measurements
        if name in one.passes and one.passes[name].timelines
    ]
    if not any(len(timeline.events) >= FEWEST for _, timeline in shown):
        return None
    stamped = next((one for _, one in shown if _stamped(one)), None)
    departures = _departures(stamped) if stamped else _estimated(shown[0][1])
    rails = [Rail("", departures)]
    quickest = 0.0
    for layer, timeline in shown:
        delays = _delays(timeline, quickest)
        if delays:
            quickest = min(delays)
            own = _departures(timeline)
            times = [
                (departures if n < len(departures) else own)[n] + late
                for n, late in enumerate(delays)
            ]
        else:
            times = _since_request(timeline)
        rails.append(Rail(layer, *_together(times, timeline.events), timeline))
    begin = min(0.0, *(time for rail in rails for time in rail.times[:1]))
    rails = [rail._replace(times=[time - begin for time in rail.times]) for rail in rails]
    streams = max(len(one.passes[name].timelines) for one in measurements if name in one.passes)
    span = max(max(rail.times, default=0.0) for rail in rails) or 1.0
    return Drawing(rails, span, streams, estimated=not stamped)


def slowest(timelines: Sequence[Timeline]) -> Timeline:
    """The stream that took longest, or that waited longest for its headers."""
    return max(timelines, key=lambda one: (len(one.events) >= FEWEST, one.ended_at))


def _stamped(timeline: Timeline) -> bool:
    events = timeline.events
    return len(events) >= FEWEST and all(event.sent is not None for event in events)


def _departures(timeline: Timeline) -> list[float]:
    first = timeline.events[0].sent or 0.0
    return [(event.sent or 0.0) - first for event in timeline.events]


def _since_request(timeline: Timeline) -> list[float]:
    return [event.arrived - (timeline.connected or 0.0) for event in timeline.events]


def _estimated(timeline: Timeline) -> list[float]:
    """When the events were sent, as far as their arrivals tell, which say it to ``metrics`` too."""
    late, _ = delays_of(timeline, cadence_of(timeline) or 0.0)
    return [at - delay for at, delay in zip(_since_request(timeline), late)]


def _delays(timeline: Timeline, quickest: float) -> list[float]:
    """Of each event; on another clock the shortest is taken for ``quickest``, that of the layer
    before. Empty when the events do not tell.
    """
    if not _stamped(timeline):
        return []
    delays = [timeline.began + event.arrived - (event.sent or 0.0) for event in timeline.events]
    error = 0.0 if timeline.same_clock else min(delays) - quickest
    return [delay - error for delay in delays]


def _together(
    times: Sequence[float], events: Sequence[Event]
) -> tuple[list[float], list[tuple[int, int]]]:
    """The times with what came together at one of them, also where another stream's departures
    would have them apart; and those that did.
    """
    found: list[float] = []
    lumps = []
    for cluster in arrivals(events):
        place = len(found)
        at = max(found[-1:] + list(times[place : place + len(cluster)]))
        found += [at] * len(cluster)
        if len(cluster) > 2:
            lumps.append((place, len(cluster)))
    return found, lumps


def ticks(span: float) -> list[float]:
    """Round times for an axis, four to nine of them."""
    step = next(
        size * 10**power
        for power in range(-4, 5)
        for size in (1, 2, 5)
        if span / (size * 10**power) < 9 or (power, size) == (4, 5)
    )
    return [n * step for n in range(int(span / step + 1e-9) + 1)]


def sample(count: int, room: int) -> list[int]:
    """Places of ``room`` events of ``count``, evenly, with the first and the last."""
    if count <= room:
        return list(range(count))
    return [round(n * (count - 1) / (room - 1)) for n in range(room)]


def passes(measurements: Sequence[Measurement], first: str) -> Mapping[str, Drawing]:
    """The pictures of all passes that have one, that of pass ``first`` first."""
    names = [first, *(name for one in measurements for name in one.passes)]
    drawn = ((name, draw(measurements, name)) for name in dict.fromkeys(names))
    return {name: drawing for name, drawing in drawn if drawing}
