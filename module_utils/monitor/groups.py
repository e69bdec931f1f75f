# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The processes and the memory of services, as the kernel's control groups tell them.

An ordinary user may read this, also in a sandbox with ProtectProc=invisible. It needs neither
systemctl nor a look at all processes.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from itertools import takewhile
from typing import TYPE_CHECKING, Iterator, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

SYSTEM = "system.slice"
UNITS = (".slice", ".scope", ".service")
SMALL = 64 * 1024  # bytes; more of such a file is not read
# What systemd writes as \xNN in the name of a slice.
ESCAPED = re.compile(r"[^0-9A-Za-z:_.]|^\.")


class Groups(NamedTuple):
    """The directories with the groups of the host's services.

    ``processes`` lists the processes of each service. ``memory`` is the same directory on a host
    with cgroup v2. It is the one of v1's memory controller, if there is one, on a host with v1.
    """

    root: Path
    processes: Path
    memory: Path | None


def groups(root: Path) -> Groups:
    """Where the host has the groups of its services, by our own group.

    ``root`` is the directory above all files. In a container our group may have more above it.
    """
    own = _own_groups(text(root / "proc/self/cgroup", SMALL))
    mounted = root / "sys/fs/cgroup"
    if (mounted / "cgroup.controllers").exists():
        services = _services(mounted, own.get("", "/"))
        return Groups(root, services, services)
    memory = own.get("memory")
    return Groups(
        root,
        _services(mounted / "systemd", own.get("name=systemd", "/")),
        None if memory is None else _services(mounted / "memory", memory),
    )


def instances(here: Groups, template: str) -> Iterator[str]:
    """The instances of ``<template>@<instance>.service`` with a process, in no order."""
    name = re.compile(re.escape(template) + r"@([^@/]+)\.service")
    with suppress(OSError), os.scandir(here.processes / _slice(template)) as found:
        for entry in found:
            instance = name.fullmatch(entry.name)
            if instance and _pids(here, template, instance[1]):
                yield instance[1]


def memory_bytes(here: Groups, template: str, instance: str) -> int | None:
    """The memory of a service in bytes.

    With a memory controller it is what the kernel counts for the group: the processes, their files
    in the page cache, and the kernel's own memory for them. Without one (v1 only) it is the sum
    over the processes of what they do not share. A sandbox with ProtectProc=invisible hides that
    sum: then, as whenever it is unknown, the answer is None.
    """
    if here.memory:
        group = here.memory / _group(template, instance)
        for name in ("memory.current", "memory.usage_in_bytes"):
            told = text(group / name, SMALL).strip()
            if told.isdecimal():
                return int(told)
    page = os.sysconf("SC_PAGE_SIZE")
    told_by = [
        _statm(here.root / "proc" / pid / "statm") for pid in _pids(here, template, instance)
    ]
    known = [pages for pages in told_by if pages is not None]
    return sum(known) * page if known else None


def text(file: Path, most: int) -> str:
    """The first ``most`` bytes of a file as text; empty if the file cannot be read."""
    try:
        with file.open("rb") as opened:
            return opened.read(most).decode(errors="replace")
    except OSError:
        return ""


def _own_groups(table: str) -> dict[str, str]:
    """Our own group in each hierarchy, by /proc/self/cgroup. The name of v2's is empty."""
    rows = (line.split(":", 2) for line in table.splitlines())
    return {name: row[2] for row in rows if len(row) == 3 for name in row[1].split(",")}


def _services(mounted: Path, own: str) -> Path:
    """The directory of system.slice: above our own group, or where the first unit above us is."""
    parts = [part for part in own.split("/") if part]
    if SYSTEM in parts:
        above = parts[: len(parts) - parts[::-1].index(SYSTEM) - 1]
    else:
        above = list(takewhile(lambda part: not part.endswith(UNITS), parts))
    return mounted.joinpath(*above, SYSTEM)


def _slice(template: str) -> str:
    """The slice that systemd makes for the instances of a template."""
    escaped = ESCAPED.sub(lambda found: f"\\x{ord(found[0]):02x}", template)
    return f"system-{escaped}.slice"


def _group(template: str, instance: str) -> str:
    return f"{_slice(template)}/{template}@{instance}.service"


def _pids(here: Groups, template: str, instance: str) -> list[str]:
    listed = text(here.processes / _group(template, instance) / "cgroup.procs", SMALL)
    return [pid for pid in listed.split("\n") if pid.isdecimal()]


def _statm(file: Path) -> int | None:
    """The pages of a process that are resident and not shared."""
    fields = text(file, SMALL).split()
    return int(fields[1]) - int(fields[2]) if len(fields) > 2 else None
