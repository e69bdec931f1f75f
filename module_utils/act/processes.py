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

DEATHS = 2  # a process that has ended so often after its start will end again
UP = 5.0  # seconds; a process that runs for so long has started
PAUSE = 0.2  # seconds between two looks
RUNS = ("active", "activating", "reloading")
ENDED = ("inactive", "failed")
SHOWN = ("ActiveState", "NRestarts", "ActiveEnterTimestampMonotonic", "UnitFileState")


class Brought(NamedTuple):
    """``units`` are those of the release, by process. ``killed`` did not end in their time.

    ``restarts`` is how often systemd had started a unit again before.
    """

    units: dict[str, str]
    killed: list[str]
    restarts: dict[str, int]


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
    listed = editor.names(UNITS)
    texts = _texts(places, release, editor)
    workers = _by_process(places.processes(release, listed))
    if editor.check and planned and not (texts or workers):
        texts = {one["name"]: "" for one in planned if one["single"]}
        workers = {
            p["name"]: places.process(release, p["name"]) for p in planned if not p["single"]
        }
    wanted = {**workers, **{process: places.process(SINGLE, process) for process in texts}}
    shared = places.processes(SINGLE, listed)
    changed = [unit for unit in shared if editor.text(f"{UNITS}/{unit}") != _text(texts, unit)]
    rivals = [
        unit
        for unit in listed
        if unit.startswith(f"{places.name}@")
        and unit not in (*shared, *wanted.values())
        and any(unit.endswith(f".{process}.service") for process in texts)
    ]
    if not (wanted or shared):
        return Brought({}, [], {})
    found = units.show_all([*wanted.values(), *shared, *rivals], *SHOWN)
    if editor.check:
        _announce(places, wanted, shared, found, changed, editor)
        return Brought(wanted, [], {})
    running = [unit for unit in rivals if _state(found, unit) not in ENDED]
    killed = _end([*changed, *running], editor)
    for unit in changed:
        if unit not in wanted.values():
            units.systemctl("disable", "--quiet", unit)
            editor.remove(f"{UNITS}/{unit}")
    written = [editor.write(f"{UNITS}/{wanted[process]}", text) for process, text in texts.items()]
    if changed or any(written):
        units.must("daemon-reload")
        found = units.show_all(wanted.values(), *SHOWN)
    _start(wanted, found, editor)
    restarts = {
        unit: int(found.get(unit, {}).get("NRestarts") or 0)
        for unit in wanted.values()
        if _state(found, unit) in RUNS
    }
    return Brought(wanted, killed, restarts)


def _texts(places: Places, release: str, editor: Editor) -> dict[str, str]:
    """The units of a release's single processes, by process."""
    if not release:
        return {}
    directory = places.singles(release)
    return {
        name[: -len(".service")]: editor.text(f"{directory}/{name}") or ""
        for name in editor.names(directory)
    }


def _text(texts: Mapping[str, str], unit: str) -> str | None:
    return next((text for process, text in texts.items() if _process(unit) == process), None)


def _process(unit: str) -> str:
    return unit.split(".")[1]


def _by_process(names: Sequence[str]) -> dict[str, str]:
    return {_process(unit): unit for unit in names}


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
        if _state(found, unit) not in ENDED:
            state = _state(found, unit)
            raise ActError(f"{unit} does not end: it is {state}.", kind="process")
    units.systemctl("reset-failed", *ending)
    return [unit for unit in ending if found.get(unit, {}).get("Result") == "timeout"]


def _start(
    wanted: Mapping[str, str], found: Mapping[str, Mapping[str, str]], editor: Editor
) -> None:
    """Start what does not run, and have all of it start at a boot."""
    disabled = [u for u in wanted.values() if found.get(u, {}).get("UnitFileState") != "enabled"]
    idle = [unit for unit in wanted.values() if _state(found, unit) in ENDED]
    # A worker of a release that comes back may still finish its last job: systemd starts it then.
    ending = [unit for unit in wanted.values() if _state(found, unit) == "deactivating"]
    editor.changed = editor.changed or bool(disabled or idle or ending)
    if disabled:
        units.must("enable", "--quiet", *disabled)
    if idle:
        units.systemctl("start", *idle)  # who watches sees what did not start
    if ending:
        units.systemctl("start", "--no-block", *ending)


def _announce(
    places: Places,
    wanted: Mapping[str, str],
    shared: Sequence[str],
    found: Mapping[str, Mapping[str, str]],
    changed: Sequence[str],
    editor: Editor,
) -> None:
    """Show which processes would end and which would start."""
    begin = [
        unit
        for unit in wanted.values()
        if unit in changed or _state(found, unit) in (*ENDED, "deactivating")
    ]
    before = "".join(f"{unit}\n" for unit in changed)
    after = "".join(f"{unit}\n" for unit in begin)
    if before or after:
        same = " (with another release)" if set(begin) & set(shared) else ""
        editor.note(f"background processes of {places.name}{same}", before, after)


def _watch(places: Places, brought: Brought, holder: str, began: float) -> None:
    """Wait until each process has stayed up for a while; fail if one does not."""
    while True:
        found = units.show_all(brought.units.values(), *SHOWN) if brought.units else {}
        for process, unit in brought.units.items():
            deaths = int(found.get(unit, {}).get("NRestarts") or 0) - brought.restarts.get(unit, 0)
            if deaths >= DEATHS or _state(found, unit) in ENDED:
                how = f"has ended {deaths} times since its start" if deaths else "does not start"
                said = units.journal(unit, began)
                evidence = f"{process} has logged:\n{said}" if said else ""
                raise ActError(f"{process} {how}", kind="process", evidence=evidence)
        if all(_is_up(found, unit) for unit in brought.units.values()):
            return
        if not claim.is_held(places, holder):
            raise ActError(claim.LOST)
        time.sleep(PAUSE)


def _is_up(found: Mapping[str, Mapping[str, str]], unit: str) -> bool:
    if _state(found, unit) == "deactivating":
        return True  # its last job of before ends first, and may take long
    since = int(found.get(unit, {}).get("ActiveEnterTimestampMonotonic") or 0) / 1e6
    return _state(found, unit) == "active" and time.monotonic() >= since + UP
