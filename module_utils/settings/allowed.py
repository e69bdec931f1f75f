# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Describe in words what a path allows."""

from __future__ import annotations

from typing import Any, Mapping

from .kinds import KINDS
from .rules import RULES
from .words import listed


def allowed_at(path: str, option: Mapping[str, Any] | None = None) -> str:
    """Describe what a path allows: its shortest rule, its choices or its type."""
    option = option or {}
    if path in RULES:
        return min((rule.allowed for rule in RULES[path]), key=len)
    if option.get("choices"):
        return listed(option["choices"])
    kind = option.get("type", "str")
    if kind == "list" and f"{path}[]" in RULES:
        return f"a list, each item {allowed_at(path + '[]')}"
    return KINDS[kind].allowed
