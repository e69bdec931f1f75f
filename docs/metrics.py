"""Write the table of the monitor's metrics into docs/monitoring.md: ./dev docs."""

from __future__ import annotations

import re
from pathlib import Path

from plugins.module_utils.monitor.metrics import METRICS

PAGE = Path(__file__).with_name("monitoring.md")
PLACE = re.compile(r"(<!-- metrics -->\n).*?(<!-- /metrics -->)", re.DOTALL)


def table() -> str:
    """One row for each metric."""
    rows = [
        f"| `{name}` | {one.kind} | {', '.join(one.labels)} | {one.help} |"
        for name, one in METRICS.items()
    ]
    return "\n".join(["| Metric | Kind | Labels | |", "|---|---|---|---|", *rows, ""])


def page() -> str:
    """The page with the present table."""
    return PLACE.sub(lambda found: found[1] + table() + found[2], PAGE.read_text())


if __name__ == "__main__":
    PAGE.write_text(page())
