# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where each event of a pass was at which time: one rail for each layer, on one time axis.

Each layer had a stream of its own, one after the other. The number of an event joins the streams:
the delays at each layer are added to the departures of one stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Mapping, NamedTuple, Sequence

from ..judge.figures import arrivals, cadence_of, delays_of

if TYPE_CHECKING:
    from ..measurement import Measurement
    from ..timeline import Event, Timeline

FEWEST = 3  # events of a drawing


class Rail(NamedTuple):
    """When each event passed a layer, in seconds from the left edge of the drawing.

    ``lumps`` are events that came together. The rail of the departures has no ``timeline``.
    """

    name: str
    times: Sequence[float]
    lumps: Sequence[tuple[int, int]] = ()  # (index of the first event, number of events)
    timeline: Timeline | None = None


class Drawing(NamedTuple):
    """The rails of a pass, from the app outwards. The first rail has the departures.

    ``span`` is the duration in seconds. ``streams`` is the number of streams at each layer.
    Departures are ``estimated`` if the events do not say when they were sent.
    """

    rails: Sequence[Rail]
    span: float
    streams: int = 1
    estimated: bool = False

    @property
    def events(self) -> int:
        """The number of events on the longest rail."""
        return max(len(rail.times) for rail in self.rails)


def draw(measurements: Sequence[Measurement], name: str) -> Drawing | None:
    """The drawing of a pass, or None if no layer has enough events."""
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
    """The stream that ended last, of those with enough events."""
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
    """When the events were probably sent, by their arrivals, as ``judge`` estimates it."""
    late, _ = delays_of(timeline, cadence_of(timeline) or 0.0)
    return [at - delay for at, delay in zip(_since_request(timeline), late)]


def _delays(timeline: Timeline, quickest: float) -> list[float]:
    """The delay of each event in seconds; empty if the events do not say when they were sent.

    On another clock, the shortest delay counts as ``quickest``, that of the layer before.
    """
    if not _stamped(timeline):
        return []
    delays = [timeline.began + event.arrived - (event.sent or 0.0) for event in timeline.events]
    error = 0.0 if timeline.same_clock else min(delays) - quickest
    return [delay - error for delay in delays]


def _together(
    times: Sequence[float], events: Sequence[Event]
) -> tuple[list[float], list[tuple[int, int]]]:
    """Times where events that came together have one time, and the lumps.

    The departures are of another stream, so by them alone such events would be apart.
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
    """Round times for an axis of ``span`` seconds, usually four to nine."""
    step = next(
        size * 10**power
        for power in range(-4, 5)
        for size in (1, 2, 5)
        if span / (size * 10**power) < 9 or (power, size) == (4, 5)
    )
    return [n * step for n in range(int(span / step + 1e-9) + 1)]


def sample(count: int, room: int) -> list[int]:
    """The indexes of ``room`` of ``count`` events, evenly spread, with the first and the last."""
    if count <= room:
        return list(range(count))
    return [round(n * (count - 1) / (room - 1)) for n in range(room)]


def drawings(measurements: Sequence[Measurement], first: str) -> Mapping[str, Drawing]:
    """The drawings of all passes that have one, by the pass's name. The pass ``first`` is first."""
    names = [first, *(name for one in measurements for name in one.passes)]
    drawn = ((name, draw(measurements, name)) for name in dict.fromkeys(names))
    return {name: drawing for name, drawing in drawn if drawing}
