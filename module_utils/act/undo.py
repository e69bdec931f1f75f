# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Go back to the proven state after a failed or killed deploy."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Sequence

from ..deploy.nginx import follows_link
from ..deploy.outcome import Undone
from ..deploy.places import UNITS, proven_refusal, refusal
from ..host.nginx import has_lost_reload
from ..host.records import site_files
from . import build, commit, nginx, processes, units
from .editor import ActError, Editor

if TYPE_CHECKING:
    from ..deploy.places import Places
    from ..host.access import Host

KILLS_AFTER = 10.0  # seconds; a release without streams stops sooner


class Undo(NamedTuple):
    """``release`` is the id of the failed release, '' to restore the site only.

    ``may_have_streams``: the release ran before this deploy. ``was_live``: it stays on the host.
    ``ports`` are those of the app's site.
    """

    release: str
    may_have_streams: bool
    was_live: bool
    ports: Sequence[int] = ()


def undo(places: Places, wanted: Undo, host: Host, editor: Editor) -> tuple[Undone, str]:
    """Restore the processes of the live release and the proven site, then take the release back.

    Stop and remove a release without streams. Let a release that may have streams finish them.
    Leave the live release alone. Return what was done, and the release's journal.
    """
    had_traffic = places.release_of(editor.target(places.traffic)) == wanted.release
    live = places.release_of(editor.target(places.proven_traffic))
    # First, since the link then tells the next deploy if this undo is killed.
    background, problem = _processes(places, live or "", editor)
    try:
        site = _restore(places, wanted.ports, host, editor)
    except (ActError, OSError) as error:
        site, lost = "untouched", f"The previous site could not be loaded: {error}"
        problem = f"{problem} {lost}".strip()
    else:
        lost = ""
    if not wanted.release:
        return Undone(site, "none", problem, background), ""
    journal = units.journal(f"{places.unit(wanted.release)}.service")
    if wanted.release == live:
        return Undone(site, "live", problem, background), ""
    if lost and had_traffic:
        return Undone(site, "none", problem, background), journal  # Nginx may still use it
    try:
        release = _withdraw(places, wanted, had_traffic=had_traffic, editor=editor)
    except (ActError, OSError) as error:
        release, problem = "none", f"The release could not be taken back: {error}"
    return Undone(site, release, problem, background), journal


def _processes(places: Places, live: str, editor: Editor) -> tuple[str, str]:
    """Start what the failed deploy has ended, end what it has started. Return what and why not."""
    before, editor.changed = editor.changed, False
    try:
        processes.bring(places, live, editor)
    except (ActError, OSError) as error:
        return "broken", f"The previous processes could not be started: {error}"
    finally:
        changed, editor.changed = editor.changed, editor.changed or before
    return "restored" if changed and live else "untouched", ""


def _restore(places: Places, ports: Sequence[int], host: Host, editor: Editor) -> str:
    """Restore the proven link, the proven site and the servers that refuse unknown names."""
    replaces = _point_back(places, editor)
    own = site_files(places, editor.path)
    pairs = {**own}
    pairs.update((refusal(port), proven_refusal(port)) for port in ports)
    proven = {path: editor.text(copy) for path, copy in pairs.items()}
    changed = [path for path, text in proven.items() if editor.text(path) != text]
    site = proven[places.site]
    if not changed:
        reload = replaces and not follows_link(site or "")
        if site is not None:
            nginx.load(host, [*own, nginx.MAIN], reload=reload)
        return "restored" if replaces else "untouched"
    # Workers that are older than the site never read it, and need not read the proven one either.
    was_read = not has_lost_reload(host, changed)
    for path in changed:
        text = proven[path]
        if text is None:
            editor.remove(path)
        else:
            editor.parents(path)
            editor.write(path, text, shown=False)
    if was_read:
        nginx.load(host, changed, reload=True)
    else:
        units.systemctl("reload", nginx.SERVICE)
    return "restored" if site is not None else "removed"


def _point_back(places: Places, editor: Editor) -> bool:
    """Return whether another release than the live one had the traffic."""
    proven, had = editor.target(places.proven_traffic), editor.target(places.traffic)
    if proven:
        return editor.link(places.traffic, proven)
    editor.remove(places.traffic)
    return bool(had)


def _withdraw(places: Places, wanted: Undo, *, had_traffic: bool, editor: Editor) -> str:
    release = wanted.release
    unit = places.unit(release)
    listed = editor.names(UNITS)
    # One of its processes may still finish a job, though the release itself could not start.
    parts = [f"{unit}.socket", f"{unit}.service", *places.processes(release, listed)]
    runs = {*units.states(*parts)} - units.ENDED
    if runs and (had_traffic or wanted.may_have_streams):
        if not wanted.was_live:
            # Without the mark the release stays on the host; it drains anyway.
            with suppress(OSError):
                editor.write(places.withdrawn(release), "", shown=False)
        commit.drain(places, release, editor)
        return "draining"
    there = any(editor.path(path).exists() for path in places.files(release, listed))
    if not there:
        return "none"
    _stop(unit)
    commit.kill(places, release, editor)  # only a killed deploy has started them
    if wanted.was_live:
        return "stopped"
    build.remove(places, release, editor)
    units.systemctl("daemon-reload")
    return "removed"


def _stop(unit: str) -> None:
    """Stop a release that has no streams. Kill it if it hangs. Leave no failed unit."""
    both = (f"{unit}.socket", f"{unit}.service")
    units.systemctl("disable", "--quiet", *both)
    # At once: a service that systemd starts again brings its socket back, and a request to the
    # socket brings the service back.
    stop = ["systemctl", "stop", *both]
    if units.run(stop, timeout=KILLS_AFTER).status != 0:
        units.systemctl("kill", "--signal=KILL", f"{unit}.service")
        units.run(stop, timeout=KILLS_AFTER)
    units.systemctl("reset-failed", f"{unit}.service")
