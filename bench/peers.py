"""The proxies that bench/proxies.py compares: files, command and reload of each. Nothing is started here.

Each is there as it comes (`default`: only what it needs to pass requests on) and at its best
settings for streams.
"""

from __future__ import annotations

import functools
import json
import os
import resource
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from plugins.module_utils.act.nginx import with_lines
from plugins.module_utils.deploy.capacity import Machine, nginx_lines
from tests.faults.servers import ROOT, Apache, Caddy, Haproxy
from tests.templates.conftest import STREAMS, rendered, variables_of_role

COMMON = ROOT / ".cache/nginx-common/etc/nginx"
OTHERS = ROOT / ".cache/peers"
ENVOY = next(OTHERS.glob("lib/*/site-packages/envoy/_bin/envoy"), OTHERS / "envoy")


class Place(NamedTuple):
    """Where a proxy listens, where the source does, and the proxy's own directory."""

    port: int
    socket: str  # the source, for proxies that can
    source: str  # the same as host:port
    directory: Path

    @property
    def upstream(self) -> str:
        """As the laboratory's servers want it."""
        return f"unix:{self.socket}"


class Running(NamedTuple):
    """What to write and to run. ``reload`` takes the pid of the command to the reload's command."""

    files: Mapping[str, str]
    argv: list[str]
    reload: Callable[[int], list[str]]


class Peer(NamedTuple):
    """A proxy with one set of settings."""

    name: str
    mode: str
    prepare: Callable[[Place], Running]

    @property
    def key(self) -> str:
        """Names it in the raw data."""
        return f"{self.name}, {self.mode}"


def signal(name: str) -> Callable[[int], list[str]]:
    """A reload by a signal to the first process."""
    return lambda pid: ["kill", f"-{name}", str(pid)]


def nginx(place: Place, main: str, site: str) -> Running:
    """An Nginx with Debian's own files, moved to the directory."""
    where = str(place.directory)
    text = main.replace("/etc/nginx", where).replace("/run/nginx.pid", f"{where}/pid")
    text = text.replace("/var/log/nginx", where)
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{one}_temp_path {where}/{one};\n" for one in temporary)
    files = {
        "nginx.conf": f"daemon off;\n{text}",
        "mime.types": (COMMON / "mime.types").read_text(),
        "conf.d/temporary.conf": paths,
        "sites-enabled/site": site,
    }
    argv = ["nginx", "-p", where, "-c", f"{where}/nginx.conf", "-e", f"{where}/error.log"]
    return Running(files, argv, signal("HUP"))


def nginx_stock(place: Place, more: str = "") -> Running:
    """Debian's nginx.conf, and a site with `proxy_pass` and ``more``."""
    site = f"""\
server {{
    listen {place.port} default_server;
    location / {{
        proxy_pass http://unix:{place.socket};
        {more}
    }}
}}
"""
    return nginx(place, (COMMON / "nginx.conf").read_text(), site)


@functools.cache
def role_variables() -> dict[str, Any]:
    """The role's variables; Ansible's loader starts only once."""
    return variables_of_role()


def nginx_deployed(place: Place) -> Running:
    """What the role makes of nginx.conf, and its site."""
    given = {"streaming_api_nginx_http_port": place.port}
    role = role_variables()
    site = rendered(role, "site.conf.j2", {"traffic": place.socket, "ipv6": False}, given)
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    machine = Machine(memory=0, files=files, somaxconn=0, notsent=0)
    lines = nginx_lines("auto", [STREAMS], machine)
    return nginx(place, with_lines((COMMON / "nginx.conf").read_text(), lines), site)


def caddy(proxy: str) -> Callable[[Place], Running]:
    """Caddy, with these lines in `reverse_proxy`."""

    def prepare(place: Place) -> Running:
        admin = f"unix/{place.directory}/admin.sock"
        server = Caddy(proxy=proxy, admin=admin, program=str(OTHERS / "bin/caddy"))
        config = place.directory / "config"
        text = server.config(f"127.0.0.1:{place.port}", place.upstream)
        reload = [
            *(str(OTHERS / "bin/caddy"), "reload", "--force", "--config", str(config)),
            *("--adapter", "caddyfile", "--address", admin),
        ]
        return Running({"config": text}, server.argv(config), lambda _: reload)

    return prepare


def haproxy(defaults: Mapping[str, str]) -> Callable[[Place], Running]:
    """HAProxy in master-worker mode, as a service."""

    def prepare(place: Place) -> Running:
        server = Haproxy(defaults)
        config = place.directory / "config"
        text = server.config(f"127.0.0.1:{place.port}", place.upstream)
        return Running({"config": text}, [*server.argv(config), "-W"], signal("USR2"))

    return prepare


# Debian's mpm_event.conf; and one that has a thread for each stream.
EVENT = """\
StartServers 2
MinSpareThreads 25
MaxSpareThreads 75
ThreadLimit 64
ThreadsPerChild 25
MaxRequestWorkers 150
"""
THREADS = """\
ServerLimit 32
StartServers 8
MinSpareThreads 64
MaxSpareThreads 2048
ThreadLimit 64
ThreadsPerChild 64
MaxRequestWorkers 2048
"""


def apache(proxy: str, threads: str) -> Callable[[Place], Running]:
    """Apache with mod_proxy_http; a stream takes a thread."""

    def prepare(place: Place) -> Running:
        server = Apache(proxy=proxy)
        config = place.directory / "config"
        text = server.config(f"127.0.0.1:{place.port}", place.upstream)
        return Running({"config": text + threads}, server.argv(config), signal("USR1"))

    return prepare


def envoy(place: Place, *, best: bool) -> Running:
    """Envoy with a static configuration; a reload is a hot restart."""
    router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
    manager = (
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager"
    )
    route = {"cluster": "app"} | ({"timeout": "0s"} if best else {})
    most = {"max_connections": 65536, "max_pending_requests": 65536, "max_requests": 65536}
    connections = {
        "@type": manager,
        "stat_prefix": "bench",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": route}],
                }
            ]
        },
        "http_filters": [{"name": "router", "typed_config": {"@type": router}}],
    } | ({"stream_idle_timeout": "0s"} if best else {})
    address = {"socket_address": {"address": "127.0.0.1", "port_value": place.port}}
    endpoint = {"endpoint": {"address": {"pipe": {"path": place.socket}}}}
    cluster = {
        "name": "app",
        "load_assignment": {"cluster_name": "app", "endpoints": [{"lb_endpoints": [endpoint]}]},
    } | ({"circuit_breakers": {"thresholds": [most]}} if best else {})
    filters = [{"name": "http", "typed_config": connections}]
    listener = {"name": "front", "address": address, "filter_chains": [{"filters": filters}]}
    text = json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}})
    argv = [str(ENVOY), "-c", str(place.directory / "config.json"), "--log-level", "error"]
    argv += ["--base-id", str(place.port)]
    again = [*argv, "--restart-epoch", "1"]
    return Running({"config.json": text}, argv, lambda _: again)


def traefik(place: Place, *, best: bool) -> Running:
    """Traefik with files; it watches them. It cannot reach a unix socket."""
    service: dict[str, object] = {"servers": [{"url": f"http://{place.source}"}]}
    if best:  # the least that is allowed; text/event-stream is always flushed at once
        service["responseForwarding"] = {"flushInterval": "1ms"}
    dynamic = {
        "http": {
            "routers": {"all": {"rule": "PathPrefix(`/`)", "service": "app"}},
            "services": {"app": {"loadBalancer": service}},
        }
    }
    where = place.directory
    static = {
        "entryPoints": {"web": {"address": f"127.0.0.1:{place.port}"}},
        "providers": {"file": {"filename": f"{where}/dynamic.yml", "watch": True}},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }
    files = {"static.yml": json.dumps(static), "dynamic.yml": json.dumps(dynamic)}
    argv = [str(OTHERS / "bin/traefik"), f"--configfile={where}/static.yml"]
    change = ["sed", "-i", r"s/\bapp\b/app2/g", f"{where}/dynamic.yml"]
    return Running(files, argv, lambda _: change)


PEERS = (
    Peer("Nginx", "as the role deploys it", nginx_deployed),
    Peer("Nginx", "stock", nginx_stock),
    Peer(
        "Nginx", "stock and HTTP/1.1", lambda place: nginx_stock(place, "proxy_http_version 1.1;")
    ),
    Peer("Caddy", "default", caddy("")),
    Peer("Caddy", "best", caddy("flush_interval -1")),
    Peer("HAProxy", "default", haproxy({})),
    Peer("HAProxy", "best", haproxy({"option": "http-no-delay", "timeout tunnel": "1h"})),
    Peer("Apache", "default", apache("", EVENT)),
    Peer("Apache", "best", apache("flushpackets=on", THREADS)),
    Peer("Envoy", "default", lambda place: envoy(place, best=False)),
    Peer("Envoy", "best", lambda place: envoy(place, best=True)),
    Peer("Traefik", "default", lambda place: traefik(place, best=False)),
    Peer("Traefik", "best", lambda place: traefik(place, best=True)),
)


def missing(peer: Peer) -> bool:
    """Whether its program is not on this machine."""
    program = {"Caddy": OTHERS / "bin/caddy", "Traefik": OTHERS / "bin/traefik", "Envoy": ENVOY}
    return peer.name in program and not os.access(program[peer.name], os.X_OK)
