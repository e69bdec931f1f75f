# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read layers, pass by pass."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Mapping, Sequence
from urllib.parse import urlsplit

from ..measurement import Measurement, Pass
from ..timeline import REFUSED
from .access import problem_of
from .curl import suspect
from .passes import REQUESTS, TOGETHER, Ask, Plan, Skip
from .reader import SPARE, files_for, read, read_all
from .request import Disturbance, Request, Target, show
from .workload import Workload

if TYPE_CHECKING:
    from ..timeline import Timeline

ASKS = 8  # to count the open streams: an app may have several processes
NOTICE = 3.0  # seconds in which an app should notice that a reader left


def measure(
    targets: Sequence[Target], plan: Plan | None = None, disturbance: Disturbance | None = None
) -> tuple[Measurement, ...]:
    """Measure layers, one after the other. Raises ReaderError.

    A disturbance is for all layers: the passes in ``TOGETHER`` then read all layers at once.
    """
    readings = [_Reading(target, plan or Plan()) for target in targets]
    if disturbance:
        _read_together(readings, disturbance)
    for one in readings:
        if not disturbance:
            _read_together([one])
        one.read_others()
    return tuple(one.measurement() for one in readings)


def _read_together(readings: Sequence[_Reading], disturbance: Disturbance | None = None) -> None:
    """Read the passes that do not disturb each other. Each of them has one stream."""
    asked = [
        (one, name, requests[0])
        for one in readings
        for name, requests in one.requests.items()
        if name in TOGETHER
    ]
    workload = Workload()
    timelines = read_all([request for _, _, request in asked], disturbance=disturbance)
    shares = workload.shares()
    for (one, name, _), timeline in zip(asked, timelines):
        one.passes[name] = Pass((timeline,), *shares)


class _Reading:
    """A layer while it is read: the requests of its passes, and what they brought so far."""

    def __init__(self, target: Target, plan: Plan) -> None:
        self.target = target
        self.problem = problem_of(target.request)
        self.requests: dict[str, list[Request]] = {}
        self.skipped: dict[str, str] = {}
        self.passes: dict[str, Pass] = {}
        self._ask = Ask(target.request, plan)
        for name in () if self.problem else target.passes:
            self._prepare(name)

    def _prepare(self, name: str) -> None:
        try:
            self.requests[name] = REQUESTS[name](self._ask)
        except Skip as why:
            self.skipped[name] = str(why)

    def read_others(self) -> None:
        """Read the passes that need the layer for themselves."""
        for name, requests in self.requests.items():
            if name == "leave":
                self._read_leave(requests)
            elif name == "multiplex":
                self._read_multiplex(requests)
            elif name not in TOGETHER:
                self._read(name, requests)

    def measurement(self) -> Measurement:
        """What was measured, with the passes in the order of the task."""
        passes = {name: self.passes[name] for name in self.target.passes if name in self.passes}
        url = show(self.target.request)
        return Measurement(self.target.name, passes, url, self.problem, self.skipped)

    def _read(self, name: str, requests: list[Request], *, shared: bool = False) -> None:
        streams = 1 if shared else len(requests)
        files = files_for(streams)
        if streams + SPARE > files:
            self.skipped[name] = f"this machine may open only {files} files"
            return
        workload = Workload()
        timelines: tuple[Timeline, ...] = read_all(requests, shared=shared)
        self.passes[name] = Pass(timelines, *workload.shares())

    def _read_multiplex(self, requests: list[Request]) -> None:
        """Over HTTP/1.1 each stream would wait for the one before it, so that is skipped."""
        if read(requests[0]._replace(events=1)).http != "2":
            self.skipped["multiplex"] = "the server does not speak HTTP/2"
            return
        if urlsplit(requests[0].url).scheme != "https" and suspect():
            two = read_all([requests[0]._replace(events=1)] * 2, shared=True)
            if sorted(one.ended == REFUSED for one in two) == [False, True]:
                self.skipped["multiplex"] = (
                    f"{suspect()} here cannot share a connection of HTTP/2 without TLS; "
                    "use a newer one"
                )
                return
        self._read("multiplex", requests, shared=True)

    def _read_leave(self, requests: list[Request]) -> None:
        ask = self._ask.stream(count=1, interval=0.001)
        before = _open_streams(ask)
        self._read("leave", requests)
        after, until = _open_streams(ask), time.monotonic() + NOTICE
        while _open_in(after, before) > _open_in(before, after) and time.monotonic() < until:
            time.sleep(0.1)
            after = _open_streams(ask)
        if before.keys() & after.keys() and "leave" in self.passes:
            self.passes["leave"] = self.passes["leave"]._replace(
                open_before=_open_in(before, after), open_after=_open_in(after, before)
            )


def _open_streams(ask: Request) -> dict[Any, int]:
    """The open streams of each process, by its id; without the stream that asks."""
    found: dict[Any, int] = {}
    for _ in range(ASKS):
        said = read(ask).server
        if isinstance(said.get("open_streams"), int):
            pid, others = said.get("pid"), said["open_streams"] - 1
            found[pid] = min(found.get(pid, others), others)
    return found


def _open_in(counts: Mapping[Any, int], known: Mapping[Any, int]) -> int:
    return sum(count for pid, count in counts.items() if pid in known)
