"""Print what failed in `./dev test` once more, at its end: a long run has scrolled it away.

It reads what the run has left: .cache/results/*.xml (JUnit, by pytest), .cache/results/checks (a
line for each other check) and .cache/checks/NAME (what a scenario of Molecule has printed).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 25  # of each failure
# Up to the next empty line.
FAILED_TASK = re.compile(r"^(?:fatal: |failed: |\[ERROR\]|ERROR ).*(?:\n(?!\n).*)*", re.MULTILINE)


def failed_tests(results: Path) -> Iterator[tuple[str, str, str]]:
    """The run (`unit`, `edge-debian13`), the test as pytest takes it, and the message."""
    for report in sorted(results.glob("*.xml")):
        for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
            for found in (*case.iter("failure"), *case.iter("error")):
                path = case.get("classname", "").replace(".", "/") + ".py"
                yield report.stem, f"{path}::{case.get('name')}", found.get("message") or ""


def failed_tasks(printed: str) -> str:
    """What Ansible printed of the tasks that failed."""
    return "\n".join(FAILED_TASK.findall(printed))


def report(cache: Path) -> Iterator[str]:
    tests = [*failed_tests(cache / "results")]
    for run, test, message in tests:
        yield f"FAILED {test} ({run})"
        yield from shortened(message)
    checks = cache / "results/checks"
    for line in checks.read_text().splitlines() if checks.exists() else ():
        state, _, name = line.partition("  ")
        scenario = name.removeprefix("scenario ")
        if state != "failed" or any(run.startswith(f"{scenario}-") for run, *_ in tests):
            continue
        yield f"FAILED {name}"
        printed = cache / "checks" / scenario
        if name != scenario and printed.exists():
            yield from shortened(failed_tasks(printed.read_text(errors="replace")))


def shortened(text: str) -> Iterator[str]:
    lines = text.splitlines()
    yield from (f"    {line[:300]}" for line in lines[:LINES])
    if len(lines) > LINES:
        yield f"    ... and {len(lines) - LINES} more lines"


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in report(Path(".cache")))
