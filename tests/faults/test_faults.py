"""Each fault is put down to its layer and its cause."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from plugins.module_utils.latency.measurement import Measurement
from tests.faults.cases import FAULTS, Fault
from tests.faults.cures import cures_of
from tests.faults.laboratory import STREAM, diagnose, started, was_busy
from tests.faults.report import Outcome, Outside, Record, Witnessed, expected
from tests.faults.stack import Running
from tests.faults.strips import picture
from tests.faults.witness import Seen, blind_to, look

LONGEST = 10.0  # seconds that a default diagnosis may take
LONGER = (
    20.0  # seconds; the same, of streams of 2 s, which are read up to three times at each layer
)
ATTEMPTS = 5  # while the machine is busy
PAUSE = 2.0  # seconds before the second attempt, twice that before the third, and so on


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault: Fault, record: Record, rounds: range) -> None:
    """One stack with one fault: the right layer, the right cause first."""
    for _ in rounds:
        said, outcome, seen = _measured(fault, record)
        record.faults.append(outcome)
        if seen:
            record.witness.append(Witnessed(fault, *seen))
        if fault.usual:
            record.took.append((said["took"], fault.default))
        assert outcome.right, said["text"]
        assert not seen or seen.layer == expected(fault), seen
        for cure in cures_of(fault):
            assert cure.words in outcome.remedy, "test_remedies applies another remedy"
        _draw(fault, said, record)
        assert not fault.usual or said["took"] < (LONGEST if fault.default else LONGER)


class _Measured(NamedTuple):
    said: dict[str, Any]
    outcome: Outcome
    seen: Seen | None


def _measured(fault: Fault, record: Record) -> _Measured:
    """What is said of it. A delay of 20 ms cannot be seen while others take the machine's CPUs.

    Those are tests beside this one, so each attempt leaves them more time to end.
    """
    for attempt in range(ATTEMPTS):
        time.sleep(PAUSE * attempt)
        with started(fault.stack) as found:
            said = _diagnosed(fault, found, disturbance=fault.disturbance, client=fault.client)
            outcome = Outcome.of(fault, said)
            if not outcome.right and was_busy(said) and attempt < ATTEMPTS - 1:
                continue
            if Outside.shows(fault):
                record.outside.append(Outside.of(fault, _diagnosed(fault, found, outside=True)))
            # After the diagnosis: it would fill the caches.
            seen = None if blind_to(fault) else look(found, fault, {**STREAM, **fault.stream})
        break
    return _Measured(said, outcome, seen)


def _diagnosed(fault: Fault, found: Running, **others: Any) -> dict[str, Any]:
    return diagnose(found, fault.path, fault.stream, passes=fault.passes, **others, **fault.more)


def _draw(fault: Fault, said: Mapping[str, Any], record: Record) -> None:
    """Keep the picture. A risk has none: it does not show yet."""
    measured = [Measurement.of(one) for one in said["measured"]]
    found = picture(measured, said["culprit_pass"] or "identity", fault.layer)
    if found and not fault.risk:
        record.pictures[fault.name] = found
