"""How the proxies of bench/proxies.py compare. No I/O here."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .load import Found
from .table import markdown, milliseconds, spread

DIRECT = "direct"
FIRST = "Nginx, as the role deploys it"  # which the others' CPU is compared with
HEAD = (
    "proxy", "added delay p50", "added p99", "CPU per event", "memory per stream",
    "opened in a second", "first event p99",
)  # fmt: skip
DISTURBED_HEAD = (
    "proxy", "fast readers' p99, alone", "beside slow ones", "memory per slow reader",
    "in the kernel, for each of these", "reload: cut", "refused", "longest first event",
)  # fmt: skip

Measured = Mapping[str, Any]  # of one proxy in one round


def table(raw: Mapping[str, Any]) -> str:
    """Two tables: of a crowd, and of what disturbs one."""
    rounds = [{one["peer"]: one for one in measured} for measured in raw["rounds"]]
    names = sorted({name for measured in rounds for name in measured} - {DIRECT}, key=_first_then)
    crowds = [_crowd(name, rounds) for name in names]
    disturbed = [row for row in (_disturbed(name, rounds) for name in names) if row]
    found = {
        name: re.search(r"\d+(\.\d+)+", said) for name, said in raw.get("versions", {}).items()
    }
    said = ", ".join(f"{name} {one.group()}" for name, one in found.items() if one)
    parts = [
        markdown(HEAD, [_direct(rounds), *crowds]),
        *([markdown(DISTURBED_HEAD, disturbed)] if disturbed else []),
        (
            "Median of the rounds (lowest-highest); p99, memory and CPU are of a crowd that opens within a "
            "second and reads 10 events/s each. Slow readers: 100 that read nothing beside 50 that read "
            "20 events/s of 4 KiB, seconds after their opening; the source leaves a reader whose proxy takes "
            "no more. Reload: in the midst of 200 opens; observed for two seconds after. A source that is "
            f"asked by HTTP/1.0 sends no chunks, as app servers do. {said}."
        ),
    ]
    return "\n\n".join(parts)


def _first_then(name: str) -> tuple[bool, str]:
    """The deployed Nginx first, then by name."""
    return name != FIRST, name


def _direct(rounds: Sequence[Mapping[str, Measured]]) -> list[str]:
    """The row of the run without a proxy: absolute delays."""
    crowds = [measured[DIRECT]["crowd"] for measured in rounds]
    delays = [Found.load(one["found"]).delay for one in crowds]
    firsts = [1e3 * Found.load(one["found"]).first.p99 for one in crowds]
    return [
        "none: the source itself",
        f"({spread([1e3 * one.p50 for one in delays])} ms)",
        f"({spread([1e3 * one.p99 for one in delays])} ms)",
        "",
        "",
        opened(crowds),
        f"{spread(firsts, '{:.1f}')} ms",
    ]


def _crowd(name: str, rounds: Sequence[Mapping[str, Measured]]) -> list[str]:
    pairs = [
        (one[name]["crowd"], one[DIRECT]["crowd"], one.get(FIRST)) for one in rounds if name in one
    ]
    crowds = [own for own, _, _ in pairs]
    if not any(Found.load(own["found"]).delay.count for own in crowds):
        return [name, "held to the end", "", "", "", opened(crowds), ""]

    def added(percentile: Callable[[Found], float]) -> str:
        found = [
            1e3 * (percentile(Found.load(own["found"])) - percentile(Found.load(direct["found"])))
            for own, direct, _ in pairs
        ]
        return f"{spread(found)} ms"

    ratios = [
        own["cpu_us"] / first["crowd"]["cpu_us"]
        for own, _, first in pairs
        if first and first["crowd"]["cpu_us"]
    ]
    times = f" ({statistics.median(ratios):.1f}x)" if ratios and name != FIRST else ""
    firsts = [1e3 * Found.load(own["found"]).first.p99 for own in crowds]
    return [
        name,
        added(lambda one: one.delay.p50),
        added(lambda one: one.delay.p99),
        f"{spread([own['cpu_us'] for own in crowds], '{:.0f}')} us{times}",
        f"{spread([own['memory'] / 1024 for own in crowds], '{:.0f}')} KiB",
        opened(crowds),
        f"{spread(firsts, '{:.1f}')} ms",
    ]


def opened(crowds: Sequence[Mapping[str, Any]]) -> str:
    """How many of a crowd got an event within the run: of the worst round."""
    worst = min(crowds, key=lambda one: one["found"]["opened"] / one["streams"])
    share, streams = worst["found"]["opened"], worst["streams"]
    return f"all {streams}" if share == streams else f"**{share}** of {streams}"


def _disturbed(name: str, rounds: Sequence[Mapping[str, Measured]]) -> list[str]:
    slow = [one[name]["slow"] for one in rounds if "slow" in one.get(name, {})]
    reloads = [
        Found.load(one[name]["reload"]["found"]) for one in rounds if "reload" in one.get(name, {})
    ]
    if not slow or not reloads:
        return []

    longest = [one.first.max for one in reloads]

    def p99(which: str) -> str:
        found = [Found.load(one[which]).delay.p99 for one in slow]
        if all(math.isnan(one) for one in found):
            return "held"
        return f"{spread([1e3 * one for one in found])} ms"

    return [
        name,
        p99("alone"),
        p99("beside"),
        f"{spread([one['memory'] / 1024 for one in slow], '{:.0f}')} KiB",
        f"{spread([one['kernel'] / 1024 for one in slow], '{:.0f}')} KiB",
        str(max(one.cut for one in reloads)),
        str(max(one.refused for one in reloads)),
        "none came" if all(math.isnan(one) for one in longest) else milliseconds(max(longest)),
    ]
