"""nghttpx, the proxy of nghttp2."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.faults.servers.front import host_and_port, unix_path
from tests.faults.servers.places import unpacked


class Nghttpx(NamedTuple):
    """nghttpx; ``lines`` are of its configuration file."""

    lines: str = ""
    tls: bool = False

    http_version: str = "auto"

    @property
    def scheme(self) -> str:
        """How it is to be asked."""
        return "https" if self.tls else "http"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        path = unix_path(upstream)
        frontend = ",".join(host_and_port(address))
        backend = f"unix:{path}" if path else ",".join(host_and_port(upstream))
        certificate = "certificate-file=../cert.pem\nprivate-key-file=../key.pem"
        return f"""\
frontend={frontend}{"" if self.tls else ";no-tls"}
backend={backend}
workers=1
errorlog-file=/dev/stderr
{certificate if self.tls else ""}
{self.lines}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        return [*unpacked("nghttpx"), f"--conf={config}"]
