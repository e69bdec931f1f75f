# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide what a deploy does on a host: compare the release with the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from .retention import staying

if TYPE_CHECKING:
    from .places import Places

PREVIOUS = "previous"
REMOVED = "{release} was removed a moment ago, when its last stream ended. Nothing has changed."
HISTORY = 10  # minimum number of live releases that an app's record remembers


class PlanError(Exception):
    """The deploy is refused; the message is one sentence. Nothing has changed."""


class Limits(NamedTuple):
    """How many releases stay on a host, and how many may drain at once."""

    keep: int
    max_draining: int
    when_max_draining: str  # refuse or end_oldest


class Plan(NamedTuple):
    """What the deploy does to which release. Ids are strings of 12 hexadecimal digits.

    ``state`` is the release's state before the deploy, '' if it is not on the host. The releases in
    ``replaced`` drain after the switch. Those in ``ended`` drain already, and end to make room.
    Those in ``outdated`` are removed. ``history`` lists the live releases after the deploy, the
    latest first.
    """

    id: str
    unit: str
    directory: str
    socket: str
    state: str
    live: str | None
    is_new: bool  # the release must be built
    is_live: bool
    was_live: bool
    runs: bool  # its socket and its service are active
    replaced: list[str]
    ended: list[str]
    outdated: list[str]
    history: list[str]
    restores_site: bool  # a killed deploy left a site that was never proven


def chosen(wanted: str, facts: Mapping[str, Any]) -> str:
    """The id of the release to go back to. ``wanted`` is an id, or ``previous``."""
    built = [release["id"] for release in facts["releases"] if release["built"]]
    release = wanted
    if wanted == PREVIOUS:
        earlier = (one for one in facts["history"] if one != facts["live"] and one in built)
        release = next(earlier, "")
    if release in built:
        return release
    why = "but none was live before" if wanted == PREVIOUS else "which is not on the host"
    live = f", and {facts['live']} is live" if facts["live"] else ""
    raise PlanError(
        f"streaming_api_release is '{wanted}', {why}; there are "
        f"{', '.join(built) or 'no releases'}{live}."
    )


def plan(places: Places, release: str, facts: Mapping[str, Any], limits: Limits) -> Plan:
    """Compare the release with the host.

    ``facts`` come from the module ``stream_host``. Raises PlanError if too many releases would
    drain.
    """
    others = [one for one in facts["releases"] if one["id"] != release]
    own = next((one for one in facts["releases"] if one["id"] == release), None)
    live = facts["live"]
    replaced = [one["id"] for one in others if one["state"] in ("live", "running")]
    draining = _draining(others)
    ended = _ended(draining, len(replaced), limits) if replaced else []
    if ended and limits.when_max_draining == "refuse":
        raise PlanError(_no_room(places.name, draining, limits))
    kept = [release, *staying([one["id"] for one in others if one["built"]], None, limits.keep)]
    idle = [one["id"] for one in others if one["state"] in ("kept", "partial")]
    history = dict.fromkeys(one for one in (release, live, *facts["history"]) if one)
    return Plan(
        id=release,
        unit=places.unit(release),
        directory=places.directory(release),
        socket=places.socket(release),
        state=own["state"] if own else "",
        live=live,
        is_new=not (own and own["built"]),
        is_live=release == live,
        was_live=release in facts["history"],
        runs=bool(own and own["runs"]),
        replaced=replaced,
        ended=ended,
        outdated=[one for one in [*idle, *ended] if one not in kept],
        history=list(history)[: max(HISTORY, limits.keep)],
        restores_site=not facts["site_is_proven"],
    )


def _draining(releases: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The draining releases, the one with the least time left first."""
    found = [one for one in releases if one["state"] == "draining"]
    timed = [one for one in found if one["seconds_left"] is not None]
    return sorted(timed, key=lambda one: int(one["seconds_left"]))


def _ended(draining: Sequence[Mapping[str, Any]], joining: int, limits: Limits) -> list[str]:
    """The draining releases that must end so that ``joining`` more may drain."""
    over = max(len(draining) + joining - limits.max_draining, 0)
    return [one["id"] for one in draining][:over]


def _no_room(name: str, draining: Sequence[Mapping[str, Any]], limits: Limits) -> str:
    shown = ", ".join(
        f"{one['id']} ({one['connections']} connections, {size(one['memory_bytes'] or 0)}, "
        f"{one['seconds_left']} s left)"
        for one in draining
    )
    return (
        f"{len(draining)} releases of {name} still finish their streams, and "
        f"streaming_api_max_draining is {limits.max_draining}: {shown}. Nothing has changed; wait "
        "until one has ended, allow more, or set streaming_api_when_max_draining to end_oldest."
    )


def size(count: int) -> str:
    """Bytes for people."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024  # type: ignore[assignment]
    return f"{count:.1f} GiB"
