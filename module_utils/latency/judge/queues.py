# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Streams that wait for each other.

A stream that begins late does not have to wait for another: an app may think for a random time. A
queue shows itself by its starts: they come when other streams end, and only a bounded number of
streams runs at a time.
"""

from __future__ import annotations

from typing import NamedTuple, Sequence

from ..timeline import LIMIT, Timeline

SOON = 0.05  # seconds from the end of a stream to the start of the next one
VERY_SOON = 0.01  # the same, if so few streams wait that chance could do it
AT_ONCE = 0.02  # seconds between starts of a batch
EARLY = 0.003  # seconds; the reader may see an end later than the next start
BATCH = 3  # streams that start at once: a server that accepts again accepts all that wait
SHARE = 0.9  # of the streams that follow the rule


class _Run(NamedTuple):
    """When a stream ran, in seconds of the reader's clock."""

    begins: float
    ends: float
    one: Timeline


def queued(streams: Sequence[Timeline], wait: float) -> list[Timeline]:
    """Of streams that were opened together, those that had to wait until others ended.

    Empty if none waited ``wait`` seconds longer than the first one, or if it was no queue.
    """
    runs = sorted(
        _Run(one.began + one.headers_at, one.began + one.ended_at, one)
        for one in streams
        if one.headers_at is not None
    )
    if not runs:
        return []
    first_end = min(run.ends for run in runs)
    prompt = [run for run in runs if run.begins < first_end] or runs[:1]
    late = runs[len(prompt) :]
    never = [one for one in streams if one.headers_at is None and one.ended == LIMIT]
    waits = [run.one.headers_at or 0.0 for run in late] + [one.ended_at for one in never]
    waited = max(waits, default=0.0) - (runs[0].one.headers_at or 0.0)
    half = (runs[0].begins + first_end) / 2
    began_promptly = sum(run.begins < half for run in prompt) >= SHARE * len(prompt)
    if waited <= wait or not began_promptly or not _bounded(runs, len(prompt)):
        return []
    if late and not (_after_ends(runs, late) and _lasts_as_long(prompt, late)):
        return []
    return [*(run.one for run in late), *never]


def _lasts_as_long(prompt: Sequence[_Run], late: Sequence[_Run]) -> bool:
    """Whether the late ones then take their time. A stream that was held until its end does not.
    How long one lasts that the reader has left is not known.
    """
    late = [run for run in late if run.one.ended != LIMIT]
    if not late:
        return True
    usual, took = (sorted(map(_lasted, runs))[len(runs) // 2] for runs in (prompt, late))
    return took > 0.3 * usual


def _lasted(run: _Run) -> float:
    """Seconds in which the body came. Its end may come later, as may a body that was held."""
    one = run.one
    if not one.reads:
        return run.ends - run.begins
    return (one.last_at or one.reads[-1][0]) - one.reads[0][0]


def _bounded(runs: Sequence[_Run], most: int) -> bool:
    """Whether hardly more than ``most`` streams ever run at a time."""
    steps = sorted([(run.ends - EARLY, -1) for run in runs] + [(run.begins, 1) for run in runs])
    running = largest = 0
    for _, step in steps:
        running += step
        largest = max(largest, running)
    return largest <= most + max(1, most // 10) if most > 1 else largest <= 1


def _after_ends(runs: Sequence[_Run], late: Sequence[_Run]) -> bool:
    """Whether the late ones begin right after the end of another stream, or many at once."""
    # A server notices only when it writes again that a reader has left.
    left = any(run.one.ended == LIMIT for run in runs[: len(runs) - len(late)])
    soon = SOON if left or len(late) >= BATCH else VERY_SOON
    ends = sorted(run.ends for run in runs)
    follows, unused = 0, 0
    for run in late:
        while unused < len(ends) and ends[unused] < run.begins - soon:
            unused += 1
        if unused < len(ends) and ends[unused] <= run.begins + EARLY:
            unused += 1
            follows += 1
    in_batches = sum(
        sum(abs(other.begins - run.begins) < AT_ONCE for other in late) >= BATCH for run in late
    )
    if follows >= SHARE * len(late):
        return True
    return in_batches >= SHARE * len(late) and _in_order(runs, late)


def _in_order(runs: Sequence[_Run], late: Sequence[_Run]) -> bool:
    """Whether the late ones were opened last. A queue keeps its order, and chance does not."""
    opened = sorted(run.one.began for run in runs)
    prompt = [run.one.began for run in runs[: len(runs) - len(late)]]
    first = opened[len(prompt) - 1]
    return sum(at <= first for at in prompt) >= SHARE * len(prompt) and len(runs) > 2 * BATCH
