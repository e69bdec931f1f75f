"""Run a load: open streams at their scheduled times, then measure for a while."""

from __future__ import annotations

import gc
import resource
import time
from collections import Counter

from .readers import Readers
from .stream import Stream, Window
from .values import NO_EVENT, Found, Load, Spread


def generate(load: Load) -> Found:
    """Open the streams, read them, and say what became of them."""
    _raise_limit()
    gc.disable()  # a collection would look like a delay of the server
    readers, window = Readers(load), Window()
    streams: list[Stream] = []
    lag = 0.0
    began = time.monotonic() + 0.1
    spacing = 1 / load.opens_per_second if load.opens_per_second else 0.0
    for number in range(load.streams):
        due = began + number * spacing
        while (left := due - time.monotonic()) > 0:
            readers.wait(left)
        lag = max(lag, -left)
        stream = Stream(window, due, load.interval)
        streams.append(stream)
        readers.open(stream, number, silent=number >= load.streams - load.silent)
        if number % 64 == 0:
            readers.wait(0)
    _read(readers, time.monotonic() + load.settle)
    window.begin = time.monotonic()
    cpu = time.process_time()
    end = window.begin + load.seconds
    _read(readers, end, streams if load.events else None)
    cpu = time.process_time() - cpu
    end = min(end, time.monotonic())
    readers.close()
    return summary(load, streams, window, end, cpu=cpu, lag=lag)


def _read(readers: Readers, end: float, streams: list[Stream] | None = None) -> None:
    """Read until then, or until all of these streams have ended."""
    while (left := end - time.monotonic()) > 0:
        readers.wait(left if streams is None else min(left, 0.2))
        if streams is not None and all(each.ended for each in streams):
            return


def summary(
    load: Load, streams: list[Stream], window: Window, end: float, *, cpu: float, lag: float
) -> Found:
    """Count what became of the streams. `end` is when the window ended."""
    refused = [each for each in streams if not each.n]
    opened = [each for each in streams if each.n]
    read = streams[: load.streams - load.silent]
    patience = 2 * load.interval + 2
    return Found(
        opened=len(opened),
        refused=len(refused),
        cut=sum(each.ended and not (load.events and each.n >= load.events) for each in opened),
        lost=sum(each.lost for each in opened),
        repeated=sum(each.repeated for each in opened),
        late=sum(bool(each.n) and not each.ended and each.last < end - patience for each in read),
        reasons=dict(Counter(each.why or NO_EVENT for each in refused)),
        delay=Spread.of(window.delays),
        first=Spread.of(window.firsts),
        gap=max((each.gap for each in read), default=0.0),
        events=len(window.delays),
        seconds=end - window.begin,
        cpu=cpu,
        lag=lag,
    )


def _raise_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
