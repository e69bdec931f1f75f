"""Each fault is put down to its layer and its cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from plugins.module_utils.latency.measurement import Measurement
from tests.faults.cases import FAULTS, Fault
from tests.faults.cures import cures_of
from tests.faults.laboratory import diagnose, started, was_busy
from tests.faults.report import Outcome, Outside, Record
from tests.faults.stack import Running
from tests.faults.strips import picture

# Seconds that a diagnosis may take. The slowest read a stream of 2 s at three layers, twice: 12 s.
LONGEST = 15.0
ATTEMPTS = 3  # while the machine is busy


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault: Fault, record: Record, rounds: range) -> None:
    """One stack with one fault: the right layer, the right cause first."""
    for _ in rounds:
        said, outcome = _measured(fault, record)
        record.faults.append(outcome)
        if fault.usual:
            record.took.append(said["took"])
        assert outcome.right, said["text"]
        for cure in cures_of(fault):
            assert cure.words in outcome.remedy, "test_remedies applies another remedy"
        _draw(fault, said, record)
        assert not fault.usual or said["took"] < LONGEST


def _measured(fault: Fault, record: Record) -> tuple[dict[str, Any], Outcome]:
    """What is said of it. A delay of 20 ms cannot be seen while others take the machine's CPUs."""
    for attempt in range(ATTEMPTS):
        with started(fault.stack) as found:
            said = diagnose(
                found,
                fault.path,
                fault.stream,
                disturbance=fault.disturbance,
                client=fault.client,
                passes=fault.passes,
                **fault.more,
            )
            outcome = Outcome.of(fault, said)
            if not outcome.right and was_busy(said) and attempt + 1 < ATTEMPTS:
                continue
            if Outside.shows(fault):
                record.outside.append(Outside.of(fault, _from_outside(fault, found)))
        break
    return said, outcome


def _from_outside(fault: Fault, found: Running) -> dict[str, Any]:
    return diagnose(
        found, fault.path, fault.stream, outside=True, passes=fault.passes, **fault.more
    )


def _draw(fault: Fault, said: Mapping[str, Any], record: Record) -> None:
    """Keep the picture. A risk has none: it does not show yet."""
    measured = [Measurement.of(one) for one in said["measured"]]
    found = picture(measured, said["culprit_pass"] or "identity", fault.layer)
    if found and not fault.risk:
        record.pictures[fault.name] = found
