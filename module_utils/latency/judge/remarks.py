# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Notes on a verdict: what was not measured, and what the figures cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, Sequence

from ..thresholds import STARVED
from ..timeline import KEPT
from . import words
from .culprit import unreadable

if TYPE_CHECKING:
    from .layers import Layer


def remarks(layers: Sequence[Layer]) -> Iterator[str]:
    """A sentence for each thing that a reader of the verdict should know."""
    for layer in unreadable(layers):
        reasons = [judged.reason for judged in layer.passes.values()]
        yield f"{layer.name} could not be measured: {layer.problem or next(iter(reasons), '')}."
    for layer in layers:
        if not layer.passes and not layer.problem:
            yield f"{layer.name} was not measured: no pass of the task makes sense there."
        yield from _of_passes(layer)
    waited = max(
        (one.measured.waited for layer in layers for one in layer.passes.values()), default=0.0
    )
    if waited > STARVED:
        yield (
            f"The machine that measured was busy: its reader waited for a CPU {waited:.0%} of the"
            " time. So small delays do not count."
        )
    for layer in layers:
        for name, why in layer.skipped.items():
            yield f"{layer.name} was not read by the {name} pass: {why}."


def _of_passes(layer: Layer) -> Iterator[str]:
    for name, judged in layer.passes.items():
        which = f"the {name} pass at {layer.name}"
        if any(len(one.events) >= KEPT for one in judged.timelines):
            yield f"The figures of {which} cover its first {KEPT} events."
        if judged.verdict == words.UNKNOWN and layer.verdict != words.UNKNOWN:
            yield f"No verdict on {which}: {judged.reason}."
