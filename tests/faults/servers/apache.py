"""Apache, with mod_proxy_http."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from tests.faults.servers.front import unix_path
from tests.faults.servers.places import FRONTS, unpacked

MODULES = ("mpm_event", "authz_core", "filter", "headers", "proxy", "proxy_http")


class Apache(NamedTuple):
    """Apache; ``proxy`` are parameters of `ProxyPass`, ``lines`` go into the virtual host."""

    lines: str = ""
    modules: tuple[str, ...] = ()
    proxy: str = "flushpackets=on"
    tls: bool = False

    http_version: str = "auto"

    @property
    def scheme(self) -> str:
        """How it is to be asked."""
        return "https" if self.tls else "http"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        path = unix_path(upstream)
        target = f"unix:{path}|http://app/" if path else f"http://{upstream}/"
        directory = FRONTS / "usr" / "lib" / "apache2" / "modules"
        names = (*MODULES, *(("ssl",) if self.tls else ()), *self.modules)
        loaded = "\n".join(f"LoadModule {one}_module {directory}/mod_{one}.so" for one in names)
        certificate = "SSLCertificateFile ../cert.pem\nSSLCertificateKeyFile ../key.pem"
        return f"""\
{loaded}
{"" if os.geteuid() else "User nobody"}
{"" if os.geteuid() else "Group nogroup"}
DefaultRuntimeDir .
PidFile pid
ErrorLog /dev/stderr
ServerName localhost
Listen {address}
ProxyPreserveHost On
<VirtualHost {address}>
{"SSLEngine on" if self.tls else ""}
{certificate if self.tls else ""}
ProxyPass / {target} {self.proxy}
{self.lines}
</VirtualHost>
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        return [*unpacked("apache2"), "-DFOREGROUND", "-d", str(config.parent), "-f", config.name]
