"""The servers that a stack is made of: real ones, each with what differs from a good set-up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
APPS = Path(__file__).parent / "apps"
PROBE = ROOT / "roles" / "streaming_api" / "files"
TOKEN = "token-of-the-laboratory"


class Gunicorn(NamedTuple):
    """Gunicorn with an app of apps/, on a unix socket.

    ``environment`` names the virtual environment in .cache; ``open_files`` is the limit of
    `ulimit -n`.
    """

    app: str = "probed:app"
    settings: Mapping[str, Any] = {}
    environment: str = "faults"
    open_files: int | None = None

    def argv(self, path: Path) -> list[str]:
        """The command."""
        settings = {
            "worker-class": "uvicorn_worker.UvicornWorker",
            "workers": 1,
            "backlog": 4096,
            "graceful-timeout": 30,
            "keep-alive": 75,
        } | dict(self.settings)
        limit = ["prlimit", f"--nofile={self.open_files}"] if self.open_files else []
        python = ROOT / ".cache" / self.environment / "bin" / "python"
        argv = [*limit, str(python), "-m", "gunicorn", "--bind", f"unix:{path}"]
        argv += ["--no-control-socket", "--pythonpath", f"{APPS},{PROBE}"]
        for name, value in settings.items():
            argv += [f"--{name}", str(value)]
        return [*argv, self.app]


class Script(NamedTuple):
    """A server of apps/ that is started by itself, with the socket as its argument."""

    name: str

    def argv(self, path: Path) -> list[str]:
        """The command."""
        python = ROOT / ".cache" / "faults" / "bin" / "python"
        return [str(python), str(APPS / self.name), str(path)]


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

    @property
    def scheme(self) -> str:
        """How it is to be asked."""
        return "https" if "ssl" in self.listen else "http"

    @property
    def http_version(self) -> str:
        """The version of HTTP to ask for: without TLS nobody can offer another."""
        return "2-prior-knowledge" if self.listen == "http2" else "auto"

    def config(self, port: int, upstream: str) -> str:
        """The configuration file, for an upstream `unix:/path` or `host:port`."""
        location = {
            "proxy_pass": "http://upstream",
            "proxy_http_version": "1.1",
            "proxy_set_header": ['Connection ""', "Host $host"],
            "proxy_buffering": "off",
            "gzip": "off",
        }
        server: dict[str, Any] = {"listen": f"127.0.0.1:{port} {self.listen}"}
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
        return ["nginx", "-p", str(config.parent), "-c", config.name, "-e", "stderr"]


class Haproxy(NamedTuple):
    """HAProxy, as a load balancer in front; the lines are of its `defaults` section."""

    defaults: Mapping[str, Any] = {}

    scheme = "http"
    http_version = "auto"

    def config(self, port: int, upstream: str) -> str:
        """The configuration file."""
        times = {f"timeout {one}": "60s" for one in ("connect", "client", "server")}
        defaults = {"mode": "http"} | times | dict(self.defaults)
        written = "\n".join(f"{name} {value}" for name, value in defaults.items())
        return f"""\
defaults
{written}
frontend front
bind 127.0.0.1:{port}
default_backend back
backend back
server nginx {upstream}
"""

    def argv(self, config: Path) -> list[str]:
        """The command."""
        return ["haproxy", "-db", "-f", str(config)]


def lines(given: Mapping[str, Any], differing: Mapping[str, Any]) -> str:
    """Directives as Nginx reads them."""
    found = []
    for name, value in {**given, **differing}.items():
        values = value if isinstance(value, list) else [] if value is None else [value]
        found += [f"{name} {one}" + ("" if str(one).endswith("}") else ";") for one in values]
    return "\n".join(found)
