"""Each fault is put down to its layer and its cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from plugins.module_utils.latency.measurement import Measurement
from tests.faults.cases import FAULTS, Fault
from tests.faults.cures import cures_of
from tests.faults.laboratory import STREAM, diagnose, started, was_busy
from tests.faults.load import until_quiet
from tests.faults.report import Outcome, Outside, Record, Witnessed, expected
from tests.faults.stack import Running
from tests.faults.stalls import TRIES
from tests.faults.strips import picture
from tests.faults.witness import Seen, blind_to, look

LONGEST = 10.0  # seconds that a default diagnosis may take
LONGER = 24.0  # seconds; the same, of streams of 2 s: three layers, each read up to three times
MOST_CHANGED = TRIES / 4  # more often, and it is chance what the diagnosis says


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault: Fault, record: Record, rounds: range) -> None:
    """One stack with one fault: the right layer, the right cause first."""
    for _ in rounds:
        said, outcome, seen = until_quiet(lambda: _measured(fault, record), lambda one: one.in_vain)
        record.faults.append(outcome)
        if seen:
            record.witness.append(Witnessed(fault, *seen))
        if fault.usual:
            record.took.append((said["took"], fault.default))
        assert outcome.right, said["text"]
        record.changed.append((fault.name, said["changed"]))
        assert said["changed"] <= MOST_CHANGED, "short stalls of the reader change the diagnosis"
        assert not seen or seen.layer == expected(fault), seen
        for cure in cures_of(fault):
            assert cure.words in outcome.remedy, "test_remedies applies another remedy"
        _draw(fault, said, record)
        assert not fault.usual or said["took"] < (LONGEST if fault.default else LONGER)


class _Measured(NamedTuple):
    said: dict[str, Any]
    outcome: Outcome
    seen: Seen | None

    @property
    def in_vain(self) -> bool:
        """Whether the machine was too busy to see it."""
        return not self.outcome.right and was_busy(self.said)


def _measured(fault: Fault, record: Record) -> _Measured:
    """What is said of it. A delay of 20 ms cannot be seen while others take the machine's CPUs."""
    with started(fault.stack) as found:
        said = _diagnosed(fault, found, disturbance=fault.disturbance, client=fault.client)
        one = _Measured(said, Outcome.of(fault, said), None)
        if one.in_vain:
            return one
        if Outside.shows(fault):
            record.outside.append(_from_outside(fault, found))
        # After the diagnosis: it would fill the caches.
        if not blind_to(fault):
            one = one._replace(seen=look(found, fault, {**STREAM, **fault.stream}))
        return one


def _from_outside(fault: Fault, found: Running) -> Outside:
    said = until_quiet(
        lambda: _diagnosed(fault, found, outside=True),
        lambda said: was_busy(said) and not Outside.of(fault, said).right,
    )
    return Outside.of(fault, said)


def _diagnosed(fault: Fault, found: Running, **others: Any) -> dict[str, Any]:
    return diagnose(found, fault.path, fault.stream, passes=fault.passes, **others, **fault.more)


def _draw(fault: Fault, said: Mapping[str, Any], record: Record) -> None:
    """Keep the picture. A risk has none: it does not show yet."""
    measured = [Measurement.of(one) for one in said["measured"]]
    found = picture(measured, said["culprit_pass"] or "identity", fault.layer)
    if found and not fault.risk:
        record.pictures[fault.name] = found
