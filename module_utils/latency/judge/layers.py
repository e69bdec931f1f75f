# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A layer with its verdict, and its place on the way from the app to the client."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from ..measurement import Measurement, Pass
from . import words
from .judged import SAME_STREAM, SINGLE, Judged, same_pass
from .verdict import judge

if TYPE_CHECKING:
    from ..thresholds import Thresholds
    from ..timeline import Timeline

# The hops of a stream. A layer is read behind the hops up to its reach, an index of HOPS.
HOPS = ("app", "gunicorn", "systemd", "nginx", "edge", "client")
REACH = {"app": 2, "gunicorn": 2, "nginx": 3, "origin": 3, "public": 4, "edge": 4, "client": 5}


class Layer(NamedTuple):
    """A layer with the verdict on each of its passes, by the pass's name."""

    name: str
    url: str
    problem: str
    passes: Mapping[str, Judged]
    skipped: Mapping[str, str] = {}

    @property
    def verdict(self) -> str:
        """The worst verdict of its passes. Unknown if no pass streams, or if one is unsteady."""
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
        """Whether it is the app's own socket, with nothing in front that could hold a stream."""
        return REACH.get(self.name, REACH["edge"]) <= REACH["gunicorn"]

    @property
    def usable(self) -> bool:
        """Whether the next layer can be compared with it."""
        return not self.problem and any(
            one.verdict != words.REFUSED for one in self.passes.values()
        )

    @property
    def streams(self) -> list[Timeline]:
        """All streams of its passes."""
        return [stream for one in self.passes.values() for stream in one.timelines]

    def measurement(self) -> Measurement:
        """What the verdict rests on."""
        passes = {name: judged.measured for name, judged in self.passes.items()}
        return Measurement(self.name, passes, self.url, self.problem, self.skipped)

    def as_json(self) -> dict[str, Any]:
        """An item of the module's result ``layers``. Times are seconds, to the microsecond."""
        return {
            "layer": self.name,
            "url": self.url,
            "problem": self.problem,
            "verdict": self.verdict,
            "worst_pass": self.worst_pass,
            "passes": {
                name: {
                    "verdict": one.verdict,
                    "problem": one.problem,
                    "reason": one.reason,
                    "eased": one.eased,
                    "metrics": {
                        key: round(value, 6) if isinstance(value, float) else value
                        for key, value in one.metrics._asdict().items()
                    },
                }
                for name, one in self.passes.items()
            },
        }


def judge_layer(
    one: Measurement,
    earlier: Sequence[Layer],
    allowed: Thresholds,
    known: Mapping[str, Sequence[Layer]] = MappingProxyType({}),
) -> Layer:
    """Judge all passes of a layer. ``earlier`` are the layers before it, from the app outwards.

    ``known`` has each layer in all rounds so far, by name. They show how much the stream differs.
    """
    layer = Layer(one.layer, one.url, one.problem, {}, one.skipped)
    # Many streams at once show a queue better than two.
    singles = [] if "parallel" in one.passes else _singles(one.passes)
    passes: dict[str, Judged] = {}
    for name in sorted(one.passes, key=lambda name: name != "identity"):
        if one.passes[name].timelines:
            first = one.passes[name].timelines[0]
            before = layer_before(name, earlier)
            passes[name] = judge(
                name,
                one.passes[name],
                same_pass(name, before.passes) if before else _uncompressed(name, passes),
                passes.get("identity"),
                allowed,
                here=[
                    *_singles(one.passes),
                    *(stream for same in known.get(one.layer, ()) for stream in _all(same)),
                ],
                earlier=[
                    stream
                    for layer in earlier
                    if layer.usable
                    for same in known.get(layer.name, (layer,))
                    for stream in _blameless(same)
                ],
                beside=[stream for stream in singles if stream is not first],
                nearest=layer.nearest,
            )
    return layer._replace(passes=passes)


def _uncompressed(name: str, passes: Mapping[str, Judged]) -> Judged | None:
    """At the first layer, its uncompressed pass is what other passes can be compared with."""
    alone = passes.get("identity") if name in SAME_STREAM else None
    return alone if alone and alone.verdict == words.STREAMING else None


def _all(layer: Layer) -> list[Timeline]:
    return _singles({name: one.measured for name, one in layer.passes.items()})


def _blameless(layer: Layer) -> list[Timeline]:
    """The streams to compare with: those that streamed, or that may have been sent like this."""
    return _singles(
        {
            name: one.measured
            for name, one in layer.passes.items()
            if one.verdict == words.STREAMING or one.problem == words.BUNCHED
        }
    )


def _singles(passes: Mapping[str, Pass]) -> list[Timeline]:
    """The streams of the passes that read a single one, as any client would."""
    return [stream for name in SINGLE if name in passes for stream in passes[name].timelines]


def layer_before(name: str, earlier: Sequence[Layer]) -> Layer | None:
    """The last usable layer that has the pass ``name``, or one like it."""
    alike = (layer for layer in reversed(earlier) if layer.usable and same_pass(name, layer.passes))
    return next(alike, None)


def hops_between(before: str | None, layer: str) -> tuple[str, ...]:
    """The hops that can make ``layer`` worse than the layer before it (None: there is none)."""
    here = REACH.get(layer, REACH["edge"])
    there = REACH.get(before, REACH["edge"]) if before is not None else -1
    return HOPS[there + 1 : here + 1] or HOPS[here : min(here + 2, REACH["edge"] + 1)]
