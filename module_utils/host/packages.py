# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The installed packages, as dpkg lists them."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Mapping, NamedTuple

if TYPE_CHECKING:
    from .access import Host

_DPKG_FIELD = re.compile(r"^(Package|Status|Architecture|Version|Provides): (.*)$", re.MULTILINE)
_PROVIDED = re.compile(r"([a-z0-9][a-z0-9.+-]*)(?::\w+)?(?:\s*\(=\s*([^)\s]+)\))?")
_SPEC = re.compile(r"([^:=]+)(?::([^=]+))?(?:=(.*))?")


class Package(NamedTuple):
    """An installed package, or a name that an installed package provides."""

    name: str
    architecture: str
    version: str


def packages(host: Host) -> dict[str, list[Package]]:
    """The installed packages by name. Names that a package provides count too."""
    found: dict[str, list[Package]] = {}
    provided: list[Package] = []
    for block in host.text("/var/lib/dpkg/status").split("\n\n"):
        if " ok installed\n" not in block:
            continue
        fields = dict(_DPKG_FIELD.findall(block))
        if not fields.get("Status", "").endswith(" ok installed"):
            continue
        architecture = fields.get("Architecture", "")
        version = fields.get("Version", "")
        package = Package(fields.get("Package", ""), architecture, version)
        found.setdefault(package.name, []).append(package)
        for name, given in _PROVIDED.findall(fields.get("Provides", "")):
            provided.append(Package(name, architecture, given or version))
    for package in provided:
        found.setdefault(package.name, []).append(package)
    return found


def is_installed(spec: str, packages: Mapping[str, list[Package]]) -> bool:
    """Whether ``name``, ``name:architecture`` or ``name=version`` is installed."""
    parts = _SPEC.fullmatch(spec.strip())
    if parts is None:
        return False
    name, architecture, version = parts.groups()
    return any(
        architecture in (None, "any", "native", package.architecture)
        and fnmatch.fnmatchcase(package.version, version or "*")
        for package in packages.get(name, [])
    )
