"""The words that the sentences are made of."""

from __future__ import annotations

from plugins.module_utils.settings.words import shown


def test_a_long_value_is_shortened() -> None:
    assert shown("x" * 1000) == repr("x" * 57 + "...")
    assert len(shown(["x" * 1000])) == 60
