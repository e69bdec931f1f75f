# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a proven release the live one, and drain the replaced releases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from ..deploy.places import proven_refusal, refusal
from ..host.records import site_files
from . import build, units
from .editor import ActError, Editor

if TYPE_CHECKING:
    from ..deploy.places import Places

GONE = 5  # status of systemctl stop if the unit no longer exists


class Commit(NamedTuple):
    """``record`` is the app's record on the host.

    The releases in ``replaced`` drain. Those in ``ended`` end now. Those in ``outdated`` are
    removed.
    """

    record: Mapping[str, Any]
    replaced: Sequence[str]
    ended: Sequence[str]
    outdated: Sequence[str]


def commit(places: Places, release: str, wanted: Commit, editor: Editor) -> None:
    """Make the release the live one.

    Keep the site and the link that were proven first. From then on an undo goes back to them.
    """
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


def drain(places: Places, release: str, editor: Editor) -> None:
    """Let a release finish its streams. Its drain unit stops the release after the last stream."""
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
