# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What happened between two states of an app: deploys and drains."""

from __future__ import annotations

from typing import Iterator

from .values import AppState, Mark, ReleaseState


def changes(before: AppState | None, after: AppState) -> list[Mark]:
    """What happened to the app's releases between two states; nothing if the first is unknown."""
    if before is None:
        return []
    marks = [Mark(after.app, after.at, kind, text) for kind, text in _drains(before, after)]
    old, new = _live(before), _live(after)
    if new and new != old:
        at = after.at if after.deployed_at is None else after.deployed_at
        marks.insert(0, Mark(after.app, at, "deploy", _deploy(before, old, new)))
    return marks


def _deploy(before: AppState, old: str | None, new: str) -> str:
    again = " again" if new in _draining(before) else ""  # it had been replaced
    instead = f", in place of {old}" if old else ""
    return f"Release {new} is live{again}{instead}."


def _drains(before: AppState, after: AppState) -> Iterator[tuple[str, str]]:
    """The kind and the text of what happened to drains."""
    old, new = _draining(before), _draining(after)
    for release, state in new.items():
        if release not in old:
            count = state.connections
            connections = f"{count} connection{'' if count == 1 else 's'}"
            yield "drain", f"Release {release} finishes its streams: {connections}."
    states = {one.release: one.state for one in after.releases}
    for release in old:
        if release in new or states.get(release) == "live":
            continue
        if release in states:
            yield "drained", f"Release {release} no longer drains, but still runs."
        else:
            yield "drained", f"Release {release} has ended."


def _live(app: AppState) -> str | None:
    return next((one.release for one in app.releases if one.state == "live"), None)


def _draining(app: AppState) -> dict[str, ReleaseState]:
    return {one.release: one for one in app.releases if one.state == "draining"}
