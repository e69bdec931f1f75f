"""Figures as text, and raw data as files: what all parts of the benchmark share."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

RESULTS = Path(__file__).parent / "results"
SHORT = Path(__file__).parents[1] / ".cache/bench"


class Options(NamedTuple):
    """How long to measure. A short run has one round."""

    rounds: int
    short: bool


def options(about: str | None, rounds: int = 5) -> Options:
    """Read the command line. `about` is the part's docstring, `rounds` how many it has by default."""
    parser = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--short", action="store_true", help="one round, and little in it")
    given = parser.parse_args()
    return Options(1 if given.short else given.rounds, given.short)


def milliseconds(seconds: float) -> str:
    """A time for a cell.

    >>> milliseconds(0.00123), milliseconds(0.0346), milliseconds(1.5)
    ('1.2 ms', '35 ms', '1.50 s')
    """
    if not seconds < 1:  # NaN too
        return f"{seconds:.2f} s"
    return f"{1e3 * seconds:.1f} ms" if seconds < 0.01 else f"{1e3 * seconds:.0f} ms"


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """The median of the rounds, and the lowest and highest of them.

    >>> spread([3.0, 1.0, 2.0], "{:.0f}")
    '2 (1-3)'
    >>> spread([3.0], "{:.0f}")
    '3'
    """
    middle = form.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({form.format(min(values))}-{form.format(max(values))})"


def span(values: Iterable[float], show: Callable[[float], str]) -> str:
    """The lowest and the highest round, or one of them if they look the same.

    >>> span([0.0034, 0.0012], milliseconds), span([1.51, 1.52], "{:.1f}".format)
    ('1.2 ms to 3.4 ms', '1.5')
    """
    found = sorted(values)
    return " to ".join(dict.fromkeys(show(end) for end in (found[0], found[-1])))


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table.

    >>> print(markdown(["what", "us"], [["send", 4]]))
    | what | us |
    |---|---|
    | send | 4 |
    """
    lines = [head, ["---"] * len(head), *rows]
    shown = [" | ".join(str(cell) for cell in line) for line in lines]
    shown[1] = "---|" * len(head)
    return "\n".join([f"| {shown[0]} |", f"|{shown[1]}", *(f"| {line} |" for line in shown[2:])])


def say(message: str) -> None:
    """Show progress; tables go to standard output."""
    print(message, file=sys.stderr, flush=True)


def keep(part: str, rounds: list[Any], *, short: bool, **facts: Any) -> dict[str, Any]:
    """Write the raw data of a part to results/, that of a short run to .cache/bench/; return it.

    `facts` are versions and settings that the figures depend on.
    """
    raw = {
        "part": part,
        "date": dt.datetime.now(tz=dt.UTC).strftime("%F %H:%M"),
        "cpus": os.cpu_count(),
        "cpu": _cpu(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        **facts,
        "rounds": rounds,
    }
    directory = SHORT if short else RESULTS
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{part}.json").write_text(json.dumps(raw, indent=1) + "\n")
    return raw


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
