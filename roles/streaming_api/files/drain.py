# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let a replaced release run until its last connection has ended, then stop the release.

Nginx connects through a link that leads to another release by now, so the streams simply go on, and
no new connection comes. Many apps cut their streams at SIGTERM. So the release gets SIGTERM only
when no connection is left, or when the drain time is over. Nginx keeps some connections without a
stream for a moment; they count too.

The release's background processes are told to end when the drain begins; each has its own time for
the job in hand. A release with such a process stays until the process has ended.

At the end, ``retention.py`` decides whether the release stays on the host.

The unit ``<name>-drain@<release>.service`` runs this program. If you stop the unit, the release
goes on as it is.

``places.py`` and ``retention.py`` beside this file come from the role's module_utils/deploy/. All
three need only the standard library of Python >= 3.8.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parent))  # python3 -I leaves it out

from places import UNITS, Places
from retention import Built, by_worth, staying

INTERVAL = 1.0  # seconds between two counts of the connections
SETTLE = 5.0  # seconds; by then no kept connection of Nginx is used any more
ENDED = {"inactive", "failed", "unknown"}  # states of a unit that does not run


class Drain:
    """Decides when a drain is over. All times are seconds of the same clock."""

    def __init__(self, began: float, timeout: float) -> None:
        self._began, self.until = began, began + timeout

    def seconds_left(self, now: float) -> float:
        return max(self.until - now, 0)

    def seconds_gone(self, now: float) -> float:
        return now - self._began

    def is_over(self, now: float, connections: int, busy: int = 0) -> bool:
        """Whether the time is over, or no connection is left.

        ``busy`` is the number of background processes that have not ended.
        """
        if not self.seconds_left(now):
            return True
        return not connections and not busy and self.seconds_gone(now) >= SETTLE


class Host:
    """Reads and changes the host. ``root`` is the directory above all its files."""

    def __init__(self, name: str, apps: str, root: Path = Path("/")) -> None:
        self._root, self._places = root, Places(name, apps)

    def _path(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def live(self) -> str | None:
        """The release that was last seen to stream."""
        return self._release_at(self._places.proven_traffic)

    def has_traffic(self, release: str) -> bool:
        """Whether Nginx sends the release new requests, or will after an undo."""
        return release in (self.live(), self._release_at(self._places.traffic))

    def _release_at(self, link: str) -> str | None:
        place = self._path(link)
        return self._places.release_of(os.readlink(place)) if place.is_symlink() else None

    def connections(self, release: str) -> int:
        table = (self._root / "proc/net/unix").read_text(errors="replace")
        return self._places.connections(table).get(release, 0)

    def stays(self, release: str, keep: int) -> bool:
        """Whether the release stays on the host for a rollback."""
        releases = self._path(self._places.releases)
        built = [
            Built(manifest.parent.name, _created(manifest), manifest.stat().st_mtime_ns)
            for manifest in releases.glob("*/release.json")
            if not self._path(self._places.withdrawn(manifest.parent.name)).exists()
        ]
        return release in staying(by_worth(built, self._history()), self.live(), keep)

    def _history(self) -> list[str]:
        """The ids of the releases that were live, the latest first."""
        try:
            return list(json.loads(_text(self._path(self._places.record)))["history"])
        except (ValueError, KeyError, TypeError):
            return []

    def announce(self, release: str, until: float) -> None:
        """Tell others when the drain ends at the latest, see Places.drain_end."""
        file = self._path(self._places.drain_end(release))
        file.write_text(str(until))
        file.chmod(0o644)  # the unit's UMask= would keep it from others

    def processes(self, release: str) -> list[str]:
        """The units of the release's background processes."""
        return self._places.processes(release, self._units())

    def _units(self) -> list[str]:
        return [file.name for file in self._path(UNITS).iterdir()]

    def dismiss(self, release: str) -> None:
        """Tell the background processes to end, and do not wait. They do not start at a boot."""
        units = self.processes(release)
        if units:
            _systemctl("disable", "--quiet", *units)
            _systemctl("stop", "--no-block", *units)

    def busy(self, release: str) -> int:
        """How many background processes have not ended."""
        units = self.processes(release)
        states = _systemctl("is-active", *units).split() if units else []
        return sum(state not in ENDED for state in states)

    def stop(self, release: str) -> None:
        unit = self._places.unit(release)
        units = [f"{unit}.socket", f"{unit}.service", *self.processes(release)]
        # At once: a request to the socket brings the service back, and a service that systemd
        # starts again brings its socket back.
        _systemctl("stop", *units)
        states = _systemctl("is-active", *units).split()
        if not {*states} <= ENDED:
            raise RuntimeError(f"{unit} does not stop: it is {' and '.join(states)}.")
        _systemctl("reset-failed", *units)

    def remove(self, release: str) -> None:
        for place in map(self._path, self._places.files(release, self._units())):
            if place.is_dir():
                shutil.rmtree(place, ignore_errors=True)
            elif place.exists():
                place.unlink()
        _systemctl("daemon-reload")


def _created(manifest: Path) -> str:
    try:
        return str(json.loads(manifest.read_text())["created"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _text(file: Path) -> str:
    """The text of a file; empty if the file does not exist."""
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _systemctl(*words: str) -> str:
    done = subprocess.run(
        ["/usr/bin/systemctl", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
        text=True,
    )
    return done.stdout


def tell(text: str) -> None:
    """Send systemd a notification."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(text.encode(), address.replace("@", "\0", 1))


def say(text: str) -> None:
    print(text, flush=True)


def wait(host: Host, release: str, drain: Drain, now: Callable[[], float]) -> int | None:
    """Wait until the drain is over. Return the connections left; None if traffic came back."""
    while True:
        left = host.connections(release)
        if host.has_traffic(release):
            return None
        busy = host.busy(release)
        if drain.is_over(now(), left, busy):
            return left
        jobs = f"{busy} processes, " if busy else ""
        tell(f"STATUS={left} connections, {jobs}{drain.seconds_left(now()):.0f} s left at most")
        time.sleep(INTERVAL)


def end(host: Host, release: str, keep: int) -> bool:
    """Stop the release. Remove it, unless it stays for a rollback. Return whether it stays."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # finish what has begun
    host.stop(release)
    stays = host.stays(release, keep)
    if not stays:
        host.remove(release)
    return stays


def began(directory: str) -> float:
    """When the drain began, on the monotonic clock. A restart of the unit keeps that time."""
    file = Path(directory, "began")
    if not _text(file):  # none yet, or one that a full disk has cut short
        file.write_text(str(time.monotonic()))
    return float(file.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release")
    parser.add_argument("--name", required=True)
    parser.add_argument("--root", default="/srv")
    parser.add_argument("--timeout", type=float, required=True, help="seconds")
    parser.add_argument("--keep", type=int, required=True, help="releases, the live one included")
    given = parser.parse_args()
    host, release = Host(given.name, given.root), given.release
    drain = Drain(began(os.environ["RUNTIME_DIRECTORY"]), given.timeout)
    host.announce(release, drain.until)
    begun = host.connections(release)
    if not host.has_traffic(release):
        host.dismiss(release)
    say(f"{release} drains: {begun} connections, {given.timeout:.0f} s at most.")
    tell("READY=1")
    left = wait(host, release, drain, time.monotonic)
    if left is None:
        say(f"{release} has traffic again.")
        return
    took = drain.seconds_gone(time.monotonic())
    what = "kept" if end(host, release, given.keep) else "removed"
    say(f"{release} has ended after {took:.0f} s, with {left} connections left; it is {what}.")


if __name__ == "__main__":
    main()
