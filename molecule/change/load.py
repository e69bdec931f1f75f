"""Keep streams open, open new ones, check each of them, and say what was seen.

    PYTHONPATH=molecule/hosts python molecule/change/load.py URL --http 2 --streams 300 --rate 20

Standard input takes commands, one a line: `mark NAME` counts under this name what is opened from now
on; `stop` opens no more and waits for the ends; `leave` leaves all where they are. Then it prints a
JSON object; its times are seconds of the monotonic clock.
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

from streamclient import COMPLETE, LEFT, PATROL, REFUSED, Connections, Loop, Stream

COUNTED = (
    *("opened", "complete", "cut", "hidden", "announced", "refused", "left"),  # streams
    *("lost", "doubled"),  # events
)
KEPT = 100  # what went wrong: the first ones
WORST = 10  # first chunks that took longest
RAMP = 0.02  # of the streams to keep, so many are opened at a look at the clock


class Checked(Stream):
    """A stream of `count` numbered events, one a second, and one that says `end`. None is kept."""

    def __init__(self, url: str, count: int, mark: str, *, http2: bool) -> None:
        super().__init__(f"{url}?count={count}&interval=1", http2=http2, timeout=0)
        self.count = count
        self.mark_of_opening = mark
        self.reached = self.lost = self.doubled = 0
        self.said = ""  # the name of the last event that has one
        self._rest = b""

    def take(self, data: bytes, now: float) -> None:  # noqa: ARG002
        """Check the events."""
        *events, self._rest = (self._rest + data).replace(b"\r", b"").split(b"\n\n")
        for event in events:
            fields = dict(re.findall(rb"^(id|event): *(.*)$", event, re.MULTILINE))
            self.said = fields.get(b"event", b"").decode() or self.said
            if b"id" in fields:
                self._count(int(fields[b"id"]))

    def _count(self, number: int) -> None:
        if number <= self.reached:
            self.doubled += 1
            return
        self.lost += number - self.reached - 1
        self.reached = number

    def verdict(self) -> str:
        """In a word: complete, left, refused, cut; or `hidden`, which is cut and looks complete;
        or `announced`, which the server has ended before its end and said so.
        """
        if self.ended == REFUSED or (self.to_headers and self.status != 200):
            return "refused"
        if self.ended != COMPLETE:
            return "left" if self.ended == LEFT else "cut"
        if self.said == "reconnect":
            return "announced"
        return "complete" if self.said == "end" and self.reached > self.count else "hidden"


class Load:
    """All streams, and the commands from standard input."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.loop = Loop()
        self.stopped = self.ended = False
        self._options = options
        self._random = random.Random(options.seed)  # noqa: S311 - to be the same again is its purpose
        self._own = self.loop.connections()  # one for each stream
        self._browsers = [self.loop.connections(shared=True) for _ in range(options.browsers)]
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

    def run(self) -> None:
        """Read until a command ends it."""
        patrol = 0.0
        while not self.ended:
            if time.monotonic() >= patrol:
                self._look()
                patrol = time.monotonic() + PATROL
            self.loop.turn()
        self.loop.close()
        for stream in self._kept | self._new:
            self._note(stream)

    def _look(self) -> None:
        """Note what has ended, and open what is wanted."""
        for streams in (self._kept, self._new):
            for stream in [one for one in streams if one.ended]:
                streams.discard(stream)
                self._note(stream)
        if self.stopped:
            self.ended = self.ended or not (self._kept or self._new)
            return
        options = self._options
        missing = options.streams - len(self._kept)
        for _ in range(min(missing, 1 + int(RAMP * options.streams))):
            count = self._random.randint(options.shortest, options.longest)
            ways = self._browsers or [self._own]
            self._open(self._kept, self._random.choice(ways), count)
        while options.rate and self._next <= time.monotonic():
            self._next += 1 / options.rate
            self._open(self._new, self._own, options.shortest)

    def result(self) -> dict[str, Any]:
        """What was seen."""
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

    def _open(self, streams: set[Checked], connections: Connections, count: int) -> None:
        options = self._options
        stream = Checked(options.url, count, self._mark, http2=options.http == "2")
        streams.add(stream)
        self._count["opened"] += 1
        connections.open(stream)

    def _note(self, stream: Checked) -> None:
        verdict = stream.verdict()
        self._count[verdict] += 1
        self._count["lost"] += stream.lost
        self._count["doubled"] += stream.doubled
        if stream.to_first and stream.status == 200:
            self._first[stream.mark_of_opening].append(stream.to_first)
            heapq.heappush(self._worst, (stream.to_first, stream.began, stream.mark_of_opening))
            if len(self._worst) > WORST:
                heapq.heappop(self._worst)
        wrong = verdict not in {"complete", "left"} or stream.lost or stream.doubled
        if wrong and len(self._trouble) < KEPT:
            self._trouble.append(
                {
                    "what": verdict,
                    "began": stream.began,
                    "at": stream.ended_at,
                    "events": [stream.reached, stream.count],
                    "why": stream.error or f"status {stream.status}, {stream.ended}",
                }
            )

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
    parser.add_argument("--streams", type=int, default=40, help="that are open at any time")
    parser.add_argument("--rate", type=float, default=5, help="others that are opened a second")
    parser.add_argument("--shortest", type=int, default=5, help="seconds, which all others last")
    parser.add_argument("--longest", type=int, default=60, help="seconds")
    parser.add_argument(
        "--browsers", type=int, default=0, help="that share connections among the open ones"
    )
    parser.add_argument("--seed", type=int, default=0)
    load = Load(parser.parse_args())
    load.run()
    print(json.dumps(load.result()))


if __name__ == "__main__":
    main()
