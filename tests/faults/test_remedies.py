"""The remedy that is named does what it says: the stack streams after it."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.latency.judge.causes import CAUSES
from tests.faults.cases import FAULTS, Fault
from tests.faults.cures import CURES, Cure, cures_of, key_of, reason_against
from tests.faults.laboratory import diagnose, started, was_busy
from tests.faults.load import until_quiet
from tests.faults.report import Cured, Record

FIRST = {key_of(fault): fault for fault in reversed(FAULTS)}  # the others get one cure only
CURED = [
    pytest.param(
        fault,
        cure,
        id=fault.name + (f"-{number}" if number > 1 else ""),
        marks=[] if fault is FIRST[key_of(fault)] else pytest.mark.again,
    )
    for fault in FAULTS
    for number, cure in enumerate(cures_of(fault), 1)
    if number == 1 or fault is FIRST[key_of(fault)]
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_complete(fault: Fault) -> None:
    """Each fault has a cure, in words of the catalogue's remedy, or a reason against one."""
    cause = next(one for one in CAUSES if one.id == fault.cause)
    remedies = [cause.remedy, *dict(cause.remedies).values()]
    cures = cures_of(fault)
    assert bool(cures) != bool(reason_against(fault))
    for cure in cures:
        assert any(cure.words in remedy for remedy in remedies), (cure.words, remedies)


def test_no_key_is_left_over() -> None:
    """Each row of the table is of a fault."""
    assert set(CURES) == {key_of(fault) for fault in FAULTS}


@pytest.mark.parametrize(("fault", "cure"), CURED)
def test_remedy(fault: Fault, cure: Cure, record: Record) -> None:
    """The same passes and the same stream, as long as the remedy is not another request."""
    cured = cure.change(fault)

    def measure() -> dict[str, Any]:
        with started(cured.stack) as found:
            return diagnose(
                found,
                cured.path,
                cured.stream,
                disturbance=cured.disturbance,
                client=cured.client,
                passes=cured.passes,
                **cured.more,
            )

    said = until_quiet(measure, lambda said: was_busy(said) and not said["streams"])
    outcome = Cured.of(fault, cure.words, said)
    record.cured.append(outcome)
    assert outcome.streams, said["text"]
