# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The releases of an app that run on this host, as an ordinary user sees them.

All that is read here belongs to root or to the kernel. Only one thing can be forged: a process may
give a socket of its own a name that looks like a connection in /proc/net/unix. So the releases come
from elsewhere, and only the number of connections can be wrong.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from ..deploy.places import Places
from . import groups
from .values import AppState, ReleaseState

MOST_RELEASES = 20
MOST_SOCKETS = 16 * 1024 * 1024  # bytes of /proc/net/unix, about 150,000 sockets
RELEASE = re.compile(r"[0-9a-f]{12}")
LINK = re.compile(r"releases/([0-9a-f]{12})")
STATES = ("live", "draining", "starting")  # in the order of the answer
HOST = Path("/")


def app_state(name: str, root: str, now: float, monotonic: float, host: Path = HOST) -> AppState:
    """The state of an app: the live release, then those that drain, then those that start.

    ``root`` is the parent of the app's directory, see Places. ``now`` is in seconds since 1970,
    ``monotonic`` is time.monotonic() at that moment. ``host`` is the directory above all files.
    What cannot be read is left out; nothing is raised. Others add ``streams`` and
    ``certificate_ends``.
    """
    places = Places(name, root)
    here = groups.groups(host)
    link = host / places.current.lstrip("/")
    now_live = live(places, host)
    running = _releases(here, name)
    draining = _releases(here, f"{name}-drain")
    state = dict.fromkeys(running, "starting")
    state.update(dict.fromkeys(draining, "draining"))
    if now_live:
        state[now_live] = "live"
    ordered = sorted(state, key=lambda one: (STATES.index(state[one]), one))[:MOST_RELEASES]
    connections = places.connections(groups.text(host / "proc/net/unix", MOST_SOCKETS))
    return AppState(
        name,
        now,
        tuple(
            ReleaseState(
                one,
                state[one],
                connections.get(one, 0),
                groups.memory_bytes(here, name, one) if one in running else None,
                _seconds_left(host / places.drain_end(one).lstrip("/"), monotonic)
                if state[one] == "draining"
                else None,
            )
            for one in ordered
        ),
        deployed_at=_changed(link) if now_live else None,
    )


def live(places: Places, host: Path = HOST) -> str | None:
    """The live release: what the link names. The link is read, not followed."""
    try:
        found = LINK.fullmatch(os.readlink(host / places.current.lstrip("/")))
    except OSError:
        return None
    return found[1] if found else None


def _changed(link: Path) -> float | None:
    """When the link was made, in seconds since 1970."""
    try:
        return link.lstat().st_mtime
    except OSError:
        return None


def _releases(here: groups.Groups, template: str) -> set[str]:
    return {one for one in groups.instances(here, template) if RELEASE.fullmatch(one)}


def _seconds_left(file: Path, monotonic: float) -> float | None:
    """The rest of a drain by its file; None if the drain does not say."""
    try:
        until = float(groups.text(file, 64))
    except ValueError:
        return None
    return max(until - monotonic, 0.0) if math.isfinite(until) else None
