"""What all servers that stand in front of an app have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Front(Protocol):
    """A server in front, with what differs from a set-up that streams well."""

    @property
    def scheme(self) -> str:
        """How it is to be asked."""

    @property
    def http_version(self) -> str:
        """The version of HTTP to ask for."""

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, to listen at `host:port`, for an upstream `unix:/path` or
        `host:port`.
        """

    def argv(self, config: Path) -> list[str]:
        """The command; the configuration is written by then."""


def unix_path(upstream: str) -> str:
    """The path of a unix socket, or nothing."""
    return upstream.removeprefix("unix:") if upstream.startswith("unix:") else ""


def host_and_port(address: str) -> tuple[str, str]:
    """Those of an address that is no unix socket."""
    host, _, port = address.rpartition(":")
    return host, port
