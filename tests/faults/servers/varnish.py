"""Varnish."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.servers.front import host_and_port, unix_path
from tests.faults.servers.places import unpacked


class Varnish(NamedTuple):
    """Varnish; ``recv``, ``response`` and ``deliver`` are the bodies of VCL's functions,
    ``parameters`` are those of `-p`, ``backend`` are further lines of the backend.
    """

    recv: str = "return (pass);"
    response: str = ""
    deliver: str = ""
    backend: str = ""
    parameters: Mapping[str, Any] = {}

    scheme: str = "http"
    http_version: str = "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`; its first line is
        where to listen, which VCL cannot say.
        """
        path = unix_path(upstream)
        place = '.host = "{}"; .port = "{}";'.format(*host_and_port(upstream))
        return f"""\
# {address}
vcl 4.1;
backend default {{ {f'.path = "{path}";' if path else place} {self.backend} }}
sub vcl_recv {{ {self.recv} }}
sub vcl_backend_response {{ {self.response} }}
sub vcl_deliver {{ {self.deliver} }}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        listen = config.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        parameters = {"vsl_space": "1m", "thread_pool_min": 20, **self.parameters}
        argv = [*unpacked("varnishd"), "-F", "-j", "none", "-n", str(config.parent / "work")]
        argv += ["-a", listen, "-f", str(config), "-s", "default,32m"]
        for name, value in parameters.items():
            argv += ["-p", f"{name}={value}"]
        return argv
