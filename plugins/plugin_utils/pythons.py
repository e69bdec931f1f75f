# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the Python of a release is one that its source accepts. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NEWEST = 30  # minor version, higher than any that there is
PATCHES = (0, 99)  # a version without its last part means any of these


def objection(requires: str, wanted: str, facts: Mapping[str, Any]) -> str:
    """Why the source refuses this Python, in one sentence; '' if it does not, or nobody knows.

    ``requires`` is the source's ``requires-python``, '' without one. ``wanted`` is
    ``streaming_api_python``. ``facts`` come from ``stream_host``.
    """
    version = _version(wanted, facts)
    try:
        allowed = SpecifierSet(requires)
    except InvalidSpecifier:
        return ""  # uv says what is wrong with it
    if not version or _fits(allowed, version):
        return ""
    fitting = next((f"3.{n}" for n in range(8, NEWEST) if _fits(allowed, f"3.{n}")), "")
    example = f" such as '{fitting}'" if fitting else ""
    here = "" if version == wanted else f", Python {version} on this host"
    return (
        f"streaming_api_python is '{wanted}'{here}; allowed is a Python that requires-python of "
        f"the source's pyproject.toml allows ({requires}): a version{example}, which uv downloads "
        "if the host has none, or the path of one on the host."
    )


def _version(wanted: str, facts: Mapping[str, Any]) -> str:
    """The version, as far as it is known; '' for a path that is not the host's own Python."""
    if re.fullmatch(r"3(\.\d+){1,2}t?", wanted):
        return wanted.rstrip("t")
    path = str(facts.get("python_path", ""))
    return str(facts["python"]) if re.fullmatch(rf"{re.escape(wanted)}[\d.]*", path) else ""


def _fits(allowed: SpecifierSet, version: str) -> bool:
    whole = version.count(".") > 1
    candidates = [version] if whole else [f"{version}.{patch}" for patch in PATCHES]
    return any(allowed.contains(one, prereleases=True) for one in candidates)
