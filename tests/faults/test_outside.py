"""From outside alone, without the layers behind, most faults are seen and named too."""

from __future__ import annotations

import pytest

from tests.faults.report import Record

ENOUGH = 30  # faults, of which one more or less says little
SHARE = 0.9


def test_share(record: Record, rounds: range) -> None:
    """Of the faults that test_faults has measured from outside as well; not each, but most."""
    if len(rounds) == 1 or len({one.fault.name for one in record.outside}) < ENOUGH:
        pytest.skip("too little was measured")
    missed = [one for one in record.outside if not one.right]
    share = 1 - len(missed) / len(record.outside)
    assert share >= SHARE, "\n".join(f"{one.fault.name}: {one.causes[:2]}" for one in missed)
