"""Each fault is put down to its layer and its cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from plugins.module_utils.latency.measurement import Measurement
from tests.faults.cases import FAULTS, Fault
from tests.faults.cures import cures_of
from tests.faults.laboratory import diagnose, started
from tests.faults.report import Outcome, Outside, Record
from tests.faults.strips import picture

# Seconds that a diagnosis may take. The slowest read a stream of 2 s at three layers, twice: 12 s.
LONGEST = 15.0


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault: Fault, record: Record, rounds: range) -> None:
    """One stack with one fault: the right layer, the right cause first."""
    for _ in rounds:
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
            if Outside.shows(fault):
                alone = diagnose(
                    found,
                    fault.path,
                    fault.stream,
                    outside=True,
                    passes=fault.passes,
                    **fault.more,
                )
                record.outside.append(Outside.of(fault, alone))
        outcome = Outcome.of(fault, said)
        record.faults.append(outcome)
        if fault.usual:
            record.took.append(said["took"])
        assert outcome.right, said["text"]
        for cure in cures_of(fault):
            assert cure.words in outcome.remedy, "test_remedies applies another remedy"
        _draw(fault, said, record)
        assert not fault.usual or said["took"] < LONGEST


def _draw(fault: Fault, said: Mapping[str, Any], record: Record) -> None:
    """Keep the picture. A risk has none: it does not show yet."""
    measured = [Measurement.of(one) for one in said["measured"]]
    found = picture(measured, said["culprit_pass"] or "identity", fault.layer)
    if found and not fault.risk:
        record.pictures[fault.name] = found
