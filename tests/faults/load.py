"""The load of the machine: made on purpose, and kept away from what it would spoil."""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from tests.faults.servers import ROOT

LONGEST = 120  # seconds, after which it ends even when nobody is left to end it
ATTEMPTS = 5
PAUSE = 2.0  # seconds before the second attempt, twice that before the third, and so on
LOCK = ROOT / ".cache" / "faults.lock"  # of all tests on this machine, which run side by side

Found = TypeVar("Found")


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep the machine busy."""
    argv = ["timeout", str(LONGEST), sys.executable, "-c", "while True: pass"]
    with _holding(fcntl.LOCK_EX):
        found = [subprocess.Popen(argv) for _ in range(processes)]
        try:
            yield
        finally:
            for one in found:
                one.terminate()  # `timeout` passes it on
                one.wait()


def quiet() -> contextlib.AbstractContextManager[None]:
    """Nobody keeps the machine busy on purpose meanwhile."""
    return _holding(fcntl.LOCK_SH)


def until_quiet(measure: Callable[[], Found], in_vain: Callable[[Found], bool]) -> Found:
    """Measure; again, up to four times, if that was in vain because the machine was busy.

    Other tests make it so, and each attempt leaves them more time to end.
    """
    found = measure()
    for attempt in range(1, ATTEMPTS):
        if not in_vain(found):
            break
        time.sleep(PAUSE * attempt)
        with quiet():
            found = measure()
    return found


@contextlib.contextmanager
def _holding(how: int) -> Iterator[None]:
    with LOCK.open("w") as lock:
        fcntl.flock(lock, how)
        yield
