# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who holds a deploy: the description of the lock's unit, written and read."""

from __future__ import annotations

import re
from typing import Callable, NamedTuple

LONGEST = "1h"  # after this systemd ends the lock by itself


class Holder(NamedTuple):
    """The ansible-playbook process that deploys.

    ``who`` is user@machine. ``machine`` tells machines of one name apart, ``started`` a process
    from a later one with the same number, ``claim`` the deploys of one process.
    """

    who: str
    pid: int
    machine: str
    started: str
    claim: str

    def __str__(self) -> str:
        return f"{self.who}, process {self.pid} ({self.machine} {self.started} {self.claim})"


def parse(description: str) -> Holder | None:
    """The holder that a unit's description names; None if it names none."""
    found = re.fullmatch(r"(.+), process (\d+) \((\w+) (\w+) (\w+)\)", description)
    return Holder(found[1], int(found[2]), *found.groups()[2:]) if found else None


def is_gone(holder: Holder | None, me: Holder, started: Callable[[int], str]) -> bool:
    """Whether the holder's process has certainly ended.

    Only a process of this machine can be looked up: ``started`` says when a process with this
    number started, '' if there is none. With our own number it is an earlier process, or an earlier
    deploy of ours.
    """
    if holder is None or (holder.who, holder.machine) != (me.who, me.machine):
        return False
    return holder.pid == me.pid or started(holder.pid) != holder.started
