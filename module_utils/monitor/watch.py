# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The service: one thread for each app measures at the app's interval, and HTTP shows the results.

A round of one app never waits for another app, and whatever goes wrong in a round ends that round
only. The probe's streams last a second or two and keep no connection open, so they never keep a
release alive that drains.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import traceback
from pathlib import Path
from typing import Callable, NamedTuple

from ..deploy.places import Places
from ..latency.errors import LatencyError
from . import push
from .certificate import certificate_end
from .counts import read as read_counts
from .exposition import Exposition
from .history import History, HistoryError
from .marks import changes
from .page import page
from .rounds import measure
from .server import Server, Site
from .state import app_state, live
from .values import AppState, Mark, Sample
from .wanted import Wanted, read

CERTIFICATE_EVERY = 3600.0  # seconds between two looks at a certificate
HISTORY = "history.sqlite"
SHOWN = 6 * 3600.0  # seconds of history on the page
LEAST_REST = 0.2  # share of the interval between two rounds, however long a round takes


class Board(NamedTuple):
    """What is known now: the latest samples of each app, and its state."""

    samples: dict[str, list[Sample]]
    states: dict[str, AppState]

    def verdicts(self) -> dict[str, object]:
        """For JSON: the latest verdict on each path of each app."""
        apps = [
            {
                "app": app,
                "paths": [
                    {
                        "path": one.path,
                        "measured_at": round(one.at, 3),
                        "verdict": one.verdict,
                        "culprit": one.culprit,
                        "cause": one.cause,
                        "message": one.message,
                    }
                    for one in samples
                ],
            }
            for app, samples in sorted(self.samples.items())
        ]
        return {"now": round(time.time(), 3), "apps": apps}


class Results(NamedTuple):
    """Where results go."""

    board: Board
    exposition: Exposition
    history: History

    def guard(self, what: str, act: Callable[..., object], *given: object) -> None:
        """Do one thing. Whatever goes wrong ends this thing only, and is counted."""
        try:
            act(*given)
        except (LatencyError, HistoryError, push.PushError, OSError) as error:
            self.exposition.error(what)
            say(f"{what}: {error}")
        except Exception:  # noqa: BLE001 - a bug in one round must not end the watch
            self.exposition.error(what)
            say(f"{what}:\n{traceback.format_exc()}")


class Watcher(threading.Thread):
    """Watches one app until ``stopping`` is set. It begins after ``offset`` seconds."""

    def __init__(
        self, wanted: Wanted, results: Results, stopping: threading.Event, offset: float
    ) -> None:
        super().__init__(daemon=True, name=wanted.app)
        self._wanted, self._results = wanted, results
        self._stopping, self._offset = stopping, offset
        self._places = Places(wanted.app, wanted.root)
        self._certificate: tuple[float, float | None] = (float("-inf"), None)

    def run(self) -> None:
        wait = self._offset
        while not self._stopping.wait(wait):
            began = time.monotonic()
            self._results.guard("state", self._look)
            self._results.guard("round", self._measure)
            interval = self._wanted.interval
            wait = max(interval - (time.monotonic() - began), LEAST_REST * interval)

    def _measure(self) -> None:
        release = live(self._places)
        if not release or not self._wanted.ways:
            return
        samples = measure(self._wanted, self._places.socket(release))
        now = live(self._places)
        if now and now != release and any(one.culprit for one in samples):
            # The release ended while it was measured.
            samples = measure(self._wanted, self._places.socket(now))
        self._results.board.samples[self._wanted.app] = samples
        for one in samples:
            self._results.exposition.round(one, self._wanted.interval)
            self._results.guard("history", self._results.history.add, one)

    def _look(self) -> None:
        states = self._results.board.states
        before = states.get(self._wanted.app)
        after = app_state(self._wanted.app, self._wanted.root, time.time(), time.monotonic())
        releases = tuple(
            one._replace(streams=read_counts(self._places.counts(one.release)))
            for one in after.releases
        )
        after = after._replace(releases=releases, certificate_ends=self._certificate_ends())
        states[self._wanted.app] = after
        self._results.exposition.state(after)
        for mark in changes(before, after):
            self._results.guard("history", self._results.history.mark, mark)
        self._results.exposition.history_bytes(self._results.history.size())

    def _certificate_ends(self) -> float | None:
        certified = self._wanted.certified
        asked, ends = self._certificate
        if certified and time.monotonic() > asked + CERTIFICATE_EVERY:
            ends = certificate_end("127.0.0.1", certified.port, certified.server_name)
            self._certificate = (time.monotonic(), ends)
        return ends


def say(text: str) -> None:
    print(text, flush=True)


def tell(text: str) -> None:
    """Send systemd a notification."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(text.encode(), address.replace("@", "\0", 1))


def main(address: str) -> None:
    """Watch all apps until SIGTERM."""
    apps = read(Path(os.environ["CREDENTIALS_DIRECTORY"]))
    history = History(str(Path(os.environ["STATE_DIRECTORY"], HISTORY)))
    results = Results(Board({}, {}), Exposition(), history)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    server = Server(address, _site(apps, results))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for index, wanted in enumerate(apps):
        began = Mark(wanted.app, time.time(), "monitor", "The monitor started.")
        results.guard("history", history.mark, began)
        Watcher(wanted, results, stopping, index * wanted.interval / len(apps)).start()
    if push.wanted() and apps:
        pusher = push.Push(results.exposition.collect)
        every = min(one.interval for one in apps)
        threading.Thread(target=_push, args=(pusher, results, stopping, every), daemon=True).start()
    names = ", ".join(one.app for one in apps) or "no app"
    say(f"Watching {names}. http://{address}/metrics")
    tell("READY=1")
    stopping.wait()


def _push(pusher: push.Push, results: Results, stopping: threading.Event, every: float) -> None:
    while not stopping.wait(every):
        results.guard("push", pusher.send)


def _site(apps: list[Wanted], results: Results) -> Site:
    intervals = {one.app: one.interval for one in apps}

    def page_of(app: str) -> str:
        now = time.time()
        return page(
            app,
            now,
            results.history.rounds(app, now - SHOWN),
            results.history.marks(app, now - SHOWN),
            results.board.samples.get(app, []),
            results.board.states.get(app),
            intervals[app],
        )

    tokens = {one.app: one.status_token for one in apps}
    return Site(results.exposition.answer, results.board.verdicts, page_of, tokens)
