# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A diagnosis as text for a terminal."""

from __future__ import annotations

import textwrap
from itertools import starmap
from typing import Iterable, Iterator, Sequence

from ..redact import clean
from .content import (
    COLUMNS,
    GUILTY,
    INHERITED,
    UNSURE,
    Json,
    explained,
    headline,
    named,
    next_step,
    notes,
    other_causes,
    page_of,
    rows,
    standing,
    word,
)

WIDTH = 110


def render(diagnosis: Json) -> str:
    """The table of all layers and passes, and below it the fault, its cause and the remedy."""
    parts = ["\n".join(_table(diagnosis)), *_verdict(diagnosis)]
    parts += [
        _next(diagnosis),
        _list("Also possible:", starmap(_possible, other_causes(diagnosis))),
        _list("Harmless now, but a risk:", map(_risk, diagnosis["risks"])),
        _list("Notes:", notes(diagnosis)),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _table(diagnosis: Json) -> Iterator[str]:
    heads = ["\nlayer", "\npass", "\nverdict", *(column.head for column in COLUMNS)]
    lines = [list(line) for line in zip(*(head.split("\n") for head in heads))]
    last = ""
    for layer, name, one in rows(diagnosis):
        shown = [column.show(one["metrics"].get(column.metric)) for column in COLUMNS]
        first = "" if layer["layer"] == last else clean(layer["layer"])
        verdict = one["verdict"]
        stands = standing(diagnosis, layer["layer"], name, verdict)
        verdict = {GUILTY: verdict.upper(), INHERITED: INHERITED}.get(stands, verdict)
        lines.append([first, word(name), verdict, *shown])
        last = layer["layer"]
    widths = [max(map(len, column)) for column in zip(*lines)]
    # Names that others choose give way: layers, then encodings, then passes.
    for n, least in ((0, 8), (-2, 8), (1, 9)):
        over = sum(widths) + 2 * (len(widths) - 1) - WIDTH
        widths[n] = max(min(widths[n], least), widths[n] - max(over, 0))
    right = [False] * 3 + [column.number for column in COLUMNS]
    for line in lines:
        yield "  ".join(map(_fit, line, widths, right)).rstrip()


def _fit(cell: str, width: int, right: bool) -> str:
    if len(cell) > width:
        cell = cell[: width - 1] + "~"
    return cell.rjust(width) if right else cell.ljust(width)


def _verdict(diagnosis: Json) -> Iterator[str]:
    where = diagnosis.get("culprit_pass")
    said = headline(diagnosis)
    if diagnosis["verdict"] == "streaming":
        yield _wrap(said)
        return
    explanation = explained(diagnosis)
    if diagnosis["causes"] or not explanation.startswith(UNSURE):  # it would be said twice
        yield _wrap(said.rstrip(".") + (f" ({where} pass)." if where else "."))
    if not diagnosis["causes"]:
        yield _wrap(explanation)
        return
    cause = diagnosis["causes"][0]
    yield "\n".join(
        _wrap(clean(value), f"  {label:<8}")
        for label, value in (
            ("cause", f"{cause['title']} ({named(cause)})"),
            ("seen", "; ".join(cause["evidence"])),
            ("remedy", cause["remedy"]),
            ("more", cause["link"]),
            ("", page_of(cause)),
        )
        if value
    )


def _next(diagnosis: Json) -> str:
    step = next_step(diagnosis)
    return _wrap(step, "  next    ") if step else ""


def _possible(cause: Json, evidence: Sequence[str]) -> str:
    also = f"; seen as well: {'; '.join(evidence)}" if evidence else ""
    return f"{clean(cause['title'])} ({named(cause)}){also}"


def _risk(risk: Json) -> str:
    seen = "; ".join(map(clean, risk["evidence"]))
    what = f"{clean(risk['layer'])}: {clean(risk['title'])}{f' ({seen})' if seen else ''}"
    return f"{what}. {clean(risk['remedy'])}"


def _list(title: str, lines: Iterable[str]) -> str:
    items = [_wrap(line, "  - ") for line in lines]
    return "\n".join([title, *items]) if items else ""


def _wrap(text: str, label: str = "") -> str:
    """Fill lines to the width. Later lines begin below the text of the first."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=label,
        subsequent_indent=" " * len(label),
        break_long_words=False,
        break_on_hyphens=False,
    )
