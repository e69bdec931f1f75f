# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A diagnosis as one HTML file without scripts, which needs no network.

All text of servers and URLs goes through ``say``.
"""

from __future__ import annotations

import json
from html import escape
from itertools import starmap
from typing import TYPE_CHECKING, Iterator, Sequence

from ..redact import redacted
from . import content, geometry, svg
from .css import STYLE
from .svg import mark, say

if TYPE_CHECKING:
    from ..measurement import Measurement
    from .content import Json

MOST_DRAWINGS = 12
MOST_EVENTS = 500  # of a drawing
MOST_LINES = 12_000  # of a page, to keep it below 1 MB
MOST_ITEMS = 20  # causes, risks, notes, pieces of evidence
MOST_RAW = 200_000  # characters of JSON
LEANING = """ The events do not say when they were sent, and each layer had a stream of its own. So
lines that lean a little mean nothing."""

# With this the browser runs and loads nothing, even if `say` misses something.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def render(
    diagnosis: Json, measurements: Sequence[Measurement], title: str, made_at: str = ""
) -> str:
    """The whole page. ``made_at`` is the time of the measurement, for people; it can be empty."""
    parts = [
        _header(diagnosis, title, made_at),
        *_drawings(diagnosis, measurements),
        *_causes(diagnosis),
        _table(diagnosis),
        *_risks(diagnosis),
        *_items("Notes", map(say, content.notes(diagnosis)[:MOST_ITEMS])),
        *_items("Requests", _asked(diagnosis)),
        _raw(diagnosis),
    ]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{say(content.headline(diagnosis))} {say(title)}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
{"".join(parts)}</body>
</html>
"""


def _header(diagnosis: Json, title: str, made_at: str) -> str:
    when = f", measured {say(made_at)}" if made_at else ""
    of = {"streaming": "fine", "unknown": ""}.get(diagnosis["verdict"], "late")
    steps = "".join(_step(diagnosis, one) for one in diagnosis["layers"])
    return f"""<header>
<p>{say(title)}{when}</p>
<h1 class="{of}">{say(content.headline(diagnosis))}</h1>
<p>{say(_because(diagnosis))}</p>
<ol class="way" aria-label="The layers of the stream">
<li><span>app</span></li>
{steps}</ol>
</header>
"""


def _step(diagnosis: Json, layer: Json) -> str:
    name, verdict = layer["layer"], layer["verdict"]
    stands = content.standing(diagnosis, name, diagnosis.get("culprit_pass") or "", verdict)
    word = mark(diagnosis, stands, verdict)
    return f'<li class="{stands}"><span>{say(name)} {word}</span></li>\n'


def _because(diagnosis: Json) -> str:
    if diagnosis["verdict"] == "streaming":
        return ""
    if not diagnosis["causes"]:
        return content.explained(diagnosis)
    first = diagnosis["causes"][0]
    title = first["title"]
    if first.get("confidence") == "possible":
        title = f"Perhaps {title}"
    where = diagnosis.get("culprit_pass")
    return f"{title} ({where} pass)." if where else f"{title}."


def _drawings(diagnosis: Json, measurements: Sequence[Measurement]) -> Iterator[str]:
    drawings = geometry.drawings(measurements, diagnosis.get("culprit_pass") or "")
    shown = list(drawings.items())[:MOST_DRAWINGS]
    if not shown:
        return
    room = MOST_LINES // sum(len(one.rails) for _, one in shown)
    room = max(20, min(MOST_EVENTS, room))
    first, *others = (svg.render(diagnosis, name, one, room) for name, one in shown)
    yield f"""<h2>The way of each event</h2>
<p class="soft">Time runs to the right, and the stream runs down. Each line is an event on its way
through a layer. Parallel lines: the layer streams. Lines that meet: the layer held the events and
released them together.{LEANING if any(one.estimated for _, one in shown) else ""}</p>
{first}"""
    if others:
        yield f'<div class="pair">\n{"".join(others)}</div>\n'


def _causes(diagnosis: Json) -> Iterator[str]:
    step = content.next_step(diagnosis)
    for cause in diagnosis["causes"][:1]:
        yield "<h2>Cause and remedy</h2>\n" + _card(cause, cause["evidence"], "guilty")
    if step:
        yield f'<h2>What to measure next</h2>\n<p class="next">{say(step)}</p>\n'
    others = list(content.other_causes(diagnosis))[: MOST_ITEMS - 1]
    if others:
        yield "<h2>Also possible</h2>\n" + "".join(starmap(_card, others))


def _risks(diagnosis: Json) -> Iterator[str]:
    risks = diagnosis["risks"][:MOST_ITEMS]
    if risks:
        cards = "".join(_card({**one, "confidence": ""}, one["evidence"]) for one in risks)
        yield "<h2>Harmless now, but a risk</h2>\n" + cards


def _card(cause: Json, seen: Sequence[str], of: str = "") -> str:
    evidence = "".join(f"<li>{say(one)}</li>" for one in seen[:MOST_ITEMS])
    return f"""<section class="card {of}">
<h3>{say(cause["title"])}</h3>
<p class="soft">{say(content.named(cause))}</p>
{f"<ul>{evidence}</ul>" if evidence else ""}
<p><strong>Remedy:</strong> {say(cause["remedy"])}<br>{_link(cause["link"])}<br>
{_link(content.page_of(cause))}</p>
</section>
"""


def _link(address: str) -> str:
    if not address.startswith(("https://", "http://")):
        return ""
    return f'<a href="{say(address)}" rel="noreferrer">{say(address)}</a>'


def _items(title: str, items: Iterator[str]) -> Iterator[str]:
    lines = "".join(f"<li>{item}</li>\n" for item in items)
    if lines:
        yield f"<h2>{title}</h2>\n<ul>\n{lines}</ul>\n"


def _asked(diagnosis: Json) -> Iterator[str]:
    for layer in diagnosis["layers"]:
        if layer["url"]:
            yield f"<b>{say(layer['layer'])}</b> {say(layer['url'])}"


def _table(diagnosis: Json) -> str:
    heads = "".join(
        f'<th scope="col"{_number(column)}>{" ".join(column.head.split())}</th>'
        for column in content.COLUMNS
    )
    lines = "".join(_line(diagnosis, *row) for row in content.rows(diagnosis))
    return f"""<h2>Figures</h2>
<div class="scroll" role="region" aria-label="Figures" tabindex="0">
<table>
<caption>Each layer from the app outwards, with each pass</caption>
<thead>
<tr><th scope="col">layer</th><th scope="col">pass</th><th scope="col">verdict</th>{heads}</tr>
</thead>
<tbody>
{lines}</tbody>
</table>
</div>
"""


def _line(diagnosis: Json, layer: Json, name: str, one: Json) -> str:
    verdict = one["verdict"]
    stands = content.standing(diagnosis, layer["layer"], name, verdict)
    figures = "".join(
        f"<td{_number(column)}>{say(column.show(one['metrics'].get(column.metric)))}</td>"
        for column in content.COLUMNS
    )
    reason = f"<small>{say(one['reason'])}</small>" if one["reason"] else ""
    return (
        f'<tr class="{stands}">'
        f'<th scope="row">{say(layer["layer"])}</th><td>{say(content.word(name))}</td>'
        f'<td><span class="verdict">{mark(diagnosis, stands, verdict)}</span>{reason}</td>'
        f"{figures}</tr>\n"
    )


def _number(column: content.Column) -> str:
    return ' class="number"' if column.number else ""


def _raw(diagnosis: Json) -> str:
    shown = json.dumps(redacted(diagnosis), indent=2, ensure_ascii=False)
    if len(shown) > MOST_RAW:
        shown = shown[:MOST_RAW] + "\n... The JSON report has the rest."
    return f"""<h2>Raw data</h2>
<details><summary>The diagnosis as JSON</summary><pre>{escape(shown)}</pre></details>
"""
