# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a sign is looked for in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple

from .. import words
from ..ends import answered, is_cut
from ..judged import Judged, same_pass

if TYPE_CHECKING:
    from ...thresholds import Thresholds
    from ...timeline import Timeline


class Scene(NamedTuple):
    """A layer and the one before it (empty for the first), each by its passes; the pass that is at
    fault (empty when none is), what else is known, what is allowed; whether it is the app's own.
    """

    here: Mapping[str, Judged]
    before: Mapping[str, Judged]
    at_fault: str
    allowed: Thresholds
    nearest: bool = True

    def worse(self, name: str, problem: str) -> Judged | None:
        """The pass, if it has this problem and the layer before has not."""
        found, before = self.here.get(name), same_pass(name, self.before)
        if found and found.problem == problem and found.rank > (before.rank if before else 0):
            return found
        return None

    @property
    def fault(self) -> Judged | None:
        """The pass that is at fault."""
        return self.here.get(self.at_fault)

    @property
    def one(self) -> Timeline | None:
        """The stream to look at: that at fault, else any."""
        judged = self.fault or next(iter(self.here.values()), None)
        return judged.timelines[0] if judged and judged.timelines else None

    @property
    def one_before(self) -> Timeline | None:
        """The same stream at the layer before."""
        judged = self.before.get(self.at_fault) or next(iter(self.before.values()), None)
        return judged.timelines[0] if judged and judged.timelines else None

    @property
    def cut(self) -> Timeline | None:
        """A stream that was cut, in the pass at fault."""
        if not self.fault or self.fault.problem != words.CUT:
            return None
        before = self.before.get(self.at_fault)
        return next((one for one in self.fault.timelines if is_cut(one, before)), None)

    @property
    def refused(self) -> list[Timeline]:
        """The streams that were refused, in the pass at fault."""
        streams = self.fault.timelines if self.fault else ()
        return [one for one in streams if not answered(one)]


Sign = Callable[[Scene], str]
SIGNS: dict[str, Sign] = {}


def sign(look: Sign) -> Sign:
    """Put a sign on the list, under its name."""
    SIGNS[look.__name__] = look
    return look


def seen(scene: Scene) -> dict[str, str]:
    """All signs that are there, with what they saw."""
    found = {name: look(scene) for name, look in SIGNS.items()}
    return {name: words for name, words in found.items() if words}
