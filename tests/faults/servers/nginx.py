"""Nginx."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.servers.places import FRONTS, with_libraries


class Nginx(NamedTuple):
    """Nginx; the directives are those that differ from a set-up that streams well. None leaves
    one out, a list repeats it.
    """

    location: Mapping[str, Any] = {}
    server: Mapping[str, Any] = {}
    http: Mapping[str, Any] = {}
    events: Mapping[str, Any] = {}
    main: Mapping[str, Any] = {}
    listen: str = ""  # ssl, http2
    more: str = ""  # further locations
    program: str = "nginx"

    @property
    def scheme(self) -> str:
        """How it is to be asked."""
        return "https" if "ssl" in self.listen else "http"

    @property
    def http_version(self) -> str:
        """The version of HTTP to ask for: without TLS nobody can offer another."""
        return "2-prior-knowledge" if self.listen == "http2" else "auto"

    def config(self, address: str, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        location = {
            "proxy_pass": "http://upstream",
            "proxy_http_version": "1.1",
            "proxy_set_header": ['Connection ""', "Host $host"],
            "proxy_buffering": "off",
            "gzip": "off",
        }
        server: dict[str, Any] = {"listen": f"{address} {self.listen}"}
        if "ssl" in self.listen:
            server |= {"ssl_certificate": "../cert.pem", "ssl_certificate_key": "../key.pem"}
        temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        http = {"access_log": "off"} | {f"{one}_temp_path": one for one in temporary}
        main = {"daemon": "off", "worker_processes": "1", "pid": "pid"}
        main |= {"error_log": "stderr info"} | ({} if os.geteuid() else {"user": "root"})
        return f"""\
{lines(main, self.main)}
events {{
{lines({"worker_connections": 4096}, self.events)}
}}
http {{
{lines(http, self.http)}
upstream upstream {{
    server {upstream};
    keepalive 16;
}}
server {{
{lines(server, self.server)}
location / {{
{lines(location, self.location)}
}}
{self.more}
}}
}}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        libraries = with_libraries() if "load_module" in self.main else []
        return [
            *libraries,
            self.program,
            "-p",
            str(config.parent),
            "-c",
            config.name,
            "-e",
            "stderr",
        ]


def module(*names: str) -> dict[str, list[str]]:
    """What loads these modules of Nginx; for `main`."""
    return {
        "load_module": [f"{FRONTS}/usr/lib/nginx/modules/ngx_http_{one}_module.so" for one in names]
    }


def lines(given: Mapping[str, Any], differing: Mapping[str, Any]) -> str:
    """Directives as Nginx reads them."""
    found = []
    for name, value in {**given, **differing}.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        found += [f"{name} {one}" + ("" if str(one).endswith("}") else ";") for one in values]
    return "\n".join(found)
