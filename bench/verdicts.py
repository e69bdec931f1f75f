"""What the outcomes of bench/settings.py say about each setting. No I/O here."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .six import ALL, NONE, SETTINGS, Cell, describe
from .table import markdown

HTTP_1_1 = "proxy_http_version 1.1"
HTTP_1_1_FRAMED = "proxy_http_version 1.1 beside chunked_transfer_encoding on"
HEADER = "`X-Accel-Buffering: no` from the app"
KEEPALIVE = "upstream keepalive"

MATTERS = "matters"
ALONE = "matters without the others"
COSTS = "costs"
SAVES = "saves connections"
FOLKLORE = "folklore"


class Outcome(NamedTuple):
    """What was seen of a cell; empty for what was not asked: only small events are interrupted."""

    verdict: str
    ended: str
    closes: str
    killed: str
    silence: str
    again: str

    @property
    def held(self) -> bool:
        """Whether it did not come as it was sent, or not to its end."""
        return self.verdict not in ("streaming", "delayed") or self.ended != "whole"


Pairs = Sequence[tuple[Cell, Outcome, Outcome]]  # without a setting, with it


class Change(NamedTuple):
    """What a setting changed, in which cells, of those that tell. ``good``: for the reader."""

    words: str
    good: bool
    cells: tuple[Cell, ...]
    of: tuple[Cell, ...]


def changes(pairs: Pairs) -> list[Change]:
    """Everything that the setting changed."""
    questions: tuple[tuple[str, Callable[[Outcome], bool | None]], ...] = (
        ("held to the end", lambda one: one.held),
        ("late by an event", lambda one: one.verdict == "delayed"),
        ("cut by the silence", lambda one: one.silence != "whole" if one.silence else None),
        ("replayed to the next reader", lambda one: one.again == "replayed" if one.again else None),
        (
            "a killed worker looks like the end",
            lambda one: one.killed == "looks complete" if one.killed else None,
        ),
        ("the reader's connection is closed", lambda one: one.closes == "closes"),
    )
    found = []
    for words, is_bad in questions:
        of = tuple(cell for cell, _, with_ in pairs if is_bad(with_) is not None)
        for good in (True, False):
            cells = tuple(
                cell
                for cell, without, with_ in pairs
                if is_bad(without) is good and is_bad(with_) is not good and cell in of
            )
            if cells:
                found.append(Change(words, good, cells, of))
    return found


def classify(within: Iterable[Change], alone: Iterable[Change]) -> str:
    """The verdict, from what it changes among the six and what it changes alone."""
    if any(one.good for one in within):
        return MATTERS
    if any(one.good for one in alone):
        return ALONE
    return COSTS if list(within) else FOLKLORE


def told(found: Sequence[Change], *, good: str, bad: str) -> str:
    """The changes in words."""
    parts = []
    for one in found:
        where = describe(one.cells, one.of)
        share = f"{len(one.cells)} of {len(one.of)}"
        parts.append(
            f"{good if one.good else bad} {one.words}: {share}"
            + (f" ({where})" if where != "all" else "")
        )
    return "<br>".join(parts) or "no change"


def settled(raw: Mapping[str, Mapping[str, int]]) -> tuple[dict[Cell, Outcome], int]:
    """The most frequent outcome of each cell, and how many cells had several."""
    found = {}
    for key, outcomes in raw.items():
        most = max(outcomes, key=lambda one: outcomes[one])
        found[Cell.of(key)] = Outcome(*most.split(","))
    return found, sum(len(one) > 1 for one in raw.values())


def compared(outcomes: Mapping[Cell, Outcome], setting: str, *, alone: bool) -> Pairs:
    """The cells with a setting, beside those without it: among the six, or alone."""
    found = []
    for cell, with_ in outcomes.items():
        before = _without(cell, setting, alone=alone)
        if before and before in outcomes:
            found.append((cell, outcomes[before], with_))
    return found


def _without(cell: Cell, setting: str, *, alone: bool) -> Cell | None:
    """The cell to compare with, if this one has the setting in the wanted company."""
    company = NONE if alone else ALL
    if setting == HEADER:
        around = NONE if alone else ALL - {"proxy_buffering off"}
        return cell._replace(polite=False) if (cell.polite, cell.chosen) == (True, around) else None
    if cell.polite:
        return None
    if setting == HTTP_1_1_FRAMED and not alone:
        company = ALL - {"chunked_transfer_encoding off"}
    if setting in (HTTP_1_1, HTTP_1_1_FRAMED):
        return cell._replace(http="1.0") if (cell.http, cell.chosen) == ("1.1", company) else None
    wanted = frozenset({setting}) if alone else ALL
    return cell._replace(chosen=wanted - {setting}) if cell.chosen == wanted else None


def table(raw: Mapping[str, Any]) -> str:
    """A row for each setting, what upstream keepalive saves, and how steady the outcomes were."""
    outcomes, unsteady = settled(raw["cells"])
    rows = []
    for setting in (*SETTINGS, HTTP_1_1, HTTP_1_1_FRAMED, HEADER):
        within = changes(compared(outcomes, setting, alone=False))
        alone = changes(compared(outcomes, setting, alone=True))
        verdict = classify(within, alone)
        saved = saving(raw["rounds"]) if setting == KEEPALIVE else ""
        rows.append(
            (
                setting if setting == HEADER else f"`{setting}`",
                told(within, good="without it", bad="with it"),
                told(alone, good="no longer", bad="now"),
                f"{SAVES if saved and verdict == FOLKLORE else verdict}{saved and f': {saved}'}",
            )
        )
    nginx = sorted({cell.nginx for cell in outcomes})
    said = (
        f"{len(outcomes)} combinations: Nginx {' and '.join(nginx)}, stock host (Debian's own "
        "nginx.conf) and tuned host (gzip for every type, a cache), workers uvicorn and asgi, SSE, "
        "NDJSON and text, small events and those of 5 KB, readers with and without gzip, HTTP/1.0 and 1.1 to the app. A second stands "
        "for a minute: the silence of 2 s, the timeouts of 1 s (60) and 5 s (300). No request has a "
        "body, which is what `proxy_send_timeout` is about. "
        f"{unsteady} combinations had different outcomes in different rounds."
    )
    return (
        markdown(("setting", "left out of the six", "set alone", "verdict"), rows) + f"\n\n{said}"
    )


def saving(rounds: Sequence[Sequence[Mapping[str, Any]]]) -> str:
    """What upstream keepalive saves for each request, lowest to highest of the stacks' medians."""
    said = []
    for transport, name in (("unix", "a unix socket"), ("tcp", "TCP")):
        ranges = []
        for figure in ("us", "cpu_us"):
            saved = _saved(rounds, transport, figure)
            ranges.append(f"{min(saved):.0f}-{max(saved):.0f} us")
        waiting = max(_saved(rounds, transport, "time_wait"))
        said.append(
            f"over {name} {ranges[0]} and {ranges[1]} of CPU per request"
            + (f", {waiting:.0f} TIME-WAIT per request" if round(waiting) else "")
        )
    return "; ".join(said)


def _saved(
    rounds: Sequence[Sequence[Mapping[str, Any]]], transport: str, figure: str
) -> list[float]:
    """Without less with keepalive: for each stack, the median of the rounds."""
    stacks: dict[tuple[str, str], list[float]] = {}
    for measured in rounds:
        by_kind: dict[tuple[str, str], Counter[str]] = {}
        for one in measured:
            if one["transport"] == transport:
                stack = one["nginx"], one["worker"]
                sign = -1 if one["keepalive"] else 1
                by_kind.setdefault(stack, Counter())[figure] += sign * one[figure]
        for stack, found in by_kind.items():
            stacks.setdefault(stack, []).append(found[figure])
    return [statistics.median(found) for found in stacks.values()]
