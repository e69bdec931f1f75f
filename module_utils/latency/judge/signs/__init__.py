# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Signs: what can be seen at a layer. The catalogue tells causes apart by them.

A sign is a function of a ``Scene``. It says in a few words what it saw, or nothing. A person reads
these words as evidence; the first line of its docstring is its description in docs/causes/.
"""

from __future__ import annotations

from . import cuts, departures, headers, late, many, together  # each of them registers its signs
from .scene import BEHIND, SIGNS, Scene, seen

__all__ = [
    "BEHIND",
    "SIGNS",
    "Scene",
    "cuts",
    "departures",
    "headers",
    "late",
    "many",
    "seen",
    "together",
]
