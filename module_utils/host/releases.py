# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The releases on a host, and what still runs of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

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
    """A release on the host. The three of what runs, and what it was to be measured by when it was
    built, are at their defaults when that is not known.
    """

    id: str
    state: str
    created: str | None
    built: bool
    connections: int = 0
    memory_bytes: int | None = None
    seconds_left: int | None = None
    probe: bool | None = None
    proof_paths: list[str] | None = None


class Running(NamedTuple):
    """What systemd says of a release."""

    state: str | None = None
    seconds_left: int | None = None


def releases(host: Host, wanted: Wanted) -> list[Release]:
    """The releases on the host: those that were live, the latest first, then by their age; what
    is half built last.
    """
    try:
        here = list(host.path(f"{wanted.root}/{wanted.name}/releases").iterdir())
    except OSError:
        return []
    ids = sorted(path.name for path in here if path.is_dir() and not path.is_symlink())
    running = _running(host, wanted.name, ids)
    connections = _connections(host, wanted.name) if running else {}
    memory = _memory(host, wanted.name) if running else {}
    live, history = records.live(host, wanted), records.history(host, wanted)
    aged = []
    for release in ids:
        directory = f"{wanted.root}/{wanted.name}/releases/{release}"
        path = f"{directory}/release.json"
        manifest = host.path(path)
        runs = running.get(release, Running())
        state = "live" if release == live else runs.state
        # One that was taken back goes when its last stream has ended.
        withdrawn = host.path(f"{directory}/withdrawn").exists() and not state
        written = 0 if withdrawn else _written(manifest)
        built = written > 0
        told = _read(host, path) if built else {}
        created = str(told["created"]) if "created" in told else None
        found = Release(
            release,
            state or ("kept" if built else "partial"),
            created,
            built,
            connections.get(release, 0),
            memory.get(release),
            runs.seconds_left,
            told.get("probe"),
            told.get("proof_paths"),
        )
        was_live = -history.index(release) if release in history else -len(history)
        aged.append((built, was_live, created or "", written, found))
    return [release for *_, release in sorted(aged, reverse=True)]


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


def _connections(host: Host, name: str) -> dict[str, int]:
    """How many connections each release's socket has."""
    socket = re.compile(rf"/run/{re.escape(name)}/(\w+)\.sock$")
    rows = (line.split() for line in host.text("/proc/net/unix").splitlines())
    paths = (socket.match(row[7]) for row in rows if len(row) == 8 and row[5] in CONNECTED)
    return Counter(path.group(1) for path in paths if path)


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


def _running(host: Host, name: str, ids: list[str]) -> dict[str, Running]:
    """The releases that have processes, and whether those are about to end."""
    if not ids or not runs_systemd(host):
        return {}
    units = {
        f"{name}{kind[0]}@{release}.{kind[1]}": release
        for release in ids
        for kind in (("", "socket"), ("", "service"), ("-drain", "service"))
    }
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
    )
