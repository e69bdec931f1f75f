# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take and release the lock of an app's deploys.

The lock is a systemd unit. It ends after an hour, or when the host stops.
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
    """The lock of another deploy: its holder (the unit's description), and since when."""

    holder: str
    since: str


def take(places: Places, me: str, gone: str = "") -> Held | None:
    """Take the lock, or return its holder. Take over the lock of ``gone``, a dead process."""
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
    """Release the lock if this holder still has it. Another deploy may have taken it over."""
    if _show(places).get("Description") == holder:
        units.systemctl("stop", places.lock)


def revive(places: Places, release: str, stop_timeout: int) -> None:
    """Take a release out of its drain, so that it can have traffic again.

    If the drain stops the release already, wait for the end. The release may be gone then.
    """
    units.must("stop", places.drain(release))
    deadline = time.monotonic() + stop_timeout + ENDS
    unit = f"{places.unit(release)}.service"
    while units.states(unit) == ["deactivating"] and time.monotonic() < deadline:
        time.sleep(0.2)
