"""A Prometheus that watches a test host."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from typing import Any, NamedTuple

INTERVAL = 5.0  # seconds, as the inventory has it
ALERT = 'ALERTS{alertname="StreamNotStreaming",alertstate="firing"}'


class Prometheus(NamedTuple):
    """A real one, which scrapes and evaluates each second."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """The labels of each series, with its value as `value`."""
        asked = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(asked, timeout=10) as answer:
            found = json.load(answer)["data"]["result"]
        return [{**one["metric"], "value": float(one["value"][1])} for one in found]

    def firing(self) -> set[tuple[str, str]]:
        """The layer and the cause of each stream that does not stream."""
        return {(one["layer"], one["cause"]) for one in self.ask(ALERT)}

    def rounds(self, *, judged: bool = False) -> float:
        """How many rounds it knows to have ended; only those with a verdict, if `judged`."""
        which = 'layer="all",verdict!="unknown"' if judged else 'layer="all"'
        # It may have missed the last scrape.
        found = f"last_over_time(streaming_probe_rounds_total{{{which}}}[1m])"
        (count,) = self.ask(f"sum({found})")
        return float(count["value"])
