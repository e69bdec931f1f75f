# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two rounds of measurements, one verdict."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Sequence

from ..measurement import Pass
from . import words
from .diagnosis import Diagnosis, conclude
from .judged import Judged
from .layers import Layer, judge_layer
from .metrics import Metrics

if TYPE_CHECKING:
    from ..measurement import Measurement

# A pass that the second round could not make: it confirms nothing.
NOT_AGAIN = Judged(words.UNKNOWN, "", "not read again", Metrics(), Pass(()))


NOISE = "Noise: "  # begins a note about what only one round saw
SOON = 10.0  # seconds; a third round then costs little


def second_round(found: Diagnosis) -> int:
    """How many layers to read a second time, from the app outwards. Long streams take their time,
    and the layers behind the culprit cannot change what is said of it.
    """
    return _place(found) + 1 if found.culprit else len(found.layers)


def third_round(found: Diagnosis) -> int:
    """How many layers to read a third time, from the app outwards; 0 if two rounds are enough.

    If only the beginning is late, as far as the culprit: an app may think at times. If a stream was
    cut soon, those before the culprit: what comes and goes there may have spared both rounds.
    """
    if not found.culprit:
        return 0
    place = _place(found)
    judged = found.layers[place].passes[found.culprit_pass]
    if judged.problem in {words.HEADERS_HELD, words.FIRST_LATE}:
        return place + 1
    if judged.problem == words.CUT and judged.metrics.duration_seconds < SOON:
        return place
    return 0


def _place(found: Diagnosis) -> int:
    return [layer.name for layer in found.layers].index(found.culprit)


def confirm(first: Diagnosis, second: Sequence[Measurement]) -> Diagnosis:
    """The verdict on both rounds. ``second`` has the layers of ``first``, measured again; those
    that are farther from the app than the last of them were read once.

    What only one round saw is noise, so the better of both rounds counts for each pass. But a cut,
    or a hold of a whole long stream, is never noise. Each layer
    is compared with what counts at the layer before. So a layer of the first round is judged again
    only if another round counts before it.
    """
    known = {layer.name: [layer] for layer in first.layers}
    notes: list[str] = []
    layers: list[Layer] = []
    as_judged = True
    for layer, measured in zip_longest(first.layers, second):
        one = layer
        if not as_judged:
            one = judge_layer(layer.measurement(), layers, first.allowed)
        if measured is None:
            layers.append(one)
            continue
        other = judge_layer(measured, layers, first.allowed, known)
        known[layer.name].append(other)
        passes = {}
        lossy = any(one.lost for seen in known[layer.name] for one in seen.streams)
        for name, judged in one.passes.items():
            passes[name], note = _milder(judged, other.passes.get(name, NOT_AGAIN), lossy)
            if note:
                notes.append(f"{NOISE}the {name} pass at {one.name} was {note}.")
        problem = one.problem and other.problem
        same = all(passes[name] is judged for name, judged in one.passes.items())
        as_judged = as_judged and same and problem == one.problem
        skipped = one.skipped or other.skipped
        layers.append(one._replace(passes=passes, problem=problem, skipped=skipped))
    return conclude(layers, first.allowed, notes)


def _is_no_noise(judged: Judged, lossy: bool) -> bool:
    """Whether the measuring itself cannot cause it: a cut, a hold of a whole long stream, or the
    events of another reader, which a cache has for the second round too. But a network that loses
    packets can hold a stream for long.
    """
    held = judged.verdict == words.BUFFERED and judged.problem == words.HELD
    late = judged.metrics.time_to_first_chunk_seconds or 0.0
    surely = judged.problem in {words.CUT, words.REPLAYED, words.COPIED}
    return surely or (held and late > words.LASTING and not lossy)


def _milder(one: Judged, other: Judged, lossy: bool) -> tuple[Judged, str]:
    """The better of two rounds, and what to say of the worse. ``lossy``: packets were lost."""
    better, worse = sorted((one, other), key=lambda judged: judged.rank)
    if better.rank == worse.rank == 0:
        return (one if one.verdict == words.STREAMING else other), ""
    if better.rank == 0 and _is_no_noise(worse, lossy):
        return worse._replace(reason=f"{worse.reason}, in one of two rounds"), ""
    if better.rank == 0:
        return better, f"{worse.verdict} in one of two rounds ({worse.reason})"
    if not words.alike(better.problem, worse.problem):
        why = f"{one.verdict} in one round ({one.reason}), {other.verdict} in the other"
        why = f"{why} ({other.reason})"
        measured = better.measured._replace(unsteady=why)
        return Judged(words.UNKNOWN, words.UNSTEADY, why, better.metrics, measured), ""
    return better, ""
