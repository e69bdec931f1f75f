"""Write docs/benchmarks.md from the raw data in bench/results/: the method, and a table for each part."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

from .table import RESULTS

ROOT = Path(__file__).parents[1]
METHOD = ROOT / "bench/method.md"
PARTS = {
    "generator": "The generator's own error",
    "capacity": "How many streams the deployed stack carries",
    "growth": "How it grows with CPUs and workers, and where rates and sizes end it",
    "shapes": "What an event costs in the app",
    "memory": "What a stream holds",
    "servers": "Servers behind the same socket",
    "proxies": "Proxies in front of the same source",
    "settings": "The six Nginx settings, one by one",
    "deploy": "How long a deploy takes",
    "counts": "What `streaming_api_count_streams` costs",
}


def page(results: Path) -> str:
    """The page. A part without results says so.

    PART-MACHINE.json has what another machine showed earlier; its table comes after that of PART.json.
    """
    sections = [METHOD.read_text().strip()]
    for part, title in PARTS.items():
        sections.append(f"## {title}")
        files = [*results.glob(f"{part}.json"), *sorted(results.glob(f"{part}-*.json"))]
        for file in files:
            raw = json.loads(file.read_text())
            if file != files[0]:
                sections.append("On another machine:")
            sections.append(importlib.import_module(f"bench.{part}").table(raw))
            sections.append(
                f"`./dev bench {part} --full`, {raw['date']} UTC, {raw['cpus']} CPUs ({raw['cpu']}), "
                f"Linux {raw['kernel']}. Raw data: [bench/results/{file.name}](../bench/results/{file.name})."
            )
        if not files:
            sections.append(f"Not measured yet: `./dev bench {part} --full`.")
    return "\n\n".join(sections) + "\n"


if __name__ == "__main__":
    (ROOT / "docs/benchmarks.md").write_text(page(RESULTS))
