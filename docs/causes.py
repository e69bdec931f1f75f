#!/usr/bin/env python3
"""Write docs/causes.md from the catalogue in module_utils/latency/judge/causes/."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from plugins.module_utils.latency.judge.causes import CAUSES, Cause
from plugins.module_utils.latency.judge.signs import SIGNS

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).with_name("causes.md")
PLACES = {
    "app": "In the app",
    "gunicorn": "In Gunicorn",
    "systemd": "In the unit",
    "nginx": "In Nginx",
    "front": "In any proxy",
    "edge": "In front of the host",
    "client": "In the client",
    "": "Anywhere",
}
TEXT = """\
# Causes

Why a stream arrives late, in lumps or cut. `stream_latency` looks up its causes here. `./dev docs`
makes this page from `module_utils/latency/judge/causes/`. The module names a cause if the layer at
fault shows all of its signs. The cause that explains most comes first. [faults.md](faults.md) lists
the causes that were built with real servers, and whether the module named them.
"""


def page() -> str:
    """The whole page."""
    order = list(PLACES)
    by_place = sorted(CAUSES, key=lambda cause: order.index(cause.layer))
    by_layer = groupby(by_place, key=lambda cause: cause.layer)
    return "\n".join([TEXT, *(_section(PLACES[layer], causes) for layer, causes in by_layer)])


def _section(place: str, causes: Iterable[Cause]) -> str:
    head = f"## {place}\n\n| cause | what is wrong | signs | remedy |\n|---|---|---|---|\n"
    return head + "\n".join(_row(cause) for cause in causes) + "\n"


def _row(cause: Cause) -> str:
    signs = "<br>".join(
        [_sign(name) for name in cause.needs]
        + [f"but not: {_sign(name)}" for name in cause.excludes]
        + [f"perhaps: {_sign(name)}" for name in cause.supports]
    )
    title = cause.title + (" *(a risk: harmless now)*" if cause.risk else "")
    name = f'<a id="{cause.id}"></a>`{cause.id}`'
    remedy = "<br>".join(
        [f"{cause.remedy} [More]({cause.link})"]
        + [f"{product[:1].upper()}{product[1:]}: {words}" for product, words in cause.remedies]
    )
    return f"| {name} | {title} | {signs} | {remedy} |"


def _sign(name: str) -> str:
    said = (SIGNS[name].__doc__ or name.replace("status_", "HTTP ")).strip().rstrip(".")
    return said.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page())
