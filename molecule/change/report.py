"""Print the results of a run of the scenario as docs/change.md: report.py RESULTS >FILE"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

HEAD = """\
# Changing a release under load

What clients see during deploys and failures. [deploy.md](deploy.md) explains how a deploy works. This page was written
by

```
{runs}
```

with a host ({host}) in a container; clients and Ansible ran on the same {cpus} CPUs. Each client checks the status, that the
events 1 to n and the last event, `end`, arrive exactly once, and that the response ends as HTTP requires.
"""

SERIES = """
## {deploys} changes in a row

Each deploy changes the code, a dependency, the environment or a Gunicorn setting; a rollback ends the series. For each HTTP version
{streams} streams of 5 to {longest} s are open at any time, and {rate} more are opened per second. The HTTP/2 streams
share 4 connections, like those of a browser; each of the others has its own connection.

| | opened | complete | cut | refused | announced | events lost | events doubled |
|---|---|---|---|---|---|---|---|
{counts}

Time to the first chunk of the opened streams in ms, including connection and TLS. *Quiet*: no play runs. *Play*: a play
runs, and here takes CPU from the host. *Switch*: the 5 s after Nginx's link has changed.

| | streams | p50 | p99 | longest |
|---|---|---|---|---|
{first}

A deploy took {seconds:.0f} s (median). At most {most} releases ran at once. Together with Nginx they used {peak} MiB then, {before} MiB
before the first change, and {after} MiB after the last replaced release had ended.
"""

FAULTS = """
## Failures

About 20 streams are open for each HTTP version, and 5 more are opened per second. *Back after* is the longer of two times:
from the failure to the last refused new stream, and the longest wait of a new stream for its first chunk. No cut stream
looked complete.

| failure | streams | cut | told to reconnect | refused | back after |
|---|---|---|---|---|---|
{rows}

libfaketime changed the clock of the app's processes only, because a container uses the clock of its machine. The drain
uses the monotonic clock.
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
