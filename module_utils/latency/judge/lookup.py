# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look up the causes of what a layer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from .causes import CAUSES, FRONT, Cause
from .layers import HOPS
from .products import ANOTHER, NGINX, Product, product_of
from .signs import BEHIND, Scene, seen

if TYPE_CHECKING:
    from ..thresholds import Thresholds
    from .layers import Layer


# How sure a cause is.
PLAIN = "plain"  # the answer itself says it
LIKELY = "likely"  # no other cause explains as much
POSSIBLE = "possible"  # others explain as much


class Finding(NamedTuple):
    """A cause, the place where it is, and the evidence for it."""

    cause: Cause
    layer: str
    evidence: tuple[str, ...]
    product: str = ""  # that answers there, if it is known
    confidence: str = POSSIBLE

    def as_json(self) -> dict[str, Any]:
        """An item of the module's results ``causes`` and ``risks``."""
        cause = self.cause
        return {
            "cause": cause.id,
            "layer": self.layer,
            "title": cause.title,
            "evidence": list(self.evidence),
            "remedy": cause.remedy_for(self.product),
            "product": self.product,
            "confidence": self.confidence,
            "link": cause.link,
        }


def look_up(
    layer: Layer,
    before: Layer | None,
    at_fault: str,
    suspects: Sequence[str],
    allowed: Thresholds,
    *,
    risk: bool = False,
) -> tuple[Finding, ...]:
    """The causes whose signs are seen, the likeliest first.

    ``at_fault`` is the pass at fault, or empty. ``suspects`` are the hops where the cause can be.
    With ``risk`` only risks are looked up, otherwise only causes.
    """
    passes = before.passes if before else {}
    scene = Scene(layer.passes, passes, at_fault, allowed, layer.nearest)
    product = product_of(scene.one, scene.one_before) if not layer.nearest else Product()
    hops = _hops(suspects, product, alone=before is None)
    signs = seen(scene)
    found = [
        cause
        for cause in CAUSES
        if cause.risk == risk
        and (not cause.layer or cause.layer in hops)
        and signs.keys() >= _visible(cause, scene)
        and not signs.keys() & set(cause.excludes)
    ]
    weights = {cause.id: _weight(cause, signs, product, scene) for cause in found}
    # Of equals seen from outside, what is nearer to the reader comes first.
    found.sort(key=lambda cause: (-weights[cause.id], scene.outside and cause.layer in HOPS[:3]))
    return tuple(
        Finding(
            cause,
            _place(cause, layer, suspects, outside=scene.outside),
            _evidence(cause, signs, product),
            product.name,
            _confidence(cause, weights, before),
        )
        for cause in found
    )


def _hops(suspects: Sequence[str], product: Product, *, alone: bool) -> set[str]:
    """Where the cause can be, for what answers there.

    From outside alone (``alone``) the product in front says nothing about what is behind it. But
    no Nginx passes on the ``Server`` of an app.
    """
    hops = set(suspects)
    if "nginx" in hops and not product.may_be(NGINX):
        hops.add("edge")
        if not alone or product.name == ANOTHER:
            hops.remove("nginx")
    return hops | ({FRONT} if hops & {"nginx", "edge"} else set())


def _visible(cause: Cause, scene: Scene) -> set[str]:
    """The signs that it needs, without those that nobody can see from outside alone."""
    return set(cause.needs) - (BEHIND if scene.outside else set())


def _place(cause: Cause, layer: Layer, suspects: Sequence[str], *, outside: bool) -> str:
    """The hop of the cause. For a proxy it is the layer's own name, if none nearer was measured."""
    hidden = outside and cause.layer not in HOPS[:3]
    return cause.layer if cause.layer in suspects and not hidden else layer.name


def _evidence(cause: Cause, signs: Mapping[str, str], product: Product) -> tuple[str, ...]:
    names = (*cause.needs, *cause.supports)
    answers = f"{product.name} answers ({product.evidence})" if product.name else ""
    in_front = cause.layer in {"nginx", "edge", FRONT} and not cause.risk
    found = [signs[name] for name in names if name in signs] + [answers] * in_front
    return tuple(dict.fromkeys(filter(None, found)))


def _weight(cause: Cause, signs: Mapping[str, str], product: Product, scene: Scene) -> int:
    """The more signs a cause explains, the likelier it is.

    From outside alone it says little that a product answers: another one may be behind it.
    """
    fits = (cause.layer == "nginx" and product.name == NGINX) or (
        product.name in dict(cause.remedies)
    )
    return (
        2 * sum(name in signs for name in cause.needs)
        + sum(name in signs for name in cause.supports)
        + (1 if scene.outside else 2) * fits
    )


def _confidence(cause: Cause, weights: Mapping[str, int], before: Layer | None) -> str:
    if cause.plain:
        return PLAIN
    others = [weight for name, weight in weights.items() if name != cause.id]
    best = weights[cause.id] > max(others, default=0)
    return LIKELY if best and (before or not others) else POSSIBLE
