# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which layer is at fault: the first one that is worse than the layer before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, NamedTuple, Sequence

from .judged import same_pass
from .layers import layer_before

if TYPE_CHECKING:
    from .layers import Layer


class Culprit(NamedTuple):
    """The layer at fault, the layer that it was compared with, and the pass that shows it."""

    layer: Layer
    before: Layer | None
    name: str  # of the pass


def culprit_of(layers: Sequence[Layer]) -> Culprit | None:
    """The first layer with a pass that is worse than before, by the worst of these passes."""
    skipped = unreadable(layers)
    for index, layer in enumerate(layers):
        if layer in skipped:
            continue
        earlier = layers[:index]
        worse = {
            name: judged.rank
            for name, judged in layer.passes.items()
            if judged.rank > _rank_before(name, earlier)
        }
        if worse:
            name = max(worse, key=lambda name: worse[name])
            return Culprit(layer, layer_before(name, earlier), name)
    return None


def unreadable(layers: Sequence[Layer]) -> list[Layer]:
    """Layers that refuse all streams although streams come through them to the next layers."""
    found = []
    for index, layer in enumerate(layers):
        beyond = any(one.usable for one in layers[index + 1 :])
        if layer.problem or (layer.passes and not layer.usable and beyond):
            found.append(layer)
    return found


def pairs(layers: Sequence[Layer]) -> Iterator[tuple[Layer, Layer | None]]:
    """Each layer with the last usable one before it."""
    before: Layer | None = None
    for layer in layers:
        yield layer, before
        before = layer if layer.usable else before


def _rank_before(name: str, earlier: Sequence[Layer]) -> int:
    before = layer_before(name, earlier)
    judged = same_pass(name, before.passes) if before else None
    return judged.rank if judged else 0
