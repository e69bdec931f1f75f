# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start a release beside the running one, and wait until the release answers."""

from __future__ import annotations

import posixpath
import secrets
import time
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

from . import ask, claim, health, units
from .editor import ROOT, ActError, Editor

if TYPE_CHECKING:
    from ..deploy.places import Places

PATIENCE = 5.0  # seconds for one answer
PAUSE = 0.1  # seconds between two requests
SURE = 3.0  # seconds; an app that answers 404 for so long means it
TOKEN_BYTES = 32


class Start(NamedTuple):
    """``files`` maps paths to texts: the files that all releases of the app need on the host.

    ``makes_token``: create the probe's token if it is missing. ``reloads``: reload systemd's unit
    files even if no unit in ``files`` changes. ``timeout`` is in seconds.
    """

    files: Mapping[str, str]
    makes_token: bool
    question: ask.Question
    timeout: float
    reloads: bool
    holder: str  # of the lock
    live: str = ""  # the release that has the traffic now


def start(places: Places, release: str, wanted: Start, editor: Editor) -> dict[str, Any]:
    """Start the release. Return ``status`` and ``seconds`` of its first answer."""
    written = _write(places, wanted, editor)
    if editor.check:
        return {}
    if written or wanted.reloads:
        units.must("daemon-reload")
    unit = f"{places.unit(release)}.service"
    begun, restarts = time.monotonic(), 0
    try:
        if units.states(unit, f"{places.unit(release)}.socket") == ["active", "active"]:
            restarts = units.restarts(unit)
        else:
            editor.changed = True
        # The service's file names the socket in `Also=` and `Wants=`.
        units.must("enable", "--now", "--quiet", unit)
        answer = _wait(places, release, wanted, restarts)
    except ActError as error:
        raise ActError(str(error), kind=error.failure.get("kind") or "start") from error
    return {"status": answer.status, "seconds": round(time.monotonic() - begun, 3)}


def _write(places: Places, wanted: Start, editor: Editor) -> bool:
    """Write the files and the token. Return whether a unit has changed."""
    editor.records()
    for path in wanted.files:
        editor.parents(path)
    changed = {path: text for path, text in wanted.files.items() if editor.text(path) != text}
    new = {
        posixpath.basename(path): text
        for path, text in changed.items()
        if path.endswith(".service")
    }
    if new and not editor.check:
        units.check_units(new)
    for path, text in changed.items():
        editor.write(path, text, shown=not path.endswith(".py"))
    # A release reads the token when it starts. A running release would not learn a new token.
    if wanted.makes_token and editor.text(places.probe_token) is None:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        editor.write(places.probe_token, f"{token}\n", ROOT, 0o600, shown=False)
    return bool(new)


def _wait(places: Places, release: str, wanted: Start, restarts: int) -> ask.Answer:
    """Wait for a healthy answer. ``restarts`` is how often systemd had restarted it before."""
    deadline = time.monotonic() + wanted.timeout
    unit = f"{places.unit(release)}.service"

    def deaths() -> int:
        return units.restarts(unit) - restarts

    def hopeless() -> bool:
        return deaths() >= units.DEATHS

    doubtful = 0.0  # since when
    while True:
        answer = ask.on_unix_socket(places.socket(release), wanted.question, PATIENCE, hopeless)
        if answer.healthy:
            why = _objection(places, release, wanted, answer)
            if not why:
                return answer
            doubtful = doubtful or time.monotonic()
            if time.monotonic() > doubtful + min(SURE, wanted.timeout):
                raise ActError(why, kind="unhealthy")
        if (ended := deaths()) >= units.DEATHS:
            raise ActError(f"it has ended {ended} times since its start")
        if time.monotonic() > deadline:
            raise ActError(f"{answer.said}; {wanted.timeout:.0f} s were allowed")
        if not claim.is_held(places, wanted.holder):
            raise ActError(claim.LOST)
        time.sleep(PAUSE)


def _objection(places: Places, release: str, wanted: Start, answer: ask.Answer) -> str:
    """Why the answer is not good enough. A doubtful answer takes more requests."""
    live = nowhere = None
    if wanted.live and health.is_doubtful(answer):
        live = ask.on_unix_socket(places.socket(wanted.live), wanted.question, PATIENCE)
    if health.may_refuse_name(answer):
        other = wanted.question._replace(path=health.NOWHERE)
        nowhere = ask.on_unix_socket(places.socket(release), other, PATIENCE)
    return health.objection(wanted.question, answer, live, nowhere)
