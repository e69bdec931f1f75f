"""Which releases stay on a host."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy.retention import Built, by_worth, staying

A = Built("aaaa", "2026-01-02", 9)
B = Built("bbbb", "2026-01-02", 8)
C = Built("cccc", "2026-01-03", 1)


@pytest.mark.parametrize(
    ("history", "order"),
    [
        ([], ["cccc", "aaaa", "bbbb"]),
        (["gone"], ["cccc", "aaaa", "bbbb"]),
        (["bbbb"], ["bbbb", "cccc", "aaaa"]),
        (["aaaa", "bbbb"], ["aaaa", "bbbb", "cccc"]),
    ],
)
def test_the_most_useful_first(history: list[str], order: list[str]) -> None:
    """What was live, the latest first, then what is newest."""
    assert by_worth([A, B, C], history) == order


@pytest.mark.parametrize(
    ("live", "keep", "stay"),
    [
        ("aaaa", 3, ["cccc", "bbbb"]),
        ("aaaa", 2, ["cccc"]),
        ("aaaa", 1, []),
        ("aaaa", 0, []),
        ("cccc", 3, ["aaaa", "bbbb"]),
        ("cccc", 2, ["aaaa"]),
        (None, 3, ["cccc", "aaaa"]),
        (None, 4, ["cccc", "aaaa", "bbbb"]),
    ],
)
def test_those_that_stay_beside_the_live_one(live: str | None, keep: int, stay: list[str]) -> None:
    assert staying(by_worth([A, B, C], []), live, keep) == stay
