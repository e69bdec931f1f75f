# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure all layers, judge them, and measure again what looks bad."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from .errors import OptionError
from .judge.diagnosis import diagnose
from .judge.rounds import confirm, second_round, third_round
from .measurement import Measurement
from .read.curl import need
from .read.measure import measure
from .read.options import disturbance_of, plan_of, targets_of, without_none
from .redact import redacted
from .thresholds import Thresholds

if TYPE_CHECKING:
    from .judge.diagnosis import Diagnosis
    from .read.passes import Plan
    from .read.request import Disturbance, Target


class Ladder(NamedTuple):
    """What a task asks for: the layers to read, from the app outwards, and what is allowed.

    ``measured`` has layers that an earlier task read, nearer to the app.
    """

    targets: tuple[Target, ...]
    plan: Plan
    allowed: Thresholds
    measured: tuple[Measurement, ...] = ()
    rounds: int = 2
    disturbance: Disturbance | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Ladder:
        """From a task's options; missing ones and None mean the default. Raises OptionError."""
        given = without_none(options)
        disturbance = disturbance_of(given.get("disturbance"))
        try:
            allowed = Thresholds.of(without_none(given.get("thresholds", {})))
        except ValueError as error:
            raise OptionError(str(error)) from error
        ladder = cls(
            targets=targets_of(given),
            plan=plan_of(given),
            allowed=allowed,
            measured=_measured(given.get("measured", [])),
            rounds=given.get("rounds", 1 if disturbance else 2),
            disturbance=disturbance,
        )
        ladder._check()
        return ladder

    def _check(self) -> None:
        if not self.targets and not self.measured:
            raise OptionError("There is nothing to measure: give url, layers or measured.")
        if self.rounds not in (1, 2):
            raise OptionError(f"rounds is {self.rounds}; allowed are 1 and 2.")
        names = [one.layer for one in self.measured] + [one.name for one in self.targets]
        for name in names:
            if names.count(name) > 1:
                raise OptionError(f"Two layers are called '{name}'; each needs a name of its own.")

    def climb(self) -> dict[str, Any]:
        """Measure and judge. Returns the results of the module stream_latency, without secrets.

        What only one of two rounds sees is noise. Raises ReaderError.
        """
        if not all(target.request.command for target in self.targets):
            need()
        diagnosis = diagnose(self._measure(self.targets), self.allowed)
        if diagnosis.failed and self.rounds > 1 and self.targets:
            diagnosis = self._confirmed(diagnosis, second_round(diagnosis))
            if (third := third_round(diagnosis)) > len(self.measured):
                diagnosis = self._confirmed(diagnosis, third)
        measurements = diagnosis.measurements()
        found = diagnosis.as_json()
        found["streams"] = not diagnosis.failed
        found["measured"] = [one.as_json() for one in measurements]
        clean: dict[str, Any] = redacted(found)
        return clean

    def _confirmed(self, found: Diagnosis, enough: int) -> Diagnosis:
        """Measure that many layers again; the others too, if another one is at fault then."""
        targets = max(0, enough - len(self.measured))
        again = self._measure(self.targets if self.disturbance else self.targets[:targets])
        confirmed = confirm(found, again)
        if confirmed.culprit != found.culprit and len(again) < len(found.layers):
            again += measure(self.targets[targets:], self.plan)
            confirmed = confirm(found, again)
        return confirmed

    def _measure(self, targets: Sequence[Target]) -> tuple[Measurement, ...]:
        return self.measured + measure(targets, self.plan, self.disturbance)


def _measured(given: list[Mapping[str, Any]]) -> tuple[Measurement, ...]:
    try:
        return tuple(Measurement.of(one) for one in given)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise OptionError("measured is not the measured of an earlier task.") from error
