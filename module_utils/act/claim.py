# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep other deploys out, and let them in again.

The lock is a unit of systemd: it ends with the host, or in an hour.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from ..deploy.lock import LONGEST
from . import units

if TYPE_CHECKING:
    from ..deploy.places import Places

ENDS = 20.0  # seconds beyond the stop timeout


class Held(NamedTuple):
    """Another deploy has the lock: who (the unit's description), and since when."""

    holder: str
    since: str


def take(places: Places, me: str, gone: str = "") -> Held | None:
    """Take the lock, or say who has it. One that ``gone`` holds, a dead process, is taken over."""
    if _begin(places, me):
        return None
    shown = _show(places)
    if shown.get("Description") == me and shown.get("ActiveState") == "active":
        return None
    if shown.get("ActiveState") == "active" and shown.get("Description") != gone:
        return Held(shown.get("Description", ""), shown.get("ActiveEnterTimestamp", ""))
    release(places, shown.get("Description", ""))
    if _begin(places, me):
        return None
    shown = _show(places)
    return Held(shown.get("Description", ""), shown.get("ActiveEnterTimestamp", ""))


def _begin(places: Places, me: str) -> bool:
    unit = [f"--unit={places.lock}", f"--description={me}", f"--property=RuntimeMaxSec={LONGEST}"]
    command = ["systemd-run", "--quiet", "--collect", *unit, "sleep", "infinity"]
    return units.run(command).status == 0


def _show(places: Places) -> dict[str, str]:
    asked = "--property=ActiveState,Description,ActiveEnterTimestamp"
    said = units.systemctl("show", asked, places.lock).out
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def release(places: Places, holder: str) -> None:
    """Release the lock, if this holder has it: another deploy may have taken it over."""
    if _show(places).get("Description") == holder:
        units.systemctl("stop", places.lock)


def revive(places: Places, release: str, stop_timeout: int) -> None:
    """Take a release out of its drain, so that it can have traffic again.

    If it is being stopped already, that ends first. It may be gone then.
    """
    units.must("stop", places.drain(release))
    deadline = time.monotonic() + stop_timeout + ENDS
    unit = f"{places.unit(release)}.service"
    while units.states(unit) == ["deactivating"] and time.monotonic() < deadline:
        time.sleep(0.2)
