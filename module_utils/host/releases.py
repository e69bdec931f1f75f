# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The releases on a host, and what still runs of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

from ..deploy.places import UNIT_KINDS, Places
from ..deploy.retention import Built, by_worth
from . import records
from .access import HostError
from .system import runs_systemd

if TYPE_CHECKING:
    from pathlib import Path

    from .access import Host
    from .wanted import Wanted

STATES = ("running", "draining", "ending")  # of a release beside the live one, the last wins
SHOWN = "Id,ActiveState,StatusText"
CONNECTED = ("02", "03")  # of a unix socket: waiting to be accepted, accepted


class Release(NamedTuple):
    """A release on the host.

    ``built``: it is complete. ``runs``: its service and its socket are active. ``connections``,
    ``memory_bytes`` and ``seconds_left`` (of its drain) describe what runs; ``probe`` and
    ``proof_paths`` are what it was built to be measured by, None if its manifest does not say.
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
    """What systemd says of a release: ``active`` are its units that are."""

    state: str | None = None
    seconds_left: int | None = None
    active: int = 0


def releases(host: Host, wanted: Wanted) -> list[Release]:
    """The releases on the host, the complete ones first: what was live, the latest first, then what
    is newest.
    """
    places = Places(wanted.name, wanted.root)
    try:
        here = list(host.path(places.releases).iterdir())
    except OSError:
        return []
    ids = sorted(path.name for path in here if path.is_dir() and not path.is_symlink())
    running = _running(host, places, ids)
    connections = _connections(host, places) if running else {}
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

    One that was withdrawn goes as soon as its last stream has ended.
    """
    if host.path(places.withdrawn(release)).exists() and not state:
        return 0
    if not all(host.path(places.unit_file(release, kind)).exists() for kind in UNIT_KINDS):
        return 0
    return _written(host.path(places.manifest(release)))


def _written(file: Path) -> int:
    """When, in nanoseconds; 0 when it is not there, or is being removed."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _read(host: Host, manifest: str) -> dict[str, Any]:
    try:
        return dict(json.loads(host.text(manifest)))
    except (ValueError, TypeError):
        return {}


def _connections(host: Host, places: Places) -> dict[str, int]:
    """How many connections each release's socket has."""
    rows = (line.split() for line in host.text("/proc/net/unix").splitlines())
    found = (places.release_in(row[7]) for row in rows if len(row) == 8 and row[5] in CONNECTED)
    return Counter(release for release in found if release)


def _memory(host: Host, name: str) -> dict[str, int]:
    """Bytes of each release's processes; what several of them share counts once in all."""
    unit = re.compile(rf"/{re.escape(name)}@(\w+)\.service$", re.MULTILINE)
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
    """The releases that have processes, and whether those are about to end."""
    if not ids or not runs_systemd(host):
        return {}
    units = {f"{places.unit(release)}.{kind}": release for release in ids for kind in UNIT_KINDS}
    units.update({places.drain(release): release for release in ids})
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


def _with_unit(running: Running, unit: Mapping[str, str]) -> Running:
    """What is known of a release, with one more unit of it that is not inactive."""
    if "-drain@" in unit["Id"]:
        state = "draining"
    else:
        # A socket alone, as a killed play leaves it, would start the service again.
        state = "ending" if unit["ActiveState"] == "deactivating" else "running"
    seconds = re.search(r"(\d+) s left", unit.get("StatusText", ""))
    return Running(
        max(state, running.state or state, key=STATES.index),
        int(seconds.group(1)) if seconds else running.seconds_left,
        running.active + (state == "running" and unit["ActiveState"] == "active"),
    )
