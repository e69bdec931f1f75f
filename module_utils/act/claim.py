# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take and release the lock of an app's deploys.

The lock is a systemd unit. It ends after an hour, or when the host stops. When the controller of a
deploy is killed, an act of that deploy may still run on the host. So each act locks a file while it
runs, and stops if its deploy has lost the lock. A deploy that takes the lock over waits for that
file.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, NamedTuple

from ..deploy.lock import LONGEST
from . import units
from .editor import ActError

if TYPE_CHECKING:
    from ..deploy.places import Places

ENDS = 20.0  # seconds beyond the stop timeout
ACT_ENDS = 120.0  # seconds that an act of a dead deploy may take to end
LOST = "This deploy no longer has its lock, so it has stopped."
FORGETS = 5.0  # seconds in which systemd forgets a unit that has ended


class Held(NamedTuple):
    """The lock of another deploy: its holder (the unit's description), and since when."""

    holder: str
    since: str


def take(places: Places, me: str, gone: str = "") -> Held | None:
    """Take the lock, or return its holder. Take over the lock of ``gone``, a dead process."""
    held = _take(places, me, gone)
    if held is None:
        with alone(places.acting):
            pass  # the last act of a dead deploy has ended
    return held


def _take(places: Places, me: str, gone: str) -> Held | None:
    if _begin(places, me).status == 0:
        return None
    shown = _show(places)
    if shown.get("Description") == me and shown.get("ActiveState") == "active":
        return None
    if shown.get("ActiveState") == "active" and shown.get("Description") != gone:
        return Held(shown.get("Description", ""), shown.get("ActiveEnterTimestamp", ""))
    unlock(places, shown.get("Description", ""))
    deadline = time.monotonic() + FORGETS
    while True:
        said = _begin(places, me)
        if said.status == 0:
            return None
        shown = _show(places)
        if shown.get("ActiveState") == "active":
            return Held(shown.get("Description", ""), shown.get("ActiveEnterTimestamp", ""))
        if time.monotonic() > deadline:
            raise ActError(f"The lock of the deploy cannot be taken: {said.text}")
        time.sleep(0.2)


def _begin(places: Places, me: str) -> units.Said:
    unit = [f"--unit={places.lock}", f"--description={me}", f"--property=RuntimeMaxSec={LONGEST}"]
    command = ["systemd-run", "--quiet", "--collect", *unit, "sleep", "infinity"]
    return units.run(command)


def _show(places: Places) -> dict[str, str]:
    return units.show(places.lock, "ActiveState", "Description", "ActiveEnterTimestamp")


def unlock(places: Places, holder: str) -> None:
    """Release the lock if this holder still has it. Another deploy may have taken it over."""
    if _show(places).get("Description") == holder:
        units.systemctl("stop", places.lock)


def is_held(places: Places, holder: str) -> bool:
    """Whether a deploy still has the lock. One without a holder needs none."""
    if not holder:
        return True
    shown = _show(places)
    return (shown.get("Description"), shown.get("ActiveState")) == (holder, "active")


@contextmanager
def acting(
    places: Places, holder: str, *, check: bool = False, retakes: bool = False
) -> Iterator[None]:
    """One act at a time, and only of the deploy that has the lock; in check mode nobody has it.

    ``retakes``: take a lock again that has only expired.
    """
    if check:
        yield
        return
    with alone(places.acting):
        if not is_held(places, holder) and not (retakes and _begin(places, holder).status == 0):
            raise ActError(LOST)
        yield


@contextmanager
def alone(lock_file: str) -> Iterator[None]:
    """Hold a lock file of ours, which others wait for."""
    file = Path(lock_file)
    # Whoever can open the file can lock it.
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.parent.chmod(0o700)
    deadline = time.monotonic() + ACT_ENDS
    with file.open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ActError("A step of an earlier deploy still runs on the host.") from None
                time.sleep(0.1)
        yield


def revive(places: Places, release: str, stop_timeout: int) -> None:
    """Take a release out of its drain, so that it can have traffic again.

    If the drain stops the release already, wait for the end. The release may be gone then.
    """
    units.must("stop", places.drain(release))
    deadline = time.monotonic() + stop_timeout + ENDS
    unit = f"{places.unit(release)}.service"
    while units.states(unit) == ["deactivating"] and time.monotonic() < deadline:
        time.sleep(0.2)
