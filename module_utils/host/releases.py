# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the releases on a host: their states, connections and memory."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

from ..deploy.places import UNIT_KINDS, UNITS, Places
from ..deploy.retention import Built, by_worth
from . import records
from .access import HostError
from .system import runs_systemd

if TYPE_CHECKING:
    from pathlib import Path

    from .access import Host
    from .wanted import Wanted

STATES = ("running", "draining", "ending")  # if not live; the last that applies wins
SHOWN = "Id,ActiveState,StatusText"


class Release(NamedTuple):
    """A release on the host.

    ``built``: the release is complete. ``runs``: its service and socket are active.
    ``seconds_left`` is the rest of its drain time. ``probe`` and ``proof_paths`` say how to measure
    the release; None if its manifest does not say.
    """

    id: str
    state: str
    created: str | None
    built: bool
    runs: bool = False
    connections: int = 0
    memory_bytes: int | None = None
    seconds_left: int | None = None
    probe: bool | None = None
    proof_paths: list[str] | None = None


class Running(NamedTuple):
    """What systemd knows of a release. ``active`` is the number of its active units."""

    state: str | None = None
    seconds_left: int | None = None
    active: int = 0


def releases(host: Host, wanted: Wanted) -> list[Release]:
    """The releases on the host.

    First those that were live, the latest first. Then the other complete releases, the newest
    first. The incomplete releases are last.
    """
    places = Places(wanted.name, wanted.root)
    try:
        here = list(host.path(places.releases).iterdir())
    except OSError:
        return []
    ids = sorted(path.name for path in here if path.is_dir() and not path.is_symlink())
    running = _running(host, places, ids)
    connections = places.connections(host.text("/proc/net/unix")) if running else {}
    memory = _memory(host, wanted.name) if running else {}
    live, history = records.live(host, wanted), records.history(host, wanted)
    found: dict[str, Release] = {}
    built: list[Built] = []
    for release in ids:
        runs = running.get(release, Running())
        state = "live" if release == live else runs.state
        written = _completed(host, places, release, state)
        told = _read(host, places.manifest(release)) if written else {}
        created = str(told["created"]) if "created" in told else None
        if written:
            built.append(Built(release, created or "", written))
        found[release] = Release(
            release,
            state or ("kept" if written else "partial"),
            created,
            built=written > 0,
            runs=runs.active == len(UNIT_KINDS),
            connections=connections.get(release, 0),
            memory_bytes=memory.get(release),
            seconds_left=runs.seconds_left,
            probe=told.get("probe"),
            proof_paths=told.get("proof_paths"),
        )
    ordered = by_worth(built, history)
    return [found[release] for release in [*ordered, *sorted({*ids} - {*ordered}, reverse=True)]]


def _completed(host: Host, places: Places, release: str, state: str | None) -> int:
    """When the release was completed, in nanoseconds; 0 if it is not complete.

    A withdrawn release without processes is not complete either.
    """
    if host.path(places.withdrawn(release)).exists() and not state:
        return 0
    if not all(host.path(places.unit_file(release, kind)).exists() for kind in UNIT_KINDS):
        return 0
    return _written(host.path(places.manifest(release)))


def _written(file: Path) -> int:
    """When the file was written, in nanoseconds; 0 if it does not exist."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _read(host: Host, manifest: str) -> dict[str, Any]:
    try:
        return dict(json.loads(host.text(manifest)))
    except (ValueError, TypeError):
        return {}


def _memory(host: Host, name: str) -> dict[str, int]:
    """The memory of each release's processes in bytes. Shared memory counts once."""
    unit = re.compile(rf"/{re.escape(name)}@(\w+)(?:\.[a-z0-9-]+)?\.service$", re.MULTILINE)
    found: Counter[str] = Counter()
    for process in host.path("/proc").glob("[0-9]*"):
        try:
            service = unit.search((process / "cgroup").read_text())
            size = service and re.search(
                r"^Pss: +(\d+) kB", (process / "smaps_rollup").read_text(), re.MULTILINE
            )
        except OSError:
            continue  # it ended
        if service and size:
            found[service.group(1)] += int(size.group(1)) * 1024
    return found


def _running(host: Host, places: Places, ids: list[str]) -> dict[str, Running]:
    """The releases with active units, and the state that these units imply."""
    if not ids or not runs_systemd(host):
        return {}
    units = {f"{places.unit(release)}.{kind}": release for release in ids for kind in UNIT_KINDS}
    units.update({places.drain(release): release for release in ids})
    listed = _units(host)
    for one in ids:
        units.update(dict.fromkeys(places.processes(one, listed), one))
    answer = host.run(["systemctl", "show", "-p", SHOWN, *units])
    if answer.status != 0:
        said = " ".join(answer.text.split())
        raise HostError(f"systemctl cannot tell which releases still run ({said}).")
    blocks = [
        dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for block in answer.text.split("\n\n")
    ]
    running: dict[str, Running] = {}
    for block in blocks:
        release = units.get(block.get("Id", ""))
        if release and block.get("ActiveState") not in ("inactive", "failed"):
            running[release] = _with_unit(running.get(release, Running()), block)
    return running


def _units(host: Host) -> list[str]:
    try:
        return [path.name for path in host.path(UNITS).iterdir()]
    except OSError:
        return []


def _with_unit(running: Running, unit: Mapping[str, str]) -> Running:
    """Add one more unit, which is not inactive, to what is known of a release."""
    is_process = unit["Id"].count(".") > 1
    if "-drain@" in unit["Id"] or (is_process and unit["ActiveState"] == "deactivating"):
        state = "draining"  # a background process may still finish its last job
    else:
        # A killed deploy may leave a socket alone; the socket would start the service again.
        state = "ending" if unit["ActiveState"] == "deactivating" else "running"
    seconds = re.search(r"(\d+) s left", unit.get("StatusText", ""))
    return Running(
        max(state, running.state or state, key=STATES.index),
        int(seconds.group(1)) if seconds else running.seconds_left,
        running.active
        + (state == "running" and unit["ActiveState"] == "active" and not is_process),
    )
