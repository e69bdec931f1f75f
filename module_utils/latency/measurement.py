# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was measured: a layer, by its passes. ``read`` makes it and ``judge`` takes it.

Values only, so that JSON can carry them from the host to the controller.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from .timeline import Timeline


class Pass(NamedTuple):
    """One way to read a layer, as it was measured. ``timelines`` has one item for each stream.

    ``busy``, ``waited`` and ``pressed`` are shares of the time, 0 to 1: how long the reader used a
    CPU, how long it waited for one, and how long anybody on its machine did. A short pass has 0.
    """

    timelines: tuple[Timeline, ...]
    busy: float = 0.0
    waited: float = 0.0
    pressed: float = 0.0
    open_before: int | None = None  # streams of the app, before the readers opened theirs
    open_after: int | None = None  # and after the readers left
    unsteady: str = ""  # why two rounds contradict each other

    def as_json(self) -> dict[str, Any]:
        """What ``of`` reads; without the fields that have their defaults."""
        default = Pass(())
        found = {
            name: value
            for name, value in self._asdict().items()
            if name == "timelines" or value != getattr(default, name)
        }
        return {**found, "timelines": [one.as_json() for one in self.timelines]}

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Pass:
        """The pass that ``as_json`` wrote. Raises what Python raises on anything else."""
        timelines = tuple(Timeline.of(one) for one in found["timelines"])
        return cls(**{**found, "timelines": timelines})


class Measurement(NamedTuple):
    """A layer, measured in one round.

    ``passes`` and ``skipped`` have the names of passes: those that were made, and for the others
    the reason. ``problem`` says why this host could not try the layer at all, for example because
    it may not open the socket; that says nothing about the layer.
    """

    layer: str
    passes: Mapping[str, Pass]
    url: str = ""
    problem: str = ""
    skipped: Mapping[str, str] = {}

    def as_json(self) -> dict[str, Any]:
        """What ``of`` reads."""
        passes = {name: one.as_json() for name, one in self.passes.items()}
        return {**self._asdict(), "passes": passes}

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Measurement:
        """The measurement that ``as_json`` wrote. Raises what Python raises on anything else."""
        passes = {name: Pass.of(one) for name, one in found["passes"].items()}
        return cls(**{**found, "passes": passes})
