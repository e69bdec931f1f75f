"""A front written for Node: Express, compression, http-proxy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.servers.front import host_and_port, unix_path
from tests.faults.servers.places import APPS, ROOT


class Node(NamedTuple):
    """The front of node/front.js.

    ``compression`` are options of the middleware, which is left out without them; ``proxy`` are
    those of http-proxy; ``lifetime`` is how many ms an answer may take, ``stalls`` after how many
    it passes on nothing more. With ``follows`` it leaves the server when its reader has left.
    It passes on each part ``late`` ms later.
    """

    compression: Mapping[str, Any] | None = None
    proxy: Mapping[str, Any] = {}
    lifetime: int = 0
    stalls: int = 0
    follows: bool = False
    late: int = 0

    scheme: str = "http"
    http_version: str = "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        path = unix_path(upstream)
        here, port = host_and_port(address)
        listen = {"host": here, "port": int(port)}
        host, its_port = ("app", "0") if path else host_and_port(upstream)
        target = {"host": host, "port": int(its_port), "socketPath": path or None}
        proxy = {"target": target, **self.proxy}
        return json.dumps({**self._asdict(), "listen": listen, "proxy": proxy})

    def argv(self, config: Path) -> list[str]:
        """The command."""
        packages = ROOT / ".cache" / "node" / "node_modules"
        front = APPS.parent / "node" / "front.js"
        return ["env", f"NODE_PATH={packages}", "node", str(front), str(config)]
