# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The distribution, systemd and the users."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Mapping

if TYPE_CHECKING:
    from .access import Host
    from .packages import Package

SUPPORTED = {"ubuntu": ("22.04", "24.04", "26.04"), "debian": ("12", "13")}


def os_release(host: Host) -> dict[str, str]:
    text = host.text("/etc/os-release") or host.text("/usr/lib/os-release")
    found = re.findall(r"^([A-Z_]+)=([\"']?)(.*)\2\s*$", text, re.MULTILINE)
    return {name: re.sub(r"\\(.)", r"\1", value) for name, _, value in found}


def is_supported(system: Mapping[str, str]) -> bool:
    return system.get("VERSION_ID") in SUPPORTED.get(system.get("ID", ""), ())


def runs_systemd(host: Host) -> bool:
    return host.path("/run/systemd/system").is_dir()


def systemd(host: Host, packages: Mapping[str, list[Package]]) -> int | None:
    """The version of systemd, if systemd started the host."""
    if not runs_systemd(host):
        return None
    if "systemd" in packages:
        version = packages["systemd"][0].version
    else:
        version = host.run(["systemctl", "--version"]).text
    number = re.search(r"\d+", version)
    return int(number.group()) if number else None


def user_id(host: Host, name: str) -> int | None:
    for line in host.text("/etc/passwd").splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
            return int(fields[2])
    return None
