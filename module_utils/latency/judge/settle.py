# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one measurement that would settle what is still open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Sequence

from . import words
from .lookup import POSSIBLE

if TYPE_CHECKING:
    from .culprit import Culprit
    from .layers import Layer
    from .lookup import Finding

STAMPS = (
    "Put the time of sending into each event (sent_monotonic, see sent_field), or measure the"
    " probe. Then it is known whether the app itself sends its events together."
)
CLOSER = "Measure nearer to the app too: at Nginx on the host, and at the app's own socket."
TOGETHER = "Read several streams at once (passes: [identity, parallel])."
STEADY = "Measure where no packets are lost: on the host itself, or by another network."
QUIET = "Measure again when the machine has less to do."
ONCE_MORE = "Measure again: the two rounds contradict each other."
MORE = "Measure a longer stream, or give the request that starts one (method, headers, body)."


def next_step(layers: Sequence[Layer], culprit: Culprit | None, causes: Sequence[Finding]) -> str:
    """What to measure next, in a sentence; empty if nothing is open."""
    return _of_culprit(culprit, causes) if culprit else _of_unknown(layers, causes)


def _of_culprit(culprit: Culprit, causes: Sequence[Finding]) -> str:
    judged = culprit.layer.passes[culprit.name]
    first = causes[0] if causes else None
    if first and first.confidence != POSSIBLE:
        return ""
    if judged.problem == words.WAITING and culprit.name != "parallel":
        return TOGETHER
    if not culprit.before and not culprit.layer.nearest:
        return CLOSER
    return f"Measure again with {first.cause.settle}." if first and first.cause.settle else ""


def _of_unknown(layers: Sequence[Layer], causes: Sequence[Finding]) -> str:
    if causes and not causes[0].cause.plain and not layers[0].nearest:
        return CLOSER
    problems = [
        judged.problem
        for layer in layers
        if layer.verdict == words.UNKNOWN
        for judged in layer.passes.values()
    ]
    steps = {
        words.BUNCHED: STAMPS,
        words.NETWORK: STEADY,
        words.MACHINE: QUIET,
        words.READER: QUIET,
        words.UNSTEADY: ONCE_MORE,
        words.NO_STREAM: MORE,
    }
    return next((step for problem, step in steps.items() if problem in problems), "")
