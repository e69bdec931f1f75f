"""The page of one cause, from the catalogue and from what the laboratory has measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugins.module_utils.latency.judge.causes import CAUSES, Cause
from plugins.module_utils.latency.judge.signs import SIGNS
from tests.faults.cases import FAULTS
from tests.faults.report import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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
PICTURES: dict[str, Any] = json.loads(Path(__file__).with_name("pictures.json").read_text())
LEGEND = (
    "One mark: `.` an event, `:` two or three, `#` more, `h` the headers, `x` a cut, `!` a refusal"
    " with its status."
)


def page(cause: Cause) -> str:
    """The whole page."""
    parts = [
        f"# {_capital(cause.title)}",
        f"`{cause.id}`. {PLACES[cause.layer]}."
        + (" A risk: harmless now." if cause.risk else "")
        + " [All causes](../causes.md)",
        "## What can be seen",
        _bullets(map(sign, cause.needs)),
        *_often(cause),
        *_picture(cause),
        *_told_apart(cause),
        "## Remedy",
        _remedy(cause),
        f"More: <{cause.link}>",
        "## To make sure",
        _make_sure(cause),
        "## In the laboratory",
        _built(cause),
    ]
    return "\n\n".join(parts) + "\n"


def sign(name: str) -> str:
    """What a sign looks for."""
    return " ".join((SIGNS[name].__doc__ or "").split()).replace("|", "\\|")


def _capital(title: str) -> str:
    """With a capital letter, unless it begins with the name of an option."""
    return title if "_" in title.partition(" ")[0] else title[:1].upper() + title[1:]


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _often(cause: Cause) -> Sequence[str]:
    if not cause.supports:
        return ()
    return ("Perhaps also, which makes the cause likelier:", _bullets(map(sign, cause.supports)))


def _picture(cause: Cause) -> Sequence[str]:
    found = PICTURES.get(cause.id)
    if not found:
        return ()
    width = max(len(name) for name, _ in found["rows"])
    rows = "\n".join(f"{name.ljust(width)} |{marks}|" for name, marks in found["rows"])
    stack, took = f"`{found['stack']}`", f"{found['seconds']:.2f} s"
    told = f"Measured on the stack {stack}, {found['pass']} pass; {took} from left to right."
    return ("```\n" + rows + "\n```", f"{told} {LEGEND}")


def _told_apart(cause: Cause) -> Iterable[str]:
    others = rivals(cause)
    if cause.excludes or others:
        yield "## How it is told apart"
    if cause.excludes:
        yield "It is not this cause if one of these is seen:"
        yield _bullets(map(sign, cause.excludes))
    if not others:
        return
    own = _own(cause)
    if own:
        yield "Only this cause needs:"
        yield _bullets(map(sign, own))
    yield "These causes share signs with it:"
    yield _table(
        ("cause", "where", "what is wrong", "it is that one if"),
        [
            (f"[`{one.id}`]({one.id}.md)", PLACES[one.layer], one.title, decides(cause, one))
            for one in others
        ],
    )


def _own(cause: Cause) -> list[str]:
    """The signs that it needs and no rival does."""
    theirs = {name for other in rivals(cause) for name in other.needs}
    return [name for name in cause.needs if name not in theirs]


def rivals(cause: Cause) -> list[Cause]:
    """The other causes that need some of the same signs."""
    return [
        other
        for other in CAUSES
        if other.id != cause.id and other.risk == cause.risk and set(other.needs) & set(cause.needs)
    ]


def decides(cause: Cause, other: Cause) -> str:
    """What shows that it is the other cause."""
    own = _own(cause)
    theirs = [sign(name) for name in other.needs if name not in cause.needs]
    missing = [
        f"Not: {sign(name)}" for name in cause.needs if name not in other.needs and name not in own
    ]
    known = (*cause.needs, *cause.supports)
    perhaps = [f"Perhaps: {sign(name)}" for name in other.supports if name not in known]
    found = theirs + missing or perhaps
    if not found and own:
        found = ["Otherwise."]
    elif not found and other.layer != cause.layer:
        found = ["Only the place tells."]
    elif not found:  # then it is what excludes this cause
        found = [sign(name) for name in cause.excludes if name not in other.excludes]
    return "<br>".join(found) or "Nothing tells."


def _remedy(cause: Cause) -> str:
    if not cause.remedies:
        return cause.remedy
    return _table(
        ("what answers there", "remedy"), [("any, or unknown", cause.remedy), *cause.remedies]
    )


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _make_sure(cause: Cause) -> str:
    if cause.settle:
        return f"Measure again with `{cause.settle}`."
    if cause.plain:
        return (
            "The answer itself says it: read the status and the first words that the report shows."
        )
    if cause.risk:
        return "It does no harm yet. Apply the remedy and measure again: the risk is then gone."
    return (
        "Measure the layer before it too, if that was not measured. Then apply the remedy and"
        " measure again: the layer then streams."
    )


def _built(cause: Cause) -> str:
    names = [f"`{fault.name}`" for fault in FAULTS if fault.cause == cause.id]
    if names:
        return f"Built with real servers as {', '.join(names)}: [faults.md](../faults.md)."
    why = dict(MISSING).get(cause.id, "")
    return f"Not built: {why}." if why else "Not built."
