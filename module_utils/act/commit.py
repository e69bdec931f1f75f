# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a proven release the live one with its processes, and drain the replaced releases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from ..deploy.places import UNITS, proven_refusal, refusal
from ..host.records import site_files
from . import build, processes, units
from .editor import ActError, Editor

if TYPE_CHECKING:
    from ..deploy.places import Places

GONE = 5  # status of systemctl stop if the unit no longer exists


class Commit(NamedTuple):
    """``record`` is the app's record on the host.

    The releases in ``replaced`` drain. Those in ``ended`` end now. Those in ``outdated`` are
    removed. ``processes`` are the release's, for check mode; ``holder`` is that of the lock.
    """

    record: Mapping[str, Any]
    replaced: Sequence[str]
    ended: Sequence[str]
    outdated: Sequence[str]
    processes: Sequence[Mapping[str, Any]] = ()
    holder: str = ""


def commit(places: Places, release: str, wanted: Commit, editor: Editor) -> processes.Brought:
    """Make the release the live one. Return its background processes.

    They come first: if one of them does not stay up, the release is not live. Then keep the site
    and the link that were proven. From then on an undo goes back to them.
    """
    brought = processes.hand_over(places, release, editor, wanted.processes, wanted.holder)
    editor.records()
    # In check mode, a first deploy has no site yet.
    editor.write(places.proven_site, editor.text(places.site) or "", shown=False)
    others = site_files(places, editor.path)
    del others[places.site]
    others.update((refusal(port), proven_refusal(port)) for port in wanted.record.get("ports", []))
    for path, proven in others.items():
        text = editor.text(path)
        if text is None:
            editor.remove(proven)
        else:
            editor.write(proven, text, shown=False)
    editor.link(places.proven_traffic, places.socket(release))
    # An earlier deploy of this release may have failed and marked the release for removal.
    editor.remove(places.withdrawn(release))
    editor.link(places.current, f"releases/{release}")
    record = json.dumps(wanted.record, indent=4, sort_keys=True) + "\n"
    editor.write(places.record, record, shown=False)
    for one in wanted.replaced:
        drain(places, one, editor)
    _end(places, wanted.ended, editor)
    if wanted.outdated and not editor.check:
        for one in wanted.outdated:
            build.remove(places, one, editor)
        units.systemctl("daemon-reload")
    editor.changed = editor.changed or bool(wanted.outdated)
    return brought


def drain(places: Places, release: str, editor: Editor) -> None:
    """Let a release finish its streams and jobs.

    Its drain unit tells its processes to end, and stops the release after the last stream.
    """
    editor.changed = True
    if not editor.check:
        units.must("start", places.drain(release))


def _end(places: Places, releases: Sequence[str], editor: Editor) -> None:
    for one in releases:
        editor.changed = True
        unit = places.unit(one)
        if not editor.check:
            said = units.systemctl("stop", places.drain(one), f"{unit}.socket", f"{unit}.service")
            if said.status not in (0, GONE):
                raise ActError(said.text)
            kill(places, one, editor)


def kill(places: Places, release: str, editor: Editor) -> None:
    """End the processes of a release that have not ended after its drain began, for good."""
    workers = places.processes(release, editor.names(UNITS))
    if workers:
        units.systemctl("disable", "--quiet", *workers)
        units.systemctl("stop", "--no-block", *workers)
        units.systemctl("kill", "--signal=KILL", *workers)
        units.systemctl("stop", *workers)
        units.systemctl("reset-failed", *workers)
