"""HAProxy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Haproxy(NamedTuple):
    """HAProxy, as a load balancer in front; the lines are of its `defaults` section, those of
    ``frontend`` and ``backend`` are added to these.
    """

    defaults: Mapping[str, Any] = {}
    frontend: str = ""
    backend: str = ""

    scheme: str = "http"
    http_version: str = "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file."""
        times = {f"timeout {one}": "60s" for one in ("connect", "client", "server")}
        defaults = {"mode": "http"} | times | dict(self.defaults)
        written = "\n".join(f"{name} {value}" for name, value in defaults.items())
        return f"""\
defaults
{written}
frontend front
bind {address}
{self.frontend}
default_backend back
backend back
{self.backend}
server behind {upstream.removeprefix("unix:")}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        return ["haproxy", "-db", "-f", str(config)]
