"""Each fault is put down to its layer and its cause."""

from __future__ import annotations

import pytest

from tests.faults.cases import FAULTS, Fault
from tests.faults.cures import cures_of
from tests.faults.laboratory import STREAM, diagnose, started
from tests.faults.report import Outcome, Outside, Record, Witnessed, expected
from tests.faults.witness import blind_to, look


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
            # After the diagnosis: it would fill the caches.
            seen = None if blind_to(fault) else look(found, fault, {**STREAM, **fault.stream})
        outcome = Outcome.of(fault, said)
        record.faults.append(outcome)
        if seen:
            record.witness.append(Witnessed(fault, *seen))
        assert outcome.right, said["text"]
        assert not seen or seen.layer == expected(fault), seen
        for cure in cures_of(fault):
            assert cure.words in outcome.remedy, "test_remedies applies another remedy"
