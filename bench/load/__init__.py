"""An open-loop load of streams: opens and events have scheduled times, delays count from those.

A generator that waits for an answer before it asks again measures too little when the server is
slow ("coordinated omission"). This one opens stream number i at its scheduled time, whatever
became of the streams before it. The source sends event n of a stream at `start + (n - 1) *
interval` and writes into each event its number and its time of sending:

    data: {"n": 3, "sent_monotonic": 4711.5, ...}        (as server-sent events or as NDJSON)

The delay of an event is its arrival minus its scheduled time; the first event's send time sets
the schedule of its stream. The first event itself counts from the scheduled open.

- `values.py`: what is asked for, and what was found
- `stream.py`: one stream: checks each event's number and times it
- `readers.py`: libcurl reads all streams in one thread
- `generate.py`: the schedule, and the window that is measured
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

from .values import Found, Load, Spread

__all__ = ["Found", "Load", "Spread", "measure", "start"]

ROOT = Path(__file__).parents[2]


def start(load: Load, within: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Start a generator as a process of its own; `finish` waits for what it found.

    `within` goes before its command: `("nsenter", "--net", "--target", "4711")`, say.
    """
    argv = [*within, sys.executable, "-m", "bench.load", json.dumps(dataclasses.asdict(load))]
    return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> Found:
    """Wait for a generator."""
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"The load generator ended with exit code {process.returncode}.")
    return Found.load(json.loads(output))


def measure(load: Load, within: tuple[str, ...] = ()) -> Found:
    """Run a generator to its end."""
    return finish(start(load, within))
