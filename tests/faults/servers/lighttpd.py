"""lighttpd, with mod_proxy."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.faults.servers.front import host_and_port, unix_path
from tests.faults.servers.places import FRONTS, unpacked


class Lighttpd(NamedTuple):
    """lighttpd; ``stream`` is `server.stream-response-body`, ``proxy`` more of `proxy.server`,
    ``lines`` are added.
    """

    lines: str = ""
    stream: int = 1
    modules: tuple[str, ...] = ()
    proxy: str = ""

    scheme: str = "http"
    http_version: str = "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        path = unix_path(upstream)
        here, port = host_and_port(address)
        host, its_port = (path, "0") if path else host_and_port(upstream)
        modules = ", ".join(f'"mod_{one}"' for one in ("proxy", *self.modules))
        return f"""\
server.document-root = "/"
server.bind = "{here}"
server.port = {port}
server.modules = ({modules})
server.stream-response-body = {self.stream}
proxy.server = ("" => (("host" => "{host}", "port" => {its_port}, {self.proxy})))
{self.lines}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        modules = FRONTS / "usr" / "lib" / "lighttpd"
        return [*unpacked("lighttpd"), "-D", "-f", str(config), "-m", str(modules)]
