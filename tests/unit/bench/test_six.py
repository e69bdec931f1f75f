"""Which settings matter: the combinations, their words, and what the outcomes say."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from bench import six, verdicts
from bench.six import ALL, NONE, Cell
from bench.verdicts import (
    ALONE,
    COSTS,
    FOLKLORE,
    HEADER,
    HTTP_1_1,
    HTTP_1_1_FRAMED,
    MATTERS,
    Outcome,
)

GOOD = Outcome("streaming", "whole", "stays", "error", "whole", "")
BASE = Cell("1.22.1", "uvicorn", "stock", ALL, "1.1", "sse", gzip=False)
CELLS = six.cells("1.22.1", "uvicorn") + six.cells("1.26.3", "asgi")
BUFFERING, CHUNKED, GZIP = "proxy_buffering off", "chunked_transfer_encoding off", "gzip off"


def test_each_cell_has_a_name_of_its_own_and_is_found_by_it() -> None:
    assert len({cell.key for cell in CELLS}) == len(CELLS)
    assert [Cell.of(cell.key) for cell in CELLS] == CELLS


def test_each_cell_has_a_location() -> None:
    there = {name for name, _ in six.locations("/app.sock")}
    assert {cell.location for cell in CELLS} == there


def test_a_location_has_what_was_chosen_and_inherits_the_rest() -> None:
    directives = dict(six.locations("/app.sock"))
    none, tuned = directives["stock", NONE, "1.0"], directives["tuned", ALL - {GZIP}, "1.1"]
    assert none == {
        "proxy_pass": "http://unix:/app.sock:/",
        "proxy_http_version": "1.0",
        "proxy_read_timeout": "1s",
        "proxy_send_timeout": "1s",
        "gzip": "on",
    }
    assert tuned["gzip"] == "on" and tuned["gzip_types"] == "*" and tuned["proxy_cache"] == "off"
    assert directives["tuned", ALL, "1.1"]["gzip"] == "off"


ALONE_CELLS = [
    BASE._replace(http=http, gzip=gzip, worker=worker)
    for http, gzip, worker in itertools.product(("1.0", "1.1"), (False, True), ("uvicorn", "asgi"))
]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        (lambda _: False, "none"),
        (lambda _: True, "all"),
        (lambda cell: cell.http == "1.0", "HTTP/1.0 to the app"),
        (lambda cell: cell.gzip and cell.worker == "asgi", "reader accepts gzip, asgi"),
        (
            lambda cell: cell.gzip or cell.http == "1.0",
            "HTTP/1.0 to the app; HTTP/1.1 to the app, reader accepts gzip",
        ),
    ],
)
def test_describe(chosen: Callable[[Cell], bool], words: str) -> None:
    assert six.describe([cell for cell in ALONE_CELLS if chosen(cell)], ALONE_CELLS) == words


def outcomes(seen: Callable[[Cell], Outcome]) -> dict[Cell, Outcome]:
    return {cell: seen(cell) for cell in CELLS}


def held_without_buffering_off(cell: Cell) -> Outcome:
    return GOOD if BUFFERING in cell.chosen else GOOD._replace(verdict="buffered")


def hides_when_chunked_is_off(cell: Cell) -> Outcome:
    return GOOD._replace(killed="looks complete") if CHUNKED in cell.chosen else GOOD


def held_with_nothing_set(cell: Cell) -> Outcome:
    return GOOD._replace(verdict="lumped") if cell.chosen == NONE else GOOD


def truncated_over_http_1_0(cell: Cell) -> Outcome:
    return GOOD._replace(silence="error") if cell.http == "1.0" else GOOD


def seen_unless_chunked_is_off(cell: Cell) -> Outcome:
    hidden = CHUNKED in cell.chosen or cell.http == "1.0"
    return GOOD._replace(killed="looks complete") if hidden else GOOD


def held_without_the_header(cell: Cell) -> Outcome:
    return GOOD if cell.polite else GOOD._replace(ended="looks complete")


def late_when_large(cell: Cell) -> Outcome:
    late = cell.large and BUFFERING not in cell.chosen
    return GOOD._replace(verdict="delayed") if late else GOOD


@pytest.mark.parametrize(
    ("seen", "setting", "verdict"),
    [
        (held_without_buffering_off, BUFFERING, MATTERS),
        (held_without_buffering_off, GZIP, FOLKLORE),
        (held_without_buffering_off, HTTP_1_1, FOLKLORE),
        (held_without_buffering_off, HEADER, FOLKLORE),
        (hides_when_chunked_is_off, CHUNKED, COSTS),
        (held_with_nothing_set, GZIP, ALONE),
        (truncated_over_http_1_0, HTTP_1_1, MATTERS),
        (seen_unless_chunked_is_off, HTTP_1_1, ALONE),
        (seen_unless_chunked_is_off, HTTP_1_1_FRAMED, MATTERS),
        (held_without_the_header, HEADER, MATTERS),
        (late_when_large, BUFFERING, MATTERS),
    ],
)
def test_verdict(seen: Callable[[Cell], Outcome], setting: str, verdict: str) -> None:
    found = [
        verdicts.changes(verdicts.compared(outcomes(seen), setting, alone=alone))
        for alone in (False, True)
    ]
    assert verdicts.classify(*found) == verdict


def test_the_most_frequent_outcome_counts() -> None:
    good, bad = ",".join(GOOD), ",".join(GOOD._replace(verdict="delayed"))
    found, unsteady = verdicts.settled({BASE.key: {bad: 1, good: 4}})
    assert found == {BASE: GOOD} and unsteady == 1


def cost(*, keepalive: bool, transport: str = "unix", us: float = 0, waits: float = 0) -> object:
    own = {"nginx": "1.22.1", "worker": "asgi", "transport": transport}
    return own | {"keepalive": keepalive, "us": us, "cpu_us": us, "time_wait": waits}


def test_table() -> None:
    measured = [
        cost(keepalive=True, us=100),
        cost(keepalive=False, us=180),
        cost(keepalive=True, transport="tcp", us=100),
        cost(keepalive=False, transport="tcp", us=250, waits=1.01),
    ]
    cells = {cell.key: {",".join(held_without_buffering_off(cell)): 2} for cell in CELLS}
    text = verdicts.table({"cells": cells, "rounds": [measured, measured]})
    assert (
        "| `proxy_buffering off` | without it held to the end: 96 of 96 | no longer held to the end: 96 of 96 | matters |"
        in text
    )
    assert (
        "saves connections: over a unix socket 80-80 us and 80-80 us of CPU per request;"
        " over TCP 150-150 us and 150-150 us of CPU per request, 1 TIME-WAIT per request |" in text
    )
    assert "Nginx 1.22.1 and 1.26.3" in text
