"""Servers that end TLS and pass on the bytes: Hitch and stunnel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tests.faults.servers.front import host_and_port, unix_path
from tests.faults.servers.places import unpacked


class Hitch(NamedTuple):
    """Hitch."""

    scheme: str = "https"
    http_version: str = "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        path = unix_path(upstream)
        frontend = "[{}]:{}".format(*host_and_port(address))
        backend = path or "[{}]:{}".format(*host_and_port(upstream))
        return f"""\
frontend = "{frontend}"
backend = "{backend}"
pem-file = {{
    cert = "../cert.pem"
    private-key = "../key.pem"
}}
workers = 1
{"" if os.geteuid() else 'user = "nobody"'}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        return [*in_directory(config), *unpacked("hitch"), f"--config={config}"]


class Stunnel(NamedTuple):
    """stunnel."""

    scheme: str = "https"
    http_version: str = "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        return f"""\
foreground = yes
pid =
[front]
accept = {address}
connect = {unix_path(upstream) or upstream}
cert = ../cert.pem
key = ../key.pem
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        return [*in_directory(config), *unpacked("stunnel4"), str(config)]


def in_directory(config: Path) -> list[str]:
    """What runs a command beside its configuration."""
    return ["env", f"--chdir={config.parent}"]
