# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a process of an app keeps its counts: the files, and the meaning of each word in them.

``stream_counts.py`` in a release writes them and the monitor reads them. Both use this file, so it
needs only the standard library of Python >= 3.8.

A file, a slot, belongs to the process that has its exclusive lock (flock). It is an array of
unsigned 64-bit integers in the machine's order. Times are sums of nanoseconds.
"""

from __future__ import annotations

from typing import Sequence

# Upper bounds of histograms in seconds. The last bucket, without a bound, is not listed.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
SECOND = 1_000_000_000  # in nanoseconds
BOUNDS_NS = tuple(round(bound * SECOND) for bound in BOUNDS)
BUCKETS = len(BOUNDS) + 1

# The files of a directory. A process takes the first that no other process has.
FILES = tuple(f"streams-{number}" for number in range(64))

HOWS = ("complete", "left", "failed")  # how a stream ends
# Of the status of an answer. 429, too many requests, is no fault of the request: it has its own.
CLASSES = ("2xx", "3xx", "4xx", "5xx", "429")
TOO_MANY = 429

# The words of a file, by their index.
MAGIC = 0  # LAYOUT in a file of ours
IN_FLIGHT = 1
OPENED = 2
ENDED = 3  # one word for each of HOWS
FAILED = ENDED + HOWS.index("failed")
ANSWERS = ENDED + len(HOWS)  # one word for each of CLASSES
FIRST_CHUNK = ANSWERS + len(CLASSES)  # a word for each bucket
FIRST_CHUNK_SUM = FIRST_CHUNK + BUCKETS
NEXT_CHUNK = FIRST_CHUNK_SUM + 1  # a word for each bucket
NEXT_CHUNK_SUM = NEXT_CHUNK + BUCKETS
WORDS = NEXT_CHUNK_SUM + 1
SIZE = 8 * WORDS  # bytes

LAYOUT = 0x73747265616D0001  # "stream", and the version of this layout


def of_the_dead(words: Sequence[int] | memoryview) -> tuple[int, int]:
    """What OPENED and FAILED are if the process is dead: what was in flight was cut."""
    ended = sum(words[ENDED : ENDED + len(HOWS)])
    opened = max(words[OPENED], ended + words[IN_FLIGHT])  # some waited for their first chunk
    return opened, words[FAILED] + max(opened - ended, 0)
