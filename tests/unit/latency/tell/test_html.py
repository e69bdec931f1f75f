"""The report: what it draws, and what it lets nobody put into it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from plugins.module_utils.latency.measurement import Measurement, Pass
from plugins.module_utils.latency.tell import content, geometry, html, svg, text
from plugins.module_utils.latency.timeline import Event, Timeline
from tests.unit.latency.stream_reports import (
    CAUSE,
    COUNT,
    LAYERS,
    OTHER,
    RISK,
    diagnosis,
    faulty,
    healthy,
    stream,
)

VOID = {"meta", "link", "br", "path"}


class Page(HTMLParser):
    """A page's elements and text; fails when its tags do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str, of: str = "") -> list[dict[str, str | None]]:
        """The attributes of the elements with this tag, and this class."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and (not of or of in (attributes.get("class") or "").split())
        ]

    def said(self) -> str:
        return " ".join("".join(self.text).split())


def page_of(
    measured: list[Measurement], culprit: str | None = None, worst: str = "", **more: Any
) -> Page:
    return Page(html.render(diagnosis(measured, culprit, worst, **more), measured, "A test"))


# --- The pictures. -------------------------------------------------------------------------------


def test_a_cut_stream_shows_what_is_lost() -> None:
    measured = healthy()
    measured[1] = measured[1]._replace(passes={"identity": Pass((stream(seen=20, ended="reset"),))})
    page = page_of(measured, "nginx", "identity", verdict="truncated")
    lost = [attributes["d"] or "" for attributes in page.all("path", "lost")]
    assert [d.count("M") for d in lost if d] == [COUNT - 20]
    assert "\u2715 cut" in page.said()


def test_a_refused_layer_is_in_the_picture_with_its_reason() -> None:
    refused = Timeline(0.0, ended="refused", error="nobody listens on 127.0.0.1:80")
    measured = healthy()
    measured[1] = measured[1]._replace(passes={"identity": Pass((refused,))})
    page = page_of(measured, "nginx", "identity", verdict="refused")
    assert "\u2715 no stream: nobody listens on 127.0.0.1:80" in page.said()


def test_the_slowest_of_several_streams_is_drawn() -> None:
    slow = stream(interval=0.05)
    measured = [Measurement("nginx", {"parallel": Pass((stream(), slow, stream()))})]
    drawn = geometry.draw(measured, "parallel")
    assert drawn and drawn.streams == 3
    assert drawn.span == pytest.approx(slow.events[-1].arrived, rel=0.02)
    assert "the slowest of 3 streams" in page_of(measured).said()


@pytest.mark.parametrize("events", [0, 1, 2])
def test_without_events_there_is_no_picture(events: int) -> None:
    measured = [Measurement("nginx", {"identity": Pass((stream(count=events),))})]
    assert geometry.draw(measured, "identity") is None
    assert not page_of(measured).all("figure")


# --- The page. -----------------------------------------------------------------------------------


def test_the_layer_at_fault_is_marked_and_no_other() -> None:
    page = page_of(faulty(), "nginx", "gzip", risks=[RISK])
    assert len(page.all("li", "guilty")) == 1
    assert len(page.all("tr", "guilty")) == 1
    assert len([row for row in page.all("div", "guilty") if "row" in (row["class"] or "")]) == 1
    said = page.said()
    assert said.index("nginx lets the stream through in lumps.") < said.index("Figures")
    assert "nginx \u2715 lumped" in said and "public \u2193 as from nginx" in said


def test_it_says_the_same_as_the_text() -> None:
    step, answers = "Measure nearer to the app too.", "Nginx answers (server: nginx/1.28.0)"
    causes = [{**CAUSE, "confidence": "likely", "evidence": [*CAUSE["evidence"], answers]}, OTHER]
    found = diagnosis(faulty(), "nginx", "gzip", causes=causes, next=step, risks=[RISK])
    page = Page(html.render(found, faulty(), "A test")).said()
    shown = " ".join(text.render(found).split())
    for said in (
        *(one["title"] for one in (*causes, RISK)),
        *(content.named(one) for one in causes),
        *causes[0]["evidence"],
        *OTHER["evidence"],
        causes[0]["remedy"],
        content.page_of(causes[0]),
        step,
    ):
        assert str(said) in page and str(said) in shown
    assert page.index(answers) < page.index(step) < page.index(str(OTHER["title"]))


@pytest.mark.parametrize("confidence", ["plain", "likely", "possible"])
def test_a_possible_cause_is_no_statement(confidence: str) -> None:
    causes = [{**CAUSE, "confidence": confidence}]
    said = page_of(faulty(), "nginx", "gzip", causes=causes).said()
    assert (f"Perhaps {CAUSE['title']}" in said) is (confidence == "possible")


def test_without_a_cause_the_reason_is_there_and_the_next_step_only_once() -> None:
    step = "Measure a longer stream."
    found = diagnosis(
        healthy(), message=f"Cannot tell whether public streams: lumps. {step}", next=step
    )
    page = Page(html.render({**found, "verdict": "unknown"}, healthy(), "A test"))
    said = page.said().partition("Raw data")[0]
    assert "public streams: lumps." in said and said.count(step) == 1


def test_nobody_is_marked_when_all_is_well() -> None:
    page = page_of(healthy())
    assert not [1 for _, attributes in page.elements if "guilty" in (attributes.get("class") or "")]
    assert "\u2715" not in page.said() and "Cause and remedy" not in page.said()


def test_the_page_needs_nothing_else() -> None:
    page = page_of(faulty(), "nginx", "gzip")
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "form", "base", "use", "image"}
    assert [one["href"] for one in page.all("link")] == ["data:,"]
    assert not [1 for _, one in page.elements if "src" in one]
    style = "".join(page.text)
    assert "@import" not in style and "url(" not in style
    (policy,) = [one["content"] for one in page.all("meta") if "http-equiv" in one]
    assert policy and policy.startswith("default-src 'none'")


def test_pictures_and_tables_speak_to_those_who_do_not_see_them() -> None:
    page = page_of(faulty(), "nginx", "gzip")
    pictures = page.all("svg")
    assert len(pictures) == 2 * (1 + len(LAYERS))
    assert all(one["role"] == "img" for one in pictures)
    assert len(page.all("title")) == 1 + len(pictures)
    assert page.all("caption") and len(page.all("th")) == 12 + 2 * len(LAYERS)
    assert all(one.get("scope") in {"col", "row"} for one in page.all("th"))
    assert page.all("html")[0]["lang"] == "en"


def test_the_raw_diagnosis_is_there() -> None:
    measured = faulty()
    page = html.render(diagnosis(measured, "nginx", "gzip"), measured, "A test")
    shown = re.search(r"<pre>(.*)</pre>", page, re.DOTALL)
    assert shown
    found = json.loads(shown[1].replace("&quot;", '"').replace("&#x27;", "'"))
    assert found["culprit"] == "nginx"
    assert "A test" in page and "measured " not in page.partition("<h1")[0]
    assert "measured today" in html.render(diagnosis(measured), measured, "", "today")


HOSTILE = "</title></style><script>alert(1)</script><img src=x onerror=alert(1)>\"' --> ]]>"


def test_nobody_writes_into_the_page() -> None:
    hostile = stream(ended="reset", headers=(("x", HOSTILE),))._replace(error=HOSTILE)
    measured = [
        Measurement(
            HOSTILE + str(n),
            {HOSTILE: Pass((hostile,))},
            f"javascript:{HOSTILE}",
            problem=HOSTILE,
        )
        for n in range(2)
    ]
    cause = dict.fromkeys(("cause", "layer", "title", "remedy"), HOSTILE) | {
        "evidence": [HOSTILE],
        "link": f"javascript:alert(1)//{HOSTILE}",
    }
    found = diagnosis(
        measured, measured[0].layer, HOSTILE, verdict=HOSTILE, risks=[cause], notes=[HOSTILE]
    )
    found["causes"] = [cause, cause]
    for layer in found["layers"]:
        for one in layer["passes"].values():
            one["reason"] = one["metrics"]["encoding"] = one["metrics"]["http"] = HOSTILE
    page = Page(html.render(found, measured, HOSTILE, HOSTILE))
    harmless = Page(html.render(diagnosis(faulty(), "nginx", "gzip"), faulty(), "A test"))
    names = {name for _, attributes in harmless.elements for name in attributes}
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in harmless.elements} | {"b"}
    assert {name for _, attributes in page.elements for name in attributes} <= names
    assert not [one for one in page.all("a") if "javascript" in (one["href"] or "")]


def test_secrets_stay_out_of_the_page() -> None:
    secret = "s3cr3t-V4lue"
    url = f"https://me:{secret}@api.example.com/s?token={secret}&n=1&password={secret}"
    measured = [one._replace(url=url) for one in faulty()]
    found = diagnosis(measured, "nginx", "gzip", message=f"asked {url}", notes=[f"Bearer {secret}"])
    found["causes"][0] = {**found["causes"][0], "evidence": [f"redirect to {url}"], "link": url}
    page = html.render(found, measured, url)
    assert secret not in page
    assert "api.example.com/s?token=***&amp;n=1" in page


def test_a_page_stays_small() -> None:
    events = tuple(
        Event(0.001 * n + (n % 7) * 0.0001, 10, 100 + 0.001 * n, str(n)) for n in range(20_000)
    )
    long = stream()._replace(events=events, reads=())
    names = ("identity", "gzip", "again", "post", "parallel", "idle", "slow", "upload")
    measured = [Measurement(f"layer{n}", dict.fromkeys(names, Pass((long,) * 2))) for n in range(6)]
    found = diagnosis(healthy(), notes=["x" * 100_000] * 20)
    page = html.render(found, measured, "big")
    assert len(page.encode()) < 1_000_000
    for row in Page(page).all("path", "lines"):
        assert (row["d"] or "").count("M") <= html.MOST_EVENTS


def test_the_same_result_gives_the_same_page() -> None:
    assert html.render(diagnosis(faulty()), faulty(), "A test") == html.render(
        diagnosis(faulty()), faulty(), "A test"
    )


@pytest.mark.parametrize(
    ("layer", "name", "verdict", "stands", "sign"),
    [
        ("gunicorn", "gzip", "streaming", content.FINE, "\u2713 streaming"),
        ("gunicorn", "gzip", "unknown", content.OTHER, "? unknown"),
        ("nginx", "gzip", "lumped", content.GUILTY, "\u2715 lumped"),
        ("nginx", "identity", "streaming", content.FINE, "\u2713 streaming"),
        ("nginx", "identity", "unknown", content.OTHER, "? unknown"),
        ("public", "gzip", "lumped", content.INHERITED, "\u2193 as from nginx"),
        ("public", "gzip", "streaming", content.INHERITED, "\u2193 as from nginx"),
        ("public", "gzip", "unknown", content.OTHER, "? unknown"),
        ("public", "identity", "streaming", content.FINE, "\u2713 streaming"),
        ("public", "again", "lumped", content.OTHER, "? lumped"),
    ],
)
def test_every_layer_has_its_standing_and_a_sign(
    layer: str, name: str, verdict: str, stands: str, sign: str
) -> None:
    found = diagnosis(faulty(), "nginx", "gzip")
    assert content.standing(found, layer, name, verdict) == stands
    assert svg.mark(found, stands, verdict) == sign
