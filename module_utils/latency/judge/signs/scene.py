# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the signs look at, and the list of all signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple, Sequence

from .. import words
from ..ends import answered, is_cut
from ..judged import SINGLE, Judged, same_pass

if TYPE_CHECKING:
    from ...thresholds import Thresholds
    from ...timeline import Timeline


class Scene(NamedTuple):
    """A layer and the layer before it, by their passes. ``before`` is empty for the first layer.

    ``at_fault`` is the name of the pass at fault, or empty. ``nearest`` says that nothing is
    between the layer and the app.
    """

    here: Mapping[str, Judged]
    before: Mapping[str, Judged]
    at_fault: str
    allowed: Thresholds
    nearest: bool = True

    def worse(self, name: str, problem: str) -> Judged | None:
        """The pass, if it has this problem and is worse than at the layer before."""
        found, before = self.here.get(name), same_pass(name, self.before)
        if found and found.problem == problem and found.rank > (before.rank if before else 0):
            return found
        return None

    @property
    def outside(self) -> bool:
        """Whether nothing nearer to the app was read: then what the app sends is not known."""
        return not self.before and not self.nearest

    @property
    def fault(self) -> Judged | None:
        """The pass at fault."""
        return self.here.get(self.at_fault)

    @property
    def singles(self) -> list[Timeline]:
        """The streams of this layer that were read one by one."""
        return [one for name in SINGLE if name in self.here for one in self.here[name].timelines]

    @property
    def one(self) -> Timeline | None:
        """The first stream of the pass at fault, or of any pass."""
        judged = self.fault or next(iter(self.here.values()), None)
        return judged.timelines[0] if judged and judged.timelines else None

    @property
    def one_before(self) -> Timeline | None:
        """The same stream at the layer before."""
        judged = self.before.get(self.at_fault) or next(iter(self.before.values()), None)
        return judged.timelines[0] if judged and judged.timelines else None

    @property
    def headers_before(self) -> tuple[tuple[str, str], ...]:
        """The headers of the answer at the layer before."""
        return self.one_before.headers if self.one_before else ()

    @property
    def cut(self) -> Timeline | None:
        """A stream of the pass at fault that was cut."""
        if not self.fault or self.fault.problem not in {
            words.CUT,
            words.EARLY_END,
            words.TIME_IS_UP,
        }:
            return None
        before = self.before.get(self.at_fault)
        others = [*(before.timelines if before else ()), *self.singles]
        streams = self.fault.timelines
        return next((one for one in streams if is_cut(one, others)), streams[0])

    def blamed_for(self, problem: str) -> str:
        """Why the pass at fault has this problem; '' if it has another."""
        return self.fault.reason if self.fault and self.fault.problem == problem else ""

    def first_worse(self, names: Sequence[str], problem: str) -> str:
        """The first of these passes that has this problem and is worse than before, and why."""
        found = ((name, self.worse(name, problem)) for name in names)
        return next((f"{name} pass: {one.reason}" for name, one in found if one), "")

    @property
    def refused(self) -> list[Timeline]:
        """The streams of the pass at fault that were refused."""
        streams = self.fault.timelines if self.fault else ()
        return [one for one in streams if not answered(one)]


Sign = Callable[[Scene], str]
SIGNS: dict[str, Sign] = {}
BEHIND: set[str] = set()  # signs of what the layer before does; from outside alone nobody knows it


def sign(function: Sign) -> Sign:
    """Put a sign on the list, under its name."""
    SIGNS[function.__name__] = function
    return function


def sign_behind(function: Sign) -> Sign:
    """Put a sign of the layer before on the list."""
    BEHIND.add(function.__name__)
    return sign(function)


def seen(scene: Scene) -> dict[str, str]:
    """The signs that the scene shows: name to evidence."""
    found = {name: function(scene) for name, function in SIGNS.items()}
    return {name: evidence for name, evidence in found.items() if evidence}
