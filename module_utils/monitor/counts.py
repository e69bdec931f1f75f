# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what the processes of a release count of their own streams.

The files belong to the app, which may be hostile: no link is followed, nothing but a small regular
file is read, and numbers that no app reaches are not believed.
"""

from __future__ import annotations

import fcntl
import os
import stat
from typing import NamedTuple, Sequence

from . import stream_slots as slots
from .values import Histogram, Streams

# More than any process reaches, and little enough that all sums are exact.
MOST = 2**47  # of all that is counted
MOST_IN_FLIGHT = 2**20
MOST_NS = 2**63

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Slot(NamedTuple):
    words: Sequence[int]
    lives: bool  # the process that counts in it


def read(directory: str) -> Streams | None:
    """The sum of all files in the directory. None without it: the release does not count."""
    try:
        inside = os.open(directory, READ | os.O_DIRECTORY)
    except OSError:
        return None
    try:
        found = [_read(name, inside) for name in slots.FILES]
    finally:
        os.close(inside)
    return _sum([slot for slot in found if slot is not None and _is_sane(slot.words)])


def _read(name: str, inside: int) -> _Slot | None:
    try:
        file = os.open(name, READ, dir_fd=inside)
    except OSError:
        return None
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_size != slots.SIZE:
            return None
        # As long as we have the lock, no new process takes the file.
        lives = not _lock(file)
        content = os.pread(file, slots.SIZE, 0)
        if len(content) != slots.SIZE:
            return None
        return _Slot(memoryview(content).cast("Q").tolist(), lives)
    except OSError:
        return None
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    """Lock it, which fails if the process that counts in it lives."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_sane(words: Sequence[int]) -> bool:
    sums = (slots.FIRST_CHUNK_SUM, slots.NEXT_CHUNK_SUM)
    counted = (word for index, word in enumerate(words) if index not in (slots.MAGIC, *sums))
    return (
        words[slots.MAGIC] == slots.LAYOUT
        and words[slots.IN_FLIGHT] <= MOST_IN_FLIGHT
        and all(word <= MOST for word in counted)
        and all(words[index] <= MOST_NS for index in sums)
    )


def _settled(words: Sequence[int]) -> Sequence[int]:
    """The words of a dead process, as the next one that takes the file makes them."""
    settled = [*words]
    settled[slots.OPENED], settled[slots.FAILED] = slots.of_the_dead(words)
    settled[slots.IN_FLIGHT] = 0
    return settled


def _sum(found: Sequence[_Slot]) -> Streams:
    counted = [slot.words if slot.lives else _settled(slot.words) for slot in found]
    total = [sum(words) for words in zip(*counted)] or [0] * slots.WORDS
    return Streams(
        in_flight=total[slots.IN_FLIGHT],
        opened=total[slots.OPENED],
        ended=dict(zip(slots.HOWS, total[slots.ENDED :])),
        answers=dict(zip(slots.CLASSES, total[slots.ANSWERS :])),
        time_to_first_chunk=_histogram(total, slots.FIRST_CHUNK, slots.FIRST_CHUNK_SUM),
        time_per_output_chunk=_histogram(total, slots.NEXT_CHUNK, slots.NEXT_CHUNK_SUM),
    )


def _histogram(words: Sequence[int], first: int, total: int) -> Histogram:
    return Histogram(tuple(words[first : first + slots.BUCKETS]), words[total] / slots.SECOND)
