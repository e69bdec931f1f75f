"""Squid, in front of a server as an accelerator."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tests.faults.servers.front import host_and_port
from tests.faults.servers.places import FRONTS, unpacked


class Squid(NamedTuple):
    """Squid; ``lines`` are added. It cannot ask a unix socket."""

    lines: str = "cache deny all"

    scheme: str = "http"
    http_version: str = "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `host:port`."""
        host, its_port = host_and_port(upstream)
        share = FRONTS / "usr" / "share" / "squid"
        return f"""\
http_port {address} accel defaultsite=app
cache_peer {host} parent {its_port} 0 no-query originserver
http_access allow all
visible_hostname squid
{"" if os.geteuid() else "cache_effective_user nobody"}
pid_filename none
access_log none
cache_log /dev/null
cache_store_log none
pinger_enable off
unlinkd_program {FRONTS}/usr/lib/squid/unlinkd
mime_table {share}/mime.conf
icon_directory {share}/icons
error_directory {share}-langpack/en
{self.lines}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        return [*unpacked("squid"), "-N", "-d", "1", "-f", str(config)]
