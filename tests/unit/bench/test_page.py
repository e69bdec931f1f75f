"""The page of the benchmark: its tables come from the raw data, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest

from bench import page
from bench.capacity import Step, broken, table
from bench.load import Found, Spread
from bench.processes import Usage, named, tree, usage
from bench.table import RESULTS

FAST = Spread(0.001, 0.002, 0.004, 0.005, 0.01, 100)
GOOD = Found(
    opened=100, refused=0, cut=0, lost=0, repeated=0, late=0, reasons={}, delay=FAST, first=FAST,
    gap=1.1, events=1000, seconds=10.0, cpu=0.1, lag=0.001,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, []),
        ({"refused": 3, "reasons": {"503": 3}}, ["3 refused"]),
        ({"refused": 3, "reasons": {"503": 1, "no event": 2}}, ["1 refused", "2 without an event"]),
        ({"cut": 1, "lost": 2}, ["1 cut", "2 lost"]),
        ({"late": 1}, ["1 late"]),
        ({"gap": 2.5}, ["gap 2.50 s"]),
        ({"delay": dataclasses.replace(FAST, p99=0.031)}, ["p99 31 ms"]),
        ({"delay": Spread.of([])}, ["p99 nan s"]),  # no event is no success
    ],
)
def test_broken_promises(change: dict[str, Any], said: list[str]) -> None:
    assert broken(dataclasses.replace(GOOD, **change), 1.0) == said


def test_a_row_shows_the_range_of_its_rounds_and_each_broken_promise() -> None:
    cost = dict.fromkeys(
        ("gunicorn_cpu", "nginx_cpu", "generator_cpu", "gunicorn_memory", "nginx_memory", "socket_memory"),
        0.5,
    )  # fmt: skip
    slow = dataclasses.replace(GOOD, delay=dataclasses.replace(FAST, p99=0.2))
    rounds = [
        {
            **dataclasses.asdict(Step("now", "http", 18_000)),
            "found": dataclasses.asdict(found),
            "cost": cost,
        }
        for found in (GOOD, slow)
    ]
    *_, row = table({"rounds": rounds}).splitlines()
    assert "18,000" in row and "4.0 ms to 200 ms" in row and row.endswith("| p99 200 ms |")


def test_the_page_says_what_is_not_measured(tmp_path: Path) -> None:
    found = page.page(tmp_path)
    assert found.count("Not measured yet") == len(page.PARTS)


def test_the_page_in_docs_is_made_from_the_raw_data() -> None:
    assert (page.ROOT / "docs/benchmarks.md").read_text() == page.page(RESULTS)


def test_each_raw_file_has_what_others_need_to_compare() -> None:
    for file in RESULTS.glob("*.json"):
        raw = json.loads(file.read_text())
        assert raw["rounds"] and {"date", "cpus", "cpu", "kernel"} <= set(raw), file


def test_usage_of_this_process() -> None:
    mine = tree(os.getpid())
    assert os.getpid() in mine
    found = usage(mine)
    assert found.cpu > 0 and found.pss > 1_000_000
    assert named(mine, "no-such-process") == []
    assert (found - found) == Usage()
