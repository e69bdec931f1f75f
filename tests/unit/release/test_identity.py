"""The name of a release."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from plugins.module_utils.release.identity import identify


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("d", {"a": 1, "b": 2}, {}), ("d", {"b": 2, "a": 1}, {}), True),
        (("d", {}, {"A": "1", "B": "2"}), ("d", {}, {"B": "2", "A": "1"}), True),
        (("d", {}, None), ("d", None, {}), True),
        (("d", {"a": 1}, {}), ("d", {"a": "1"}, {}), False),
        (("d", {"a": 1}, {}), ("e", {"a": 1}, {}), False),
        (("d", {}, {}), (None, {}, {}), False),
        (("d", {}, {"A": "1"}), ("d", {}, {}), False),
        (("d", {}, {"A": "1"}), ("d", {}, {"A": "2"}), False),
        (("d", {}, {"A": "1"}), ("d", {}, {"B": "1"}), False),
        (("d", {}, {"A": "1"}), ("d", {"A": "1"}, {}), False),
    ],
)
def test_the_id(one: tuple[Any, ...], other: tuple[Any, ...], same: bool) -> None:
    assert (identify(*one) == identify(*other)) is same


def test_a_guess_of_a_secret_takes_time() -> None:
    def cost(secrets: dict[str, str], rounds: int) -> float:
        began = time.process_time()
        for _ in range(rounds):
            identify("d", {}, secrets)
        return (time.process_time() - began) / rounds

    assert cost({"PIN": "1234"}, 1) > 20 * cost({}, 100)


def test_the_id_is_the_same_for_good() -> None:
    """A new way to make it would give each release on every host a new id."""
    assert identify("d", {"b": [1, "é"], "a": None}, {"KEY": "x"}) == "62c09d3608f0"
    assert identify("d", {"b": [1, "é"], "a": None}) == "2fc244e5c53f"


def test_it_is_twelve_digits_without_a_secret() -> None:
    secrets = {f"S{digit}": f"{digit:x}" for digit in range(16)} | {"KEY": "correct horse"}
    found = identify("d", {"unit": "correct horse"}, secrets)
    assert re.fullmatch(r"[0-9a-f]{12}", found)
