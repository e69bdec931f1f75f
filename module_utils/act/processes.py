# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Start the background processes of a release, and end what must not run beside them.

Most processes are units of their release: those of two releases may run side by side, and the
drain ends those of the replaced one. A single process has one unit for all releases, whose text
changes with the release. systemd never runs a unit twice, so no order of deploys, rollbacks, kills
and boots runs it twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple, Sequence

from ..deploy.places import SINGLE, UNITS
from . import claim, units
from .editor import ActError, Editor

if TYPE_CHECKING:
    from ..deploy.places import Places

UP = 5.0  # seconds; a process that runs for so long has started
PAUSE = 0.2  # seconds between two looks
SHOWN = ("ActiveState", "NRestarts", "ActiveEnterTimestampMonotonic", "UnitFileState")


class Brought(NamedTuple):
    """``units`` are those of the release, by process. ``killed`` did not end in their time.

    ``restarts`` has the units that run now: how often systemd had started each again before.
    """

    units: Mapping[str, str]
    killed: Sequence[str] = ()
    restarts: Mapping[str, int] = {}


class Change(NamedTuple):
    """What is to be done for a release. Units by their names.

    ``wanted`` are the release's own, by process; ``texts`` are those of the single ones, by unit.
    ``ends`` must have ended before the single ones start. Nobody wants those in ``gone`` any more.
    """

    wanted: Mapping[str, str]
    texts: Mapping[str, str]
    ends: Sequence[str]
    gone: Sequence[str]


def hand_over(
    places: Places,
    release: str,
    editor: Editor,
    planned: Sequence[Mapping[str, Any]] = (),
    holder: str = "",
) -> Brought:
    """Make the app's processes those of the release, and watch that they stay up.

    ``planned`` are the processes of a release that check mode has not built, each with its ``name``
    and whether it is ``single``.
    """
    began = time.time()
    brought = bring(places, release, editor, planned)
    if not editor.check:
        _watch(places, brought, holder, began)
    return brought


def bring(
    places: Places, release: str, editor: Editor, planned: Sequence[Mapping[str, Any]] = ()
) -> Brought:
    """Make the app's processes those of the release; '' for no release. Do not wait for them.

    Single processes of before end first, and are killed when their time is over. The other
    processes of before stay.
    """
    change = _change(places, release, editor, planned)
    if not (change.wanted or change.ends):
        return Brought({})
    found = units.show_all([*change.wanted.values(), *change.ends], *SHOWN)
    if editor.check:
        _announce(places, change, found, editor)
        return Brought(change.wanted)
    killed = _end([unit for unit in change.ends if _state(found, unit) not in units.ENDED], editor)
    for unit in change.gone:
        units.systemctl("disable", "--quiet", unit)
        editor.remove(f"{UNITS}/{unit}")
    for unit, text in change.texts.items():
        editor.write(f"{UNITS}/{unit}", text)
    restarts = _start(list(change.wanted.values()), editor)
    return Brought(change.wanted, killed, restarts)


def _change(
    places: Places, release: str, editor: Editor, planned: Sequence[Mapping[str, Any]]
) -> Change:
    """Compare the host with the release."""
    listed, kept = editor.names(UNITS), places.singles(release)
    workers = [_process(unit) for unit in places.processes(release, listed)]
    singles = {_process(f".{name}"): editor.text(f"{kept}/{name}") for name in editor.names(kept)}
    if editor.check and planned and not (workers or singles):
        workers = [one["name"] for one in planned if not one["single"]]
        singles = {one["name"]: None for one in planned if one["single"]}
    texts = {places.process(SINGLE, process): text or "" for process, text in singles.items()}
    shared = places.processes(SINGLE, listed)
    changed = [unit for unit in shared if editor.text(f"{UNITS}/{unit}") != texts.get(unit)]
    # The same process of a release for which it was not single.
    rivals = [
        unit
        for unit in listed
        if unit.startswith(f"{places.name}@")
        and unit not in shared
        and any(unit.endswith(f".{process}.service") for process in singles)
    ]
    wanted = {process: places.process(release, process) for process in workers}
    wanted.update((_process(unit), unit) for unit in texts)
    gone = [unit for unit in shared if unit not in texts]
    return Change(wanted, texts, [*changed, *rivals], gone)


def _process(unit: str) -> str:
    return unit.split(".")[1]


def _state(found: Mapping[str, Mapping[str, str]], unit: str) -> str:
    return found.get(unit, {}).get("ActiveState", "inactive")


def _end(ending: Sequence[str], editor: Editor) -> list[str]:
    """Stop units. Return those that systemd had to kill."""
    if not ending:
        return []
    editor.changed = True
    units.systemctl("stop", *ending)
    found = units.show_all(ending, "ActiveState", "Result")
    for unit in ending:
        if _state(found, unit) not in units.ENDED:
            state = _state(found, unit)
            raise ActError(f"{unit} does not end: it is {state}.", kind="process")
    units.systemctl("reset-failed", *ending)
    return [unit for unit in ending if found.get(unit, {}).get("Result") == "timeout"]


def _start(wanted: Sequence[str], editor: Editor) -> dict[str, int]:
    """Start what does not run, and have all of it start at a boot.

    Return the units that run then, and how often systemd had started each again before.
    """
    found = units.show_all(wanted, *SHOWN) if wanted else {}
    disabled = [unit for unit in wanted if found.get(unit, {}).get("UnitFileState") != "enabled"]
    idle = [unit for unit in wanted if _state(found, unit) in units.ENDED]
    # A worker of a release that comes back may still finish its last job: systemd starts it then.
    ending = [unit for unit in wanted if _state(found, unit) == "deactivating"]
    if disabled or idle or ending:
        editor.changed = True
        units.must("daemon-reload")  # also when a killed deploy has written the units
    if disabled:
        units.must("enable", "--quiet", *disabled)
    if idle:
        units.systemctl("start", *idle)  # the watch sees what did not start
    if ending:
        units.systemctl("start", "--no-block", *ending)
    return {
        unit: 0 if unit in idle else int(found.get(unit, {}).get("NRestarts") or 0)
        for unit in wanted
        if unit not in ending
    }


def _announce(
    places: Places, change: Change, found: Mapping[str, Mapping[str, str]], editor: Editor
) -> None:
    """Show which processes would end, and which would start."""
    ends = [unit for unit in change.ends if _state(found, unit) not in units.ENDED]
    starts = [
        unit
        for unit in change.wanted.values()
        if unit in change.ends or _state(found, unit) in {*units.ENDED, "deactivating"}
    ]
    if ends or starts:
        before, after = ("".join(f"{unit}\n" for unit in one) for one in (ends, starts))
        again = " (again, with this release)" if set(ends) & set(starts) else ""
        editor.note(f"processes of {places.name} that end, and that start{again}", before, after)


def _watch(places: Places, brought: Brought, holder: str, began: float) -> None:
    """Wait until each process has stayed up for a while; fail if one does not."""
    watched = {process: u for process, u in brought.units.items() if u in brought.restarts}
    while watched:
        found = units.show_all(watched.values(), *SHOWN)
        for process, unit in watched.items():
            deaths = int(found.get(unit, {}).get("NRestarts") or 0) - brought.restarts[unit]
            if deaths >= units.DEATHS or _state(found, unit) in units.ENDED:
                how = f"has ended {deaths} times since its start" if deaths else "does not start"
                said = units.journal(unit, began)
                evidence = f"{process} has logged:\n{said}" if said else ""
                raise ActError(f"{process} {how}", kind="process", evidence=evidence)
        if all(_is_up(found, unit) for unit in watched.values()):
            return
        if not claim.is_held(places, holder):
            raise ActError(claim.LOST)
        time.sleep(PAUSE)


def _is_up(found: Mapping[str, Mapping[str, str]], unit: str) -> bool:
    since = int(found.get(unit, {}).get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    return _state(found, unit) == "active" and time.monotonic() >= since + UP
