# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the measurements of all layers to the layer that is at fault, and why.

The culprit is the first layer whose verdict is worse than that of the layer before it. Its causes
are looked up among those of the hops between the two: measured from outside only, a host's causes
are all possible, and that is said.
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from . import verdict as words
from .causes import CAUSES, Cause
from .decode import KEPT
from .metrics import Metrics
from .signs import Scene, seen
from .timeline import Measurement
from .verdict import Judged, Thresholds, judge, same_pass

# The hops of a stream, and how far from the app each layer is read.
HOPS = ("app", "gunicorn", "systemd", "nginx", "edge", "client")
REACH = {"app": 2, "gunicorn": 2, "nginx": 3, "origin": 3, "public": 4, "edge": 4, "client": 5}
VERBS = {
    words.DELAYED: "delays",
    words.LUMPED: "lumps",
    words.BUFFERED: "buffers",
    words.STALLED: "stalls",
    words.TRUNCATED: "cuts",
    words.REFUSED: "refuses",
}


OF_PASSES = ("reader_busy", "reader_waited")  # facts by pass
OF_PASS = {"sent_pieces": "upload", "open_before": "leave", "open_after": "leave"}  # of one pass
# A pass that the second round could not ask for: it confirms nothing.
NOT_AGAIN = Judged(words.UNKNOWN, "", "not read again", Metrics(), ())


class Layer(NamedTuple):
    """A layer with the judgement of each of its passes."""

    name: str
    url: str
    problem: str
    facts: Mapping[str, Any]
    passes: Mapping[str, Judged]

    @property
    def verdict(self) -> str:
        """The worst of its passes; what is unknown counts when nothing else is known."""
        found = [judged.verdict for judged in self.passes.values()]
        worst = max(found, key=words.rank, default=words.UNKNOWN)
        if words.rank(worst):
            return worst
        if any(judged.problem == words.UNSTEADY for judged in self.passes.values()):
            return words.UNKNOWN
        return words.STREAMING if words.STREAMING in found else words.UNKNOWN

    @property
    def worst_pass(self) -> str:
        """The name of the worst pass."""
        return max(self.passes, key=lambda name: self.passes[name].rank, default="")

    @property
    def nearest(self) -> bool:
        """Whether it is the app's own: nothing that could hold a stream is before it."""
        return REACH.get(self.name, REACH["edge"]) <= REACH["gunicorn"]

    @property
    def usable(self) -> bool:
        """Whether the next layer can be compared with it."""
        return not self.problem and any(
            one.verdict != words.REFUSED for one in self.passes.values()
        )

    def measurement(self) -> Measurement:
        """What its verdict rests on."""
        passes = {name: tuple(judged.timelines) for name, judged in self.passes.items()}
        return Measurement(self.name, passes, self.url, self.facts, self.problem)


class Finding(NamedTuple):
    """A cause, where it is, and what speaks for it."""

    cause: Cause
    layer: str
    evidence: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For a module's result."""
        cause = self.cause
        return {
            "cause": cause.id,
            "layer": self.layer,
            "title": cause.title,
            "evidence": list(self.evidence),
            "remedy": cause.remedy,
            "link": cause.link,
        }


class Diagnosis(NamedTuple):
    """The verdict on all layers; ``culprit`` is the layer at fault, ``culprit_pass`` its pass, both
    empty when there is none. ``causes`` are ranked, the likeliest first; ``risks`` do no harm now.
    """

    layers: tuple[Layer, ...]
    culprit: str
    culprit_pass: str
    causes: tuple[Finding, ...]
    risks: tuple[Finding, ...]
    notes: tuple[str, ...]
    allowed: Thresholds

    @property
    def verdict(self) -> str:
        """The culprit's, else the worst that is left."""
        for layer in self.layers:
            if layer.name == self.culprit:
                return layer.passes[self.culprit_pass].verdict
        found = [layer.verdict for layer in self.layers if layer.usable]
        return words.STREAMING if found and words.UNKNOWN not in found else words.UNKNOWN

    def measurements(self) -> tuple[Measurement, ...]:
        """What the verdict rests on: of two rounds, the one that counts for each pass."""
        return tuple(layer.measurement() for layer in self.layers)

    @property
    def failed(self) -> bool:
        """Whether it was not shown that the stream streams."""
        return self.verdict != words.STREAMING

    @property
    def message(self) -> str:
        """All of it in a sentence or three."""
        for layer in self.layers:
            if layer.name == self.culprit:
                return self._accusation(layer.passes[self.culprit_pass])
        for layer in self.layers:
            if layer.problem or layer.verdict == words.UNKNOWN:
                unknown = [one for one in layer.passes.values() if one.reason]
                unknown.sort(key=lambda one: one.problem != words.UNSTEADY)
                reasons = [one.reason for one in unknown]
                why = layer.problem or next(iter(reasons), "nothing was read")
                if self.failed:
                    return f"Cannot tell whether {layer.name} streams: {why}."
        names = " and ".join(layer.name for layer in self.layers if layer.usable)
        return f"It streams at {names}." if names else "Nothing was measured."

    def _accusation(self, judged: Judged) -> str:
        what = f"{self.culprit} {VERBS[judged.verdict]} the stream"
        why = f"({self.culprit_pass} pass: {judged.reason})"
        if not self.causes:
            return f"{what} {why}; the cause is unknown."
        cause = self.causes[0].cause
        return f"{what}: {cause.title} {why}. {cause.remedy}"

    def as_json(self) -> dict[str, Any]:
        """For a module's result, the report and the log."""
        return {
            "verdict": self.verdict,
            "culprit": self.culprit or None,
            "culprit_pass": self.culprit_pass,
            "message": self.message,
            "layers": [_layer_as_json(layer) for layer in self.layers],
            "causes": [finding.as_json() for finding in self.causes],
            "risks": [finding.as_json() for finding in self.risks],
            "notes": list(self.notes),
        }


def _layer_as_json(layer: Layer) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "url": layer.url,
        "problem": layer.problem,
        "verdict": layer.verdict,
        "worst_pass": layer.worst_pass,
        "passes": {
            name: {
                "verdict": one.verdict,
                "reason": one.reason,
                "metrics": {
                    key: round(value, 6) if isinstance(value, float) else value
                    for key, value in one.metrics._asdict().items()
                },
            }
            for name, one in layer.passes.items()
        },
    }


def diagnose(measurements: Sequence[Measurement], allowed: Thresholds | None = None) -> Diagnosis:
    """Judge one round of measurements, in their order from the app outwards."""
    allowed = allowed or Thresholds()
    layers: list[Layer] = []
    for one in measurements:
        layers.append(_judged(one, layers, allowed))
    return _conclude(layers, allowed, ())


def _judged(one: Measurement, earlier: Sequence[Layer], allowed: Thresholds) -> Layer:
    layer = Layer(one.layer, one.url, one.problem, one.facts, {})
    passes: dict[str, Judged] = {}
    for name in sorted(one.passes, key=lambda name: name != "identity"):
        if one.passes[name]:
            before = _before(name, earlier)
            passes[name] = judge(
                name,
                one.passes[name],
                same_pass(name, before.passes) if before else None,
                passes.get("identity"),
                allowed.eased(_waited(one).get(name, 0.0)),
                busy=one.facts.get("reader_busy", {}).get(name, 0.0),
                length=_length(before.passes) if before else 0,
                nearest=layer.nearest,
            )
    for name, why in one.facts.get("unsteady", {}).items():
        if name in passes:
            passes[name] = _unsteady(passes[name], why)
    return layer._replace(passes=passes)


def _unsteady(judged: Judged, why: str) -> Judged:
    return judged._replace(verdict=words.UNKNOWN, problem=words.UNSTEADY, reason=why)


def _waited(of: Measurement | Layer) -> Mapping[str, float]:
    """For how much of the time of each pass the reader waited for a CPU."""
    found: Mapping[str, float] = of.facts.get("reader_waited", {})
    return found


def _before(name: str, earlier: Sequence[Layer]) -> Layer | None:
    """The layer to compare a pass with: the last one that could be read and has a pass like it."""
    alike = (layer for layer in reversed(earlier) if layer.usable and same_pass(name, layer.passes))
    return next(alike, None)


def _length(passes: Mapping[str, Judged]) -> int:
    """How many events the stream has, when each of several passes has found as many; else 0."""
    single = [judged for judged in passes.values() if len(judged.timelines) == 1]
    whole = [judged.timelines[0] for judged in single]
    counts = {len(one.events) for one in whole if one.ended in {"complete", "close"}}
    told = all(one.format != "chunks" for one in whole)
    return counts.pop() if len(whole) > 1 and len(counts) == 1 and told else 0


def confirm(first: Diagnosis, second: Diagnosis) -> Diagnosis:
    """What only one of two rounds has seen is noise: of each pass the better one counts. Both are
    compared with what counts of the layer before, not with its noise.
    """
    notes: list[str] = []
    layers: list[Layer] = []
    for pair in zip(first.layers, second.layers):
        one, other = (_judged(layer.measurement(), layers, first.allowed) for layer in pair)
        passes = {}
        for name, judged in one.passes.items():
            again = other.passes.get(name)
            passes[name], note = _milder(judged, again or NOT_AGAIN)
            if note:
                notes.append(f"Noise: the {name} pass at {one.name} was {note}.")
        facts = _facts(one, other, passes)
        problem = one.problem and other.problem
        layers.append(one._replace(passes=passes, facts=facts, problem=problem))
    return _conclude(layers, first.allowed, notes)


def _facts(one: Layer, other: Layer, passes: Mapping[str, Judged]) -> dict[str, Any]:
    """The facts of each pass are those of the round that counts for it; a later task has to know
    what was unsteady, for it gets one round only.
    """
    facts = {**other.facts, **one.facts}
    of_second = {
        name
        for name, judged in passes.items()
        if judged.timelines is not one.passes[name].timelines
    }
    for key in OF_PASSES:
        first, second = one.facts.get(key, {}), other.facts.get(key, {})
        kept = {name: value for name, value in first.items() if name not in of_second}
        kept.update((name, value) for name, value in second.items() if name in of_second)
        if kept or key in facts:
            facts[key] = kept
    for key, name in OF_PASS.items():
        if name in of_second and key in other.facts:
            facts[key] = other.facts[key]
    unsteady = {
        name: judged.reason for name, judged in passes.items() if judged.problem == words.UNSTEADY
    }
    return {**facts, "unsteady": unsteady} if unsteady else facts


def _milder(one: Judged, other: Judged) -> tuple[Judged, str]:
    """The better of two rounds, and what is to be said of the worse."""
    better, worse = sorted((one, other), key=lambda judged: judged.rank)
    if better.rank == worse.rank == 0:
        return (one if one.verdict == words.STREAMING else other), ""
    if better.rank == 0:
        return better, f"{worse.verdict} in one of two rounds ({worse.reason})"
    if not words.alike(better.problem, worse.problem):
        why = f"{one.verdict} in one round ({one.reason}), {other.verdict} in the other"
        why = f"{why} ({other.reason})"
        return _unsteady(better, why), ""
    return better, ""


def _conclude(layers: Sequence[Layer], allowed: Thresholds, noted: Sequence[str]) -> Diagnosis:
    notes = [*noted, *_remarks(layers)]
    at_fault = _culprit(layers)
    causes: tuple[Finding, ...] = ()
    if at_fault:
        layer, before, name = at_fault
        suspects = hops_between(before.name if before else None, layer.name)
        causes = _look_up(layer, before, name, suspects, allowed)
        where = {"app" if found.layer in HOPS[:3] else found.layer for found in causes}
        if len(where) > 1 and (before is None or before is not layers[layers.index(layer) - 1]):
            notes.append(
                f"The {name} pass was not measured nearer to the app than {layer.name}: whether the"
                " app or what is in front of it is at fault cannot be told apart."
            )
    else:
        unknown = [layer for layer in layers if layer.usable and layer.verdict == words.UNKNOWN]
        for layer in unknown[:1]:
            causes = _look_up(layer, None, layer.worst_pass, (), allowed)
    risks = [
        risk
        for layer, before in _pairs(layers)
        if layer.usable
        for risk in _look_up(
            layer, before, "", hops_between(before and before.name, layer.name), allowed, risk=True
        )
    ]
    unique = {risk.cause.id: risk for risk in reversed(risks)}
    return Diagnosis(
        tuple(layers),
        at_fault[0].name if at_fault else "",
        at_fault[2] if at_fault else "",
        causes,
        tuple(reversed(list(unique.values()))),
        tuple(notes),
        allowed,
    )


def _remarks(layers: Sequence[Layer]) -> Iterator[str]:
    """What a reader of the verdict has to know besides."""
    for layer in _unreadable(layers):
        reasons = [judged.reason for judged in layer.passes.values()]
        yield f"{layer.name} could not be measured: {layer.problem or next(iter(reasons), '')}."
    for layer in layers:
        if not layer.passes and not layer.problem:
            yield f"{layer.name} was not measured: none of its passes makes sense there."
        for name, judged in layer.passes.items():
            if any(len(one.events) >= KEPT for one in judged.timelines):
                which = f"the {name} pass at {layer.name}"
                yield f"The figures of {which} are of its first {KEPT} events."
            if judged.verdict == words.UNKNOWN and layer.verdict != words.UNKNOWN:
                yield f"The {name} pass at {layer.name} does not tell: {judged.reason}."
    waited = max((share for layer in layers for share in _waited(layer).values()), default=0.0)
    if waited > words.STARVED:
        yield (
            f"The machine that measured was busy: its reader had to wait for a CPU {waited:.0%} of"
            " the time, so small delays do not count."
        )


def _pairs(layers: Sequence[Layer]) -> Iterator[tuple[Layer, Layer | None]]:
    """Each layer with the one before it that could be read."""
    before: Layer | None = None
    for layer in layers:
        yield layer, before
        before = layer if layer.usable else before


def _unreadable(layers: Sequence[Layer]) -> list[Layer]:
    """Layers that refuse all streams, though streams come through them: the reader's problem."""
    found = []
    for index, layer in enumerate(layers):
        beyond = any(one.usable for one in layers[index + 1 :])
        if layer.problem or (layer.passes and not layer.usable and beyond):
            found.append(layer)
    return found


def _culprit(layers: Sequence[Layer]) -> tuple[Layer, Layer | None, str] | None:
    """The first layer with a pass that is worse than before, that layer before, and the pass."""
    unreadable = _unreadable(layers)
    for index, layer in enumerate(layers):
        if layer in unreadable:
            continue
        earlier = layers[:index]
        worse = {
            name: judged.rank
            for name, judged in layer.passes.items()
            if judged.rank > _rank_before(name, earlier)
        }
        if worse:
            name = max(worse, key=lambda name: worse[name])
            return layer, _before(name, earlier), name
    return None


def _rank_before(name: str, earlier: Sequence[Layer]) -> int:
    before = _before(name, earlier)
    judged = same_pass(name, before.passes) if before else None
    return judged.rank if judged else 0


def hops_between(before: str | None, layer: str) -> tuple[str, ...]:
    """Where the cause can be when a layer is worse than the one before it (None: there is none)."""
    here = REACH.get(layer, REACH["edge"])
    there = REACH.get(before, REACH["edge"]) if before is not None else -1
    return HOPS[there + 1 : here + 1] or HOPS[here : min(here + 2, REACH["edge"] + 1)]


def _look_up(
    layer: Layer,
    before: Layer | None,
    at_fault: str,
    suspects: Sequence[str],
    allowed: Thresholds,
    *,
    risk: bool = False,
) -> tuple[Finding, ...]:
    """The causes whose signs are seen, the likeliest first."""
    passes = before.passes if before else {}
    signs = seen(Scene(layer.passes, passes, at_fault, layer.facts, allowed, layer.nearest))
    found = [
        cause
        for cause in CAUSES
        if cause.risk == risk
        and (not cause.layer or cause.layer in suspects)
        and signs.keys() >= set(cause.needs)
        and not signs.keys() & set(cause.excludes)
    ]
    found.sort(key=lambda cause: -_weight(cause, signs))
    return tuple(
        Finding(cause, cause.layer or layer.name, _evidence(cause, signs)) for cause in found
    )


def _evidence(cause: Cause, signs: Mapping[str, str]) -> tuple[str, ...]:
    names = (*cause.needs, *cause.supports)
    return tuple(dict.fromkeys(signs[name] for name in names if name in signs))


def _weight(cause: Cause, signs: Mapping[str, str]) -> int:
    """The more it explains, the likelier it is."""
    return 2 * len(cause.needs) + sum(name in signs for name in cause.supports)
