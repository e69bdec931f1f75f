# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look up the causes of what a layer shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from .causes import CAUSES, Cause
from .signs import Scene, seen

if TYPE_CHECKING:
    from ..thresholds import Thresholds
    from .layers import Layer


class Finding(NamedTuple):
    """A cause, the place where it is, and the evidence for it."""

    cause: Cause
    layer: str
    evidence: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """An item of the module's results ``causes`` and ``risks``."""
        cause = self.cause
        return {
            "cause": cause.id,
            "layer": self.layer,
            "title": cause.title,
            "evidence": list(self.evidence),
            "remedy": cause.remedy,
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
    signs = seen(Scene(layer.passes, passes, at_fault, allowed, layer.nearest))
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
    """The more signs a cause explains, the likelier it is."""
    return 2 * len(cause.needs) + sum(name in signs for name in cause.supports)
