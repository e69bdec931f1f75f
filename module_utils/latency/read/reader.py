# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read streams, and note when each piece came."""

from __future__ import annotations

import contextlib
import resource
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Sequence

from .command import Command
from .loop import Loop
from .multi import Multi
from .transfer import Transfer

if TYPE_CHECKING:
    from ..timeline import Timeline
    from .request import Disturbance, Request
    from .stream import Stream

SPARE = 50  # open files besides the streams


def read(request: Request) -> Timeline:
    """Read one stream, up to its end or to a limit of the request. Raises ReaderError."""
    return read_all([request])[0]


def read_all(
    requests: Sequence[Request],
    *,
    shared: bool = False,
    disturbance: Disturbance | None = None,
) -> tuple[Timeline, ...]:
    """Open all streams at once, and read each up to its end or to a limit of its request.

    Each has its own connection, or all share one (HTTP/2). Raises ReaderError if libcurl cannot
    even try. A stream that fails is no error; its timeline says so.
    """
    files_for(1 if shared else len(requests))
    loop = Loop()
    multi = Multi(loop, shared=shared)
    streams: list[Stream] = []
    disturber = _Disturber(disturbance, streams)
    try:
        streams += [
            Command(request, loop) if request.command else Transfer(request, multi)
            for request in requests
        ]
        for stream in streams:
            stream.start()
        if disturbance:
            loop.later(time.monotonic() + disturbance.after, disturber.run)
        loop.run(streams)
        return tuple(stream.timeline() for stream in streams)
    finally:
        for stream in streams:
            stream.close()
        multi.close()
        loop.close()
        disturber.wait()


class _Disturber:
    """Runs the command, and marks it in the open streams."""

    def __init__(self, what: Disturbance | None, streams: Sequence[Stream]) -> None:
        self._what = what
        self._streams = streams
        self._process: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        if not self._what:
            return
        name = self._what.name or " ".join(map(shlex.quote, self._what.argv))
        silent = subprocess.DEVNULL
        at = time.monotonic()  # what it does must not come before its mark
        try:
            self._process = subprocess.Popen(
                self._what.argv, stdin=silent, stdout=silent, stderr=silent
            )
        except OSError as error:
            name = f"{name} (failed: {error.strerror})"
        for stream in self._streams:
            if not stream.ended:
                stream.mark(name, at)

    def wait(self) -> None:
        """Wait for the end of the command. It may itself wait for streams that we just left."""
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)


def files_for(streams: int) -> int:
    """How many files this process may open. Raises the limit if the streams need it.

    Each stream is a file, and ``SPARE`` more are needed.
    """
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + SPARE
    # The hard limit can be above what the kernel allows.
    for limits in ((most, most), (wanted, most), (wanted, wanted)):
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            break
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
