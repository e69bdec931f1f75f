"""The pages about the causes are those that ./dev docs writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs import cause_index, cause_page
from plugins.module_utils.latency.judge.causes import CAUSES, Cause
from plugins.module_utils.latency.judge.signs import SIGNS
from tests.faults.strips import WIDTH

BY_ID = {cause.id: cause for cause in CAUSES}
PAGES = cause_index.pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_the_page_is_up_to_date(path: Path) -> None:
    assert path.read_text() == PAGES[path], "run ./dev docs"


def test_no_page_is_of_a_cause_that_is_no_more() -> None:
    assert {*cause_index.DIRECTORY.iterdir()} == {*PAGES} - {cause_index.INDEX}


def test_no_picture_is_of_a_cause_that_is_no_more() -> None:
    assert cause_page.PICTURES.keys() <= BY_ID.keys()
    for found in cause_page.PICTURES.values():
        assert {len(marks) for _, marks in found["rows"]} == {WIDTH}


@pytest.mark.parametrize("name", SIGNS)
def test_each_sign_says_what_it_looks_for(name: str) -> None:
    assert cause_page.sign(name).endswith((".", ").")) and "\n" not in cause_page.sign(name)


def _page(**changes: object) -> str:
    return cause_page.page(BY_ID["nginx-gzip"]._replace(**changes))  # type: ignore[arg-type]


def test_a_page_says_what_decides_between_two_causes() -> None:
    gzip = BY_ID["nginx-gzip"]
    zstd = Cause("other", "nginx", "", "", "", (*gzip.needs, "compressed_with_zstd"))
    assert cause_page.decides(gzip, zstd) == cause_page.sign("compressed_with_zstd")
    wider = Cause("other", "nginx", "", "", "", gzip.needs[:1])
    assert cause_page.decides(gzip, wider) == f"Not: {cause_page.sign('compressed_here')}"
    app = Cause("other", "app", "", "", "", gzip.needs)
    assert cause_page.decides(gzip, app) == "Only the place tells."
    same = app._replace(layer="nginx", excludes=gzip.excludes)
    assert cause_page.decides(gzip, same) == "Nothing tells."
    fewer = same._replace(excludes=gzip.excludes[1:])
    assert cause_page.decides(gzip, fewer) == cause_page.sign(gzip.excludes[0])
    brotli = app._replace(supports=("compressed_with_brotli",))
    assert cause_page.decides(gzip, brotli) == "Perhaps: The body is compressed with brotli."


def test_what_only_one_cause_needs_is_said_once() -> None:
    shown = cause_page.page(BY_ID["edge-collects"]).partition("## How it is told apart")[2]
    assert shown.count(cause_page.sign("whole_answer_held")) == 1
    assert "| Otherwise. |" in shown


def test_a_page_has_the_remedy_of_each_product() -> None:
    shown = _page(remedies=(("Caddy", "Exclude the path."), ("Apache", "SetEnv no-gzip 1.")))
    assert "| Caddy | Exclude the path. |\n| Apache | SetEnv no-gzip 1. |" in shown
    assert f"| any, or unknown | {BY_ID['nginx-gzip'].remedy} |" in shown


def test_a_page_has_a_picture_if_there_is_one() -> None:
    assert "\nnginx    |" in _page() and "`nginx-gzip`, browser pass" in _page()
    assert "```" not in _page(id="none") and "Not built." in _page(id="none")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"settle": "passes: [identity, again]"},
            "Measure again with `passes: [identity, again]`.",
        ),
        ({"plain": True}, "The answer itself says it"),
        ({"risk": True}, "It does no harm yet."),
        ({}, "Measure the layer before it too"),
    ],
)
def test_a_page_says_how_to_make_sure(changes: dict[str, object], said: str) -> None:
    assert said in _page(**changes).partition("## To make sure")[2]
