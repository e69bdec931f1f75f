# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The holder of a deploy's lock. The description of the lock's unit names the holder."""

from __future__ import annotations

import re
from typing import Callable, NamedTuple

LONGEST = "1h"  # then systemd ends the lock


class Holder(NamedTuple):
    """The ansible-playbook process that deploys.

    ``who`` is user@machine. ``machine`` distinguishes machines with the same name. ``started``
    distinguishes a process from a later one with the same number. ``claim`` distinguishes the
    deploys of one process.
    """

    who: str
    pid: int
    machine: str
    started: str
    claim: str

    def __str__(self) -> str:
        return f"{self.who}, process {self.pid} ({self.machine} {self.started} {self.claim})"


def parse(description: str) -> Holder | None:
    """The holder that a unit's description names; None without a holder."""
    found = re.fullmatch(r"(.+), process (\d+) \((\w+) (\w+) (\w+)\)", description)
    return Holder(found[1], int(found[2]), *found.groups()[2:]) if found else None


def is_gone(holder: Holder | None, me: Holder, started: Callable[[int], str]) -> bool:
    """Whether the holder's process has certainly ended.

    Only processes of this machine can be looked up. ``started`` returns when the process with a
    number started, '' if there is no such process. A holder with our own process number is an
    earlier process, or an earlier deploy of this process.
    """
    if holder is None or (holder.who, holder.machine) != (me.who, me.machine):
        return False
    return holder.pid == me.pid or started(holder.pid) != holder.started
