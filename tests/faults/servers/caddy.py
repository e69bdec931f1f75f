"""Caddy."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.faults.servers.front import host_and_port, unix_path
from tests.faults.servers.places import unpacked


class Caddy(NamedTuple):
    """Caddy; ``lines`` go into the site, ``proxy`` into `reverse_proxy`, ``options`` at the top."""

    lines: str = ""
    proxy: str = "flush_interval -1"
    options: str = ""
    tls: bool = False
    admin: str = "off"
    program: str = "caddy"

    http_version: str = "auto"

    @property
    def scheme(self) -> str:
        """How it is to be asked."""
        return "https" if self.tls else "http"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        path = unix_path(upstream)
        host, port = host_and_port(address)
        return f"""\
{{
admin {self.admin}
auto_https off
{self.options}
}}
{self.scheme}://:{port} {{
bind {host}
{"tls ../cert.pem ../key.pem" if self.tls else ""}
{self.lines}
reverse_proxy {f"unix/{path}" if path else upstream} {{
{self.proxy}
}}
}}
"""

    def argv(self, config: Path) -> list[str]:
        """The command; it keeps its files beside the configuration."""
        program = unpacked(self.program)
        home = [f"{name}={config.parent}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
        return [
            *program[:-1],
            *home,
            f"--chdir={config.parent}",
            program[-1],
            *("run", "--config", str(config), "--adapter", "caddyfile"),
        ]
