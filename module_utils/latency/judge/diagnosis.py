# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the measurements of all layers to the layer at fault, and why.

The causes are looked up among those of the hops between the culprit and the layer before it. A host
that is measured from outside only can have all of its causes, and a note says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

from ..thresholds import Thresholds
from . import words
from .culprit import Culprit, culprit_of, pairs
from .layers import HOPS, Layer, hops_between, judge_layer
from .lookup import POSSIBLE, Finding, look_up
from .remarks import remarks
from .settle import next_step

if TYPE_CHECKING:
    from ..measurement import Measurement
    from .judged import Judged

VERBS = {
    words.DELAYED: "delays",
    words.LUMPED: "lumps",
    words.BUFFERED: "buffers",
    words.STALLED: "stalls",
    words.TRUNCATED: "cuts",
    words.REFUSED: "refuses",
}


class Diagnosis(NamedTuple):
    """The verdict on all layers.

    ``culprit`` names the layer at fault and ``culprit_pass`` its pass; both are empty when no layer
    is at fault. ``causes`` has the likeliest first. ``risks`` are harmless now. ``next`` is the
    measurement that would settle what is still open, or empty.
    """

    layers: tuple[Layer, ...]
    culprit: str
    culprit_pass: str
    causes: tuple[Finding, ...]
    risks: tuple[Finding, ...]
    notes: tuple[str, ...]
    allowed: Thresholds
    next: str = ""

    @property
    def verdict(self) -> str:
        """The culprit's verdict; without one, streaming if all usable layers stream."""
        for layer in self.layers:
            if layer.name == self.culprit:
                return layer.passes[self.culprit_pass].verdict
        found = [layer.verdict for layer in self.layers if layer.usable]
        return words.STREAMING if found and words.UNKNOWN not in found else words.UNKNOWN

    def measurements(self) -> tuple[Measurement, ...]:
        """What the verdict rests on. Of two rounds, each pass is of the one that counts."""
        return tuple(layer.measurement() for layer in self.layers)

    @property
    def failed(self) -> bool:
        """Whether the measurement did not show that the stream streams."""
        return self.verdict != words.STREAMING

    @property
    def message(self) -> str:
        """The diagnosis in one to three sentences."""
        for layer in self.layers:
            if layer.name == self.culprit:
                return self._accusation(layer.passes[self.culprit_pass])
        for layer in self.layers:
            if self.failed and (layer.problem or layer.verdict == words.UNKNOWN):
                why = f"Cannot tell whether {layer.name} streams: {_why_unknown(layer)}."
                return f"{why} {self.next}".strip()
        names = " and ".join(layer.name for layer in self.layers if layer.usable)
        return f"It streams at {names}." if names else "Nothing was measured."

    def _accusation(self, judged: Judged) -> str:
        what = f"{self.culprit} {VERBS[judged.verdict]} the stream"
        why = f"({self.culprit_pass} pass: {judged.reason})"
        if not self.causes:
            return f"{what} {why}; the cause is unknown."
        first = self.causes[0]
        because = ", perhaps because" if first.confidence == POSSIBLE else ":"
        remedy = first.cause.remedy_for(first.product)
        return f"{what}{because} {first.cause.title} {why}. {remedy}"

    def as_json(self) -> dict[str, Any]:
        """The results of the module stream_latency that the reports need as well."""
        return {
            "verdict": self.verdict,
            "culprit": self.culprit or None,
            "culprit_pass": self.culprit_pass,
            "message": self.message,
            "layers": [layer.as_json() for layer in self.layers],
            "causes": [finding.as_json() for finding in self.causes],
            "risks": [finding.as_json() for finding in self.risks],
            "notes": list(self.notes),
            "next": self.next,
        }


def _why_unknown(layer: Layer) -> str:
    unknown = [one for one in layer.passes.values() if one.reason]
    unknown.sort(key=lambda one: one.problem != words.UNSTEADY)
    return layer.problem or next((one.reason for one in unknown), "nothing was read")


def diagnose(measurements: Sequence[Measurement], allowed: Thresholds | None = None) -> Diagnosis:
    """Judge one round of measurements. Their order is from the app outwards."""
    allowed = allowed or Thresholds()
    layers: list[Layer] = []
    for one in measurements:
        layers.append(judge_layer(one, layers, allowed))
    return conclude(layers, allowed)


def conclude(layers: Sequence[Layer], allowed: Thresholds, noted: Sequence[str] = ()) -> Diagnosis:
    """The diagnosis of judged layers. ``noted`` are notes that come before its own."""
    culprit = culprit_of(layers)
    causes: tuple[Finding, ...] = ()
    notes = [*noted, *remarks(layers)]
    if culprit:
        causes = _causes_of(culprit, allowed)
        notes += _doubts(culprit, layers, causes)
    else:
        unknown = [layer for layer in layers if layer.usable and layer.verdict == words.UNKNOWN]
        for layer in unknown[:1]:
            before = layers[: layers.index(layer)]
            hops = () if before else hops_between(None, layer.name)
            causes = look_up(layer, None, layer.worst_pass, hops, allowed)
    return Diagnosis(
        tuple(layers),
        culprit.layer.name if culprit else "",
        culprit.name if culprit else "",
        causes,
        _risks(layers, allowed),
        tuple(notes),
        allowed,
        next_step(layers, culprit, causes),
    )


def _causes_of(culprit: Culprit, allowed: Thresholds) -> tuple[Finding, ...]:
    layer, before, name = culprit
    suspects = hops_between(before.name if before else None, layer.name)
    return look_up(layer, before, name, suspects, allowed)


def _doubts(culprit: Culprit, layers: Sequence[Layer], causes: Sequence[Finding]) -> list[str]:
    """A note when the causes are at several places, and a layer between them was not measured."""
    layer, before, name = culprit
    places = {"app" if found.layer in HOPS[:3] else found.layer for found in causes}
    if len(places) < 2 or (before and before is layers[layers.index(layer) - 1]):
        return []
    note = (
        f"The {name} pass was not measured nearer to the app than {layer.name}. So the app and what"
        " is in front of it cannot be told apart."
    )
    return [note]


def _risks(layers: Sequence[Layer], allowed: Thresholds) -> tuple[Finding, ...]:
    """Each risk once, with the evidence of the first layer that shows it."""
    found = [
        risk
        for layer, before in pairs(layers)
        if layer.usable
        for risk in look_up(
            layer, before, "", hops_between(before and before.name, layer.name), allowed, risk=True
        )
    ]
    unique = {risk.cause.id: risk for risk in reversed(found)}
    return tuple(reversed(list(unique.values())))
