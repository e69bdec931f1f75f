# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Point Nginx to a release.

Nginx connects to a link. If only the release changes, the link changes and Nginx goes on as it is:
no client loses its connection, as HTTP/2 clients do at a reload. Nginx before 1.19.10 may use a
kept connection to the replaced release for long, so there it is reloaded.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from ..deploy.nginx import KEEPS, KEEPS_IDLE, follows_link
from ..deploy.places import refusal
from ..host.nginx import WELCOME
from ..host.records import site_files
from . import ask, nginx
from .editor import ActError, Editor

if TYPE_CHECKING:
    from ..deploy.places import Places
    from ..host.access import Host

PATIENCE = 10.0  # seconds for an answer through Nginx
RETRIES = 3
LINGERS = KEEPS + KEEPS_IDLE + 0.1  # seconds; then no kept connection leads to another release


class Switch(NamedTuple):
    """``lines`` belong into Nginx's main file, see nginx.with_lines. ``keeps_welcome``: keep the
    distribution's welcome page. ``refusals``: the servers that refuse unknown names, port to text;
    an empty text removes one. ``place`` and ``zones`` are what the app has in the site of the app
    ``site_of``, if that is not ''.
    """

    release: str
    site: str
    lines: Sequence[Mapping[str, str]]
    keeps_welcome: bool
    scheme: str
    port: int
    question: ask.Question
    refusals: Mapping[int, str] = {}
    site_of: str = ""
    place: str = ""
    zones: str = ""


def switch(places: Places, wanted: Switch, host: Host, editor: Editor) -> dict[str, Any]:
    """Write the site, point the link to the release, let Nginx load what it must, request the app.

    If Nginx would refuse the site, fail before writing anything. ``undo`` undoes what fails later.
    Return ``reloaded``, and the ``status`` of the answer.
    """
    files, removed = _files(places, wanted, editor)
    _write(files, removed, editor)
    reload = editor.changed
    replaces = _point(places, wanted.release, editor)
    reload = reload or (replaces and not follows_link(wanted.site))
    if editor.check:
        return {"reloaded": reload}
    reloaded = nginx.load(host, files, reload=reload)
    editor.changed = editor.changed or reloaded
    if replaces and not reloaded:
        time.sleep(LINGERS)
    answer = _ask(wanted)
    if not answer.healthy:
        raise ActError(answer.said, kind="health")
    return {"reloaded": reloaded, "status": answer.status}


def _files(places: Places, wanted: Switch, editor: Editor) -> tuple[dict[str, str], list[str]]:
    """What Nginx shall read: texts by path; and the paths of what it shall not."""
    files = {places.site: wanted.site}
    if wanted.site_of:
        files[places.guest(wanted.site_of)] = wanted.place
        files[places.guest(wanted.site_of, "zones")] = wanted.zones
    main = editor.text(nginx.MAIN)
    if main is not None and wanted.lines:
        files[nginx.MAIN] = nginx.with_lines(main, wanted.lines)
    files.update((refusal(port), text) for port, text in wanted.refusals.items() if text)
    removed = [refusal(port) for port, text in wanted.refusals.items() if not text]
    removed += [path for path in site_files(places, editor.path) if path not in files]
    if not wanted.keeps_welcome:
        removed.append(WELCOME)
    return files, removed


def _write(files: Mapping[str, str], removed: Sequence[str], editor: Editor) -> None:
    """Write what is new, unless Nginx would refuse it."""
    new = {path: text for path, text in files.items() if editor.text(path) != text}
    if new and not editor.check:
        refused = nginx.check(new, removed)
        if refused:
            raise ActError(refused, kind="site-refused")
    for path, text in new.items():
        editor.parents(path)
        editor.write(path, text)
    for path in removed:
        editor.remove(path)


def _point(places: Places, release: str, editor: Editor) -> bool:
    """Point the link to the release. Return whether it pointed to another one."""
    had = editor.target(places.traffic)
    editor.parents(places.traffic)
    return editor.link(places.traffic, places.socket(release)) and bool(had)


def _ask(wanted: Switch) -> ask.Answer:
    """Request the app. Nginx may need a moment to listen after its start."""
    for attempt in range(RETRIES):
        answer = ask.on_port(wanted.scheme, wanted.port, wanted.question, PATIENCE)
        if answer.status is not None or attempt == RETRIES - 1:
            break
        time.sleep(0.2)
    return answer
