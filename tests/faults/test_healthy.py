"""A stack with nothing wrong is not accused, whatever its kind and however busy the machine."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from tests.faults.cases import HEALTHY, Healthy
from tests.faults.cases.fault import OWN, PROBE
from tests.faults.laboratory import STREAM, diagnose, started, was_busy
from tests.faults.load import busy
from tests.faults.report import Record, Trial
from tests.faults.stack import Running
from tests.faults.witness import NOTHING, blind_to, look

STAMPED = (PROBE, OWN)  # other streams are never twice the same, so the witness cannot compare them


@pytest.mark.parametrize("number", range(len(HEALTHY)), ids=[one.name for one in HEALTHY])
def test_healthy(number: int, record: Record, rounds: range) -> None:
    """No accusation in any run, also on a busy machine."""
    case = HEALTHY[number]
    # With one round, every fourth kind: a busy machine is busy for all tests.
    every = 4 if len(rounds) == 1 else 2
    runs = [(run + number) % every == 1 for run in rounds]
    if case.disturbance:  # it may not be there any more afterwards
        for loaded in runs:
            with started(case.stack) as found:
                check(case, found, record, loaded=loaded)
        return
    with started(case.stack) as found:
        for loaded in runs:
            check(case, found, record, loaded=loaded)
        # A network delays by itself, and some of it is lost.
        if case.path in STAMPED and not case.stack.network and not blind_to(case):
            seen = look(found, case, {**STREAM, **case.stream})
            record.unaccused.append((case.name, seen))
            assert seen == NOTHING


def check(case: Healthy, found: Running, record: Record, *, loaded: bool) -> None:
    """Measure it once."""
    with busy(4) if loaded else contextlib.nullcontext():
        said: dict[str, Any] = diagnose(
            found,
            case.path,
            case.stream,
            passes=case.passes,
            disturbance=case.disturbance,
            **case.more,
        )
    # On a busy machine it may be unknown. Otherwise that is so only where nobody can know it.
    accused = bool(said["culprit"])
    if case.unsure is False and not loaded and not was_busy(said):
        accused = not said["streams"]
    record.healthy.append(Trial(case.name, loaded, said["message"] if accused else ""))
    assert not accused, said["text"]
    if not loaded:
        record.changed.append((case.name, said["changed"]))
    if case.unsure:
        assert not said["streams"] and said["verdict"] == "unknown", said["text"]
