"""Keep streams open, open new streams, check each stream, and print the results.

    python load.py URL --http 2 --streams 300 --rate 20

Standard input takes one command per line. `mark NAME`: count streams opened from now on under this
name. `stop`: open no more streams and wait for the open ones to end. `leave`: stop without waiting.
Then the program prints a JSON object; its times are seconds of the monotonic clock.
"""

from __future__ import annotations

import argparse
import heapq
import json
import os
import random
import re
import selectors
import sys
import time
from array import array
from collections import Counter, defaultdict
from typing import Any

import pycurl

from plugins.module_utils.latency.curl import Multi, Transfer
from plugins.module_utils.latency.reader import Loop
from plugins.module_utils.latency.stream import Request
from plugins.module_utils.latency.timeline import COMPLETE, REFUSED

COUNTED = (
    *("opened", "complete", "cut", "hidden", "announced", "refused", "left"),  # streams
    *("lost", "doubled"),  # events
)
KEPT = 100  # number of failures to report, the first ones
WORST = 10  # number of slowest first chunks to report
RAMP = 0.02  # the fraction of the streams to keep that one look at the clock may open


class Browser(Multi):
    """All streams over one HTTP/2 connection, and over a new one when the server ends that one."""

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop, shared=True)

    def add(self, transfer: Transfer) -> None:
        super().add(transfer)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 0)


class Checked(Transfer):
    """A stream of `count` numbered events, one per second, and an `end`. Keeps no events."""

    def __init__(self, request: Request, multi: Multi, count: int, mark: str) -> None:
        super().__init__(request, multi)
        self.count = count
        self.mark_of_opening = mark
        self.first: float | None = None  # seconds to the first chunk
        self.reached = self.lost = self.doubled = 0
        self.said = ""  # the name of the last event with a name
        self._rest = b""

    def take(self, data: bytes) -> bool:
        self.last = self.now()
        self.first = self.first or self.last
        *events, self._rest = (self._rest + data).replace(b"\r", b"").split(b"\n\n")
        for event in events:
            fields = dict(re.findall(rb"^(id|event): *(.*)$", event, re.MULTILINE))
            self.said = fields.get(b"event", b"").decode() or self.said
            if b"id" in fields:
                self._count(int(fields[b"id"]))
        return not self.ended

    def _count(self, number: int) -> None:
        if number <= self.reached:
            self.doubled += 1
            return
        self.lost += number - self.reached - 1
        self.reached = number

    def verdict(self) -> str:
        """One word: complete, left, refused, cut; or `hidden`: cut, but looks complete; or
        `announced`: the server ended the stream early and said so.
        """
        if self.ended == REFUSED or (self.headers_at is not None and self.status != 200):
            return "refused"
        if self.ended != COMPLETE:
            return "cut" if self.ended else "left"
        if self.said == "reconnect":
            return "announced"
        return "complete" if self.said == "end" and self.reached > self.count else "hidden"


class Load:
    """All streams. The loop sees one stream, which ends when all have ended."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.loop = Loop()
        self.stopped = self.ended = False
        self._options = options
        self._random = random.Random(options.seed)  # noqa: S311 - must be repeatable
        self._own = Multi(self.loop)  # one connection per stream
        self._browsers = [Browser(self.loop) for _ in range(options.browsers)]
        self._kept: set[Checked] = set()
        self._new: set[Checked] = set()
        self._next = time.monotonic()
        self._mark = "normal"
        self._count: Counter[str] = Counter()
        self._first: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._worst: list[tuple[float, float, str]] = []
        self._trouble: list[dict[str, Any]] = []
        self._commands = b""
        self.loop.watch(sys.stdin.fileno(), selectors.EVENT_READ, self._on_command)

    def look_at_the_clock(self) -> None:
        """Record the streams that have ended, and open new ones."""
        for streams in (self._kept, self._new):
            for stream in list(streams):
                stream.look_at_the_clock()
                if stream.ended:
                    streams.discard(stream)
                    self._note(stream)
        if self.stopped:
            self.ended = self.ended or not (self._kept or self._new)
            return
        options = self._options
        missing = options.streams - len(self._kept)
        for _ in range(min(missing, 1 + int(RAMP * options.streams))):
            count = self._random.randint(options.shortest, options.longest)
            multi = self._random.choice(self._browsers) if self._browsers else self._own
            self._open(self._kept, multi, count)
        while options.rate and self._next <= time.monotonic():
            self._next += 1 / options.rate
            self._open(self._new, self._own, options.shortest)

    def close(self) -> None:
        for stream in self._kept | self._new:
            self._note(stream)
        for multi in (self._own, *self._browsers):
            multi.close()
        self.loop.close()

    def result(self) -> dict[str, Any]:
        """The results."""
        return {
            **{word: self._count[word] for word in COUNTED},
            "first_chunk": {mark: _spread(times) for mark, times in self._first.items()},
            "worst": [
                {"seconds": seconds, "at": at, "mark": mark}
                for seconds, at, mark in sorted(self._worst, reverse=True)
            ],
            "trouble": self._trouble,
            "cpu_seconds": sum(os.times()[:2]),
        }

    def _open(self, streams: set[Checked], multi: Multi, count: int) -> None:
        options = self._options
        request = Request(
            url=f"{options.url}?count={count}&interval=1",
            http=options.http,
            validate_certs=False,
            seconds=float("inf"),
        )
        stream = Checked(request, multi, count, self._mark)
        streams.add(stream)
        self._count["opened"] += 1
        stream.start()

    def _note(self, stream: Checked) -> None:
        verdict = stream.verdict()
        self._count[verdict] += 1
        self._count["lost"] += stream.lost
        self._count["doubled"] += stream.doubled
        if stream.first is not None and stream.status == 200:
            self._first[stream.mark_of_opening].append(stream.first)
            heapq.heappush(self._worst, (stream.first, stream.began, stream.mark_of_opening))
            if len(self._worst) > WORST:
                heapq.heappop(self._worst)
        wrong = verdict not in {"complete", "left"} or stream.lost or stream.doubled
        if wrong and len(self._trouble) < KEPT:
            self._trouble.append(
                {
                    "what": verdict,
                    "began": stream.began,
                    "at": stream.began + (stream.ended_at or stream.now()),
                    "events": [stream.reached, stream.count],
                    "why": stream.error or f"status {stream.status}, {stream.ended}",
                }
            )
        stream.close()

    def _on_command(self, file: int, _mask: int) -> None:
        data = os.read(file, 4096)
        *lines, self._commands = (self._commands + (data or b"leave\n")).split(b"\n")
        for line in lines:
            word, _, name = line.decode().partition(" ")
            if word == "mark":
                self._mark = name
            else:
                self.stopped = True
                self.ended = word == "leave"
                self.loop.watch(file, 0, self._on_command)


def _spread(times: array[float]) -> dict[str, float]:
    ordered = sorted(times)
    last = len(ordered) - 1
    return {
        "streams": len(ordered),
        "p50": ordered[round(0.5 * last)],
        "p99": ordered[round(0.99 * last)],
        "max": ordered[last],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--http", choices=["1.1", "2"], default="1.1")
    parser.add_argument("--streams", type=int, default=40, help="number of streams to keep open")
    parser.add_argument("--rate", type=float, default=5, help="more streams to open per second")
    parser.add_argument(
        "--shortest",
        type=int,
        default=5,
        help="duration in seconds of the shortest streams and of all --rate streams",
    )
    parser.add_argument(
        "--longest", type=int, default=60, help="duration in seconds of the longest streams"
    )
    parser.add_argument(
        "--browsers",
        type=int,
        default=0,
        help="number of connections that the --streams streams share; 0: one connection per stream",
    )
    parser.add_argument("--seed", type=int, default=0)
    load = Load(parser.parse_args())
    load.loop.run([load])
    load.close()
    print(json.dumps(load.result()))


if __name__ == "__main__":
    main()
