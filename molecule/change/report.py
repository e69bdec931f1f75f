"""Write what a run of the scenario has found out as docs/change.md: report.py FIGURES >FILE"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

HEAD = """\
# Changing a release under load

What those see who read streams while releases change and while things go wrong. How a change works is in
[deploy.md](deploy.md). Written by

```
{runs}
```

with a host ({host}) in a container, the readers and Ansible on the same {cpus} CPUs. Each reader checks the status, that
events 1 to n and the last one, `end`, have come once each, and that the answer ends as HTTP wants it to.
"""

SERIES = """
## {deploys} changes in a row

Each changes one of code, dependency, environment and Gunicorn's settings; a rollback follows. For each version of HTTP
{streams} streams of 5 to {longest} s are open at any time, and {rate} others are opened a second. Those over HTTP/2 share
4 connections, as a browser's do; the others have one each.

| | opened | whole | cut | refused | announced | events lost | doubled |
|---|---|---|---|---|---|---|---|
{counts}

Time to the first chunk of what was opened, in ms, connection and TLS included. *Quiet* is while no play runs, *play* while
one does (it takes CPU from the host here), *switch* the 5 s from Nginx's reload on:

| | streams | p50 | p99 | longest |
|---|---|---|---|---|
{first}

A deploy took {seconds:.0f} s (median). At most {most} releases ran at once; they and Nginx took {peak} MiB then, {before} MiB before
the first change and {after} MiB when the last replaced release had ended.
"""

FAULTS = """
## What goes wrong, and what readers saw

About 20 streams are open for each version of HTTP, and 5 others are opened a second. *Back* is how long after the fault
the last new stream was refused, or how long the slowest one waited for its first chunk, whichever is more. No stream ever
looked complete that was not.

| | streams | cut | told to come back | refused | back after |
|---|---|---|---|---|---|
{rows}

The clock is that of the app's processes, by libfaketime: a container has its machine's. The drain counts by the monotonic clock.
"""

NAMES = {"normal": "quiet", "deploy": "play", "switch": "switch"}


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def series(found: dict[str, Any]) -> str:
    seen = found["seen"]
    words = ("opened", "complete", "cut", "refused", "announced", "lost", "doubled")
    first = [
        row(
            f"HTTP/{http}, {shown}",
            spread["streams"],
            *(f"{1000 * spread[name]:.0f}" for name in ("p50", "p99", "max")),
        )
        for http, one in seen.items()
        for name, shown in NAMES.items()
        if (spread := one["first_chunk"].get(name))
    ]
    counts = [row(f"HTTP/{http}", *(one[word] for word in words)) for http, one in seen.items()]
    most, peak = found["most"]
    sizes = {name: found[name] for name in ("deploys", "streams", "longest", "rate", "seconds")}
    return SERIES.format(
        **sizes,
        counts="\n".join(counts),
        first="\n".join(first),
        most=most,
        peak=peak,
        before=found["memory"],
        after=found.get("memory_after", "?"),
    )


def fault(what: str, found: dict[str, Any]) -> str:
    if "skipped" in found:
        return row(what, f"not shown: {found['skipped']}", "", "", "", "")
    counts = [found[word] for word in ("opened", "cut", "announced", "refused")]
    back = max(found["slowest"], found["seconds"])
    harmed = any(counts[1:]) or back > 1
    return row(what, *counts, f"{back:.1f} s" if harmed else "-")


def main() -> None:
    found = json.loads(Path(sys.argv[1]).read_text())
    print(
        HEAD.format(
            runs="\n".join(found["runs"]),
            host=found["host"],
            cpus=os.cpu_count(),
        ),
        end="",
    )
    if "series" in found:
        print(series(found["series"]), end="")
    if found["faults"]:
        rows = "\n".join(fault(what, one) for what, one in found["faults"].items())
        print(FAULTS.format(rows=rows), end="")


if __name__ == "__main__":
    main()
