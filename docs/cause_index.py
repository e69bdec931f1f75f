#!/usr/bin/env python3
"""Write docs/causes.md, and a page for each cause of module_utils/latency/judge/causes/."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from docs.cause_page import PLACES, page
from plugins.module_utils.latency.judge.causes import CAUSES, Cause

if TYPE_CHECKING:
    from collections.abc import Iterable

INDEX = Path(__file__).with_name("causes.md")
DIRECTORY = INDEX.with_suffix("")
TEXT = """\
# Causes

Why a stream arrives late, in lumps or cut. `stream_latency` looks up its causes here, and names a
cause if the layer at fault shows all of its signs; from outside alone, those that can be seen from
there. The cause that explains most comes first. The page of a cause shows what can be seen, how the
cause is told apart from others, and the remedy. [diagnose.md](diagnose.md) describes the diagnosis.
[faults.md](faults.md) lists the stacks that were built with these causes, and what the module said.
`./dev docs` writes these pages from `module_utils/latency/judge/causes/`.
"""


def pages() -> dict[Path, str]:
    """All pages: path to text."""
    return {INDEX: index(), **{DIRECTORY / f"{cause.id}.md": page(cause) for cause in CAUSES}}


def index() -> str:
    """The list of the causes, by their places."""
    order = list(PLACES)
    by_place = sorted(CAUSES, key=lambda cause: order.index(cause.layer))
    by_layer = groupby(by_place, key=lambda cause: cause.layer)
    return "\n".join([TEXT, *(_section(PLACES[layer], causes) for layer, causes in by_layer)])


def _section(place: str, causes: Iterable[Cause]) -> str:
    head = f"## {place}\n\n| cause | what is wrong |\n|---|---|\n"
    return head + "\n".join(_row(cause) for cause in causes) + "\n"


def _row(cause: Cause) -> str:
    risk = " *(a risk: harmless now)*" if cause.risk else ""
    return f"| [`{cause.id}`]({DIRECTORY.name}/{cause.id}.md) | {cause.title}{risk} |"


def write() -> None:
    """Write all pages, and remove those of causes that are no more."""
    DIRECTORY.mkdir(exist_ok=True)
    found = pages()
    for path in set(DIRECTORY.iterdir()) - found.keys():
        path.unlink()
    for path, text in found.items():
        path.write_text(text)


if __name__ == "__main__":
    write()
