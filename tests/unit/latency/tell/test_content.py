"""Units and words of the reports."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from plugins.module_utils.latency.judge.causes import CAUSES
from plugins.module_utils.latency.tell import content
from tests.unit.latency.stream_reports import diagnosis, faulty

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0 ms"),
        (0.00004, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.00994, "9.9 ms"),
        (0.00996, "10 ms"),
        (0.012, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.25, "1.25 s"),
        (9.996, "10.0 s"),
        (99.94, "99.9 s"),
        (99.96, "1 min 40 s"),
        (302, "5 min 2 s"),
        (3599.6, "1 h 0 min"),
        (-0.0004, "-0.4 ms"),
    ],
)
def test_seconds_as_people_say_them(value: float | None, shown: str) -> None:
    assert content.seconds(value) == shown


def test_the_pages_of_the_causes_are_in_the_documentation_that_the_collection_names() -> None:
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text())
    for cause in CAUSES:
        page = content.page_of({"cause": cause.id}).removeprefix(f"{galaxy['documentation']}/")
        assert (ROOT / "docs" / page).exists()
    assert content.page_of({"cause": "../evil"}) == ""


@pytest.mark.parametrize("verdict", [word for word in content.DOES if word != "unknown"])
def test_each_verdict_has_a_sentence(verdict: str) -> None:
    said = content.headline(diagnosis(faulty(), "nginx", "gzip", verdict))
    assert said == "nginx " + content.DOES[verdict] + "." or verdict == "streaming"
    assert said.endswith(".")
