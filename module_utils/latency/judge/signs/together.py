# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs that two streams show which were read side by side."""

from __future__ import annotations

from .. import figures, words
from ..judged import SINGLE
from .scene import Scene, sign

SIDE_BY_SIDE = 0.5  # seconds between their starts
SAME_MOMENT = 0.005  # seconds


@sign
def pauses_together(scene: Scene) -> str:
    """Two streams pause at the same moments, and in between their events are on time."""
    one = scene.one
    if not one or not scene.fault or scene.fault.problem != words.HELD:
        return ""
    pauses = [one.began + at for at in figures.pauses_of(one)]
    for other in scene.singles:
        if not pauses or other is one or abs(other.began - one.began) > SIDE_BY_SIDE:
            continue
        others = [other.began + at for at in figures.pauses_of(other)]
        same = sum(any(abs(at - then) < SAME_MOMENT for then in others) for at in pauses)
        if same >= 0.8 * len(pauses):
            return f"{len(pauses)} pauses end at the same moments in two streams"
    return ""


@sign
def got_anothers_events(scene: Scene) -> str:
    """A stream got the events of the one that was read beside it, when that one had ended."""
    return scene.first_worse(SINGLE, words.COPIED)
