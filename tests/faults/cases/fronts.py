"""Faults of other products than Nginx in front of an app, and of Nginx's further modules.

Each is built twice where it can be: with the product as the host's proxy, and in front of a good
Nginx.
"""

from __future__ import annotations

from typing import Any

from tests.faults.cases.fault import (
    ALONE,
    BUFFERING,
    COMPRESSION,
    IDLE,
    NO_DELAY,
    OWN,
    Fault,
)
from tests.faults.servers import (
    Apache,
    Caddy,
    Front,
    Gunicorn,
    Haproxy,
    Lighttpd,
    Nghttpx,
    Nginx,
    Node,
    Squid,
    Varnish,
    module,
)
from tests.faults.stack import Stack

AGAIN = ("identity", "again")
BROWSER = ("identity", "browser")
PROBED = Gunicorn()
FAT = Gunicorn("fat:app")
TYPES = "text/event-stream text/plain application/x-ndjson"
LONGER = {"count": 50, "interval": 0.05}  # than a second

FIREWALL = f"""\
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecResponseBodyAccess On
SecResponseBodyMimeType {TYPES}
SecResponseBodyLimit 524288
"""
# It takes each of these for a file that has to be whole.
SED = 'ExtFilterDefine fix mode=output cmd="/bin/sed s/foo/bar/"\nSetOutputFilter fix'
# It keeps the empty line at each event's end, until the next event begins.
LINES = "<Location />\nSetOutputFilter Sed\nOutputSed s/foo/bar/\n</Location>"
# By default it leaves alone what begins with a write of less than 512 bytes, which is chance.
ENCODE = "encode {\ngzip\nminimum_length 1\nmatch {\nheader Content-Type text/*\n}\n}"
DEFLATE = f"""\
deflate.mimetypes = ("{TYPES.replace(" ", '", "')}")
deflate.allowed-encodings = ("gzip")
"""
KEPT = """\
CacheRoot .
CacheEnable disk /
CacheDefaultExpire 60
CacheIgnoreNoLastMod On
CacheIgnoreQueryString On
"""
CACHED = "set beresp.ttl = 60s; set beresp.do_stream = true;"
BROTLI = {**BUFFERING, "brotli": "on", "brotli_types": "*"}
# A subrequest that takes a second before each answer.
ALLOWED = "location = /allowed { internal; proxy_pass http://upstream; }"
# A backend that says nothing, and another one after that.
SILENT = {"rewrite": "^ /late break", "proxy_read_timeout": "1s", "error_page": "504 = @other"}
OTHER = """\
location @other {
rewrite ^ /stream break;
proxy_pass http://upstream;
proxy_http_version 1.1;
proxy_buffering off;
}
"""


def at_host(
    cause: str, front: Front, variant: str, *, app: Gunicorn = PROBED, **more: Any
) -> Fault:
    """The product as the host's own proxy."""
    return Fault(cause, Stack(app, front), variant=f"{variant}-host", at="nginx", **more)


def in_front(
    cause: str, front: Front, variant: str, *, app: Gunicorn = PROBED, **more: Any
) -> Fault:
    """The product in front of a good Nginx."""
    return Fault(cause, Stack(app, edge=front), variant=variant, at="public", **more)


def both(cause: str, front: Front, variant: str, **more: Any) -> tuple[Fault, Fault]:
    """At the one place and at the other."""
    return at_host(cause, front, variant, **more), in_front(cause, front, variant, **more)


COLLECTING: dict[str, Front] = {
    "lighttpd": Lighttpd(stream=0),  # its default
    "apache-firewall": Apache(FIREWALL, ("unique_id", "security2")),
    "apache-sed": Apache(SED, ("ext_filter",)),
    "haproxy": Haproxy(NO_DELAY, backend="http-response wait-for-body time 10s at-least 1m"),
    "varnish": Varnish(response="set beresp.do_stream = false;"),
    "varnish-esi": Varnish(response="set beresp.do_esi = true;"),
    # It compresses whatever it keeps, and undoes that for those who want it plain.
    "varnish-gzip": Varnish(response="set beresp.do_gzip = true;"),
    "caddy": Caddy(proxy="buffer_responses"),
}
COMPRESSING: dict[str, Front] = {
    "node": Node(compression={}),
    "caddy": Caddy(ENCODE),
}
IMPATIENT: dict[str, Front] = {
    "varnish": Varnish(backend=".between_bytes_timeout = 1s;"),
    "apache": Apache(proxy="flushpackets=on timeout=1"),
    "nghttpx": Nghttpx("backend-read-timeout=1s"),
    "node": Node(proxy={"timeout": 1000}),
}
HURRIED: dict[str, Front] = {
    "nginx": Nginx({"proxy_read_timeout": "1s"}),
    "haproxy": Haproxy({**NO_DELAY, "timeout server": "1s"}),
}
ENDING: dict[str, Front] = {
    "caddy": Caddy(options="servers {\ntimeouts {\nwrite 1s\n}\n}"),
    "varnish": Varnish(parameters={"send_timeout": 1}),
    "node": Node(lifetime=1000),
}

FAULTS = (
    *(one for name, front in COLLECTING.items() for one in both("edge-collects", front, name)),
    # It compresses only what it has as a whole.
    *both("edge-collects", Lighttpd(DEFLATE, stream=0, modules=("deflate",)), "lighttpd-deflate"),
    *both("edge-buffering", Apache(LINES, ("sed",)), "apache-mod-sed"),
    *(one for name, front in COMPRESSING.items() for one in both("edge-compression", front, name)),
    *both("edge-compression", Caddy(ENCODE.replace("gzip", "zstd")), "caddy-zstd", passes=BROWSER),
    at_host("edge-compression", Haproxy({**NO_DELAY, **COMPRESSION}), "haproxy"),
    *both("edge-compression", Node(compression={}), "node-brotli", passes=BROWSER),
    Fault("nginx-brotli", Stack(nginx=Nginx(BROTLI, main=module("brotli_filter"))), BROWSER),
    in_front(
        "edge-compression",
        Nginx(BROTLI, main=module("brotli_filter")),
        "nginx-brotli",
        passes=BROWSER,
    ),
    *both("edge-cache", Apache(KEPT, ("cache", "cache_disk")), "apache", passes=AGAIN),
    *both("edge-cache", Varnish("return (hash);", CACHED), "varnish", passes=AGAIN),
    in_front(
        "edge-cache",
        Squid("cache_mem 8 MB\nrefresh_pattern . 1 100% 10 override-expire"),
        "squid",
        passes=AGAIN,
    ),
    *(
        one
        for name, front in IMPATIENT.items()
        for one in both("edge-idle-timeout", front, name, passes=IDLE, more={"idle": 1.6})
    ),
    # It ends the answer as if it were whole.
    in_front(
        "edge-idle-timeout",
        Caddy(proxy="flush_interval -1\ntransport http {\nread_timeout 1s\n}"),
        "caddy",
        passes=IDLE,
        more={"idle": 1.6},
    ),
    *(
        one
        for name, front in ENDING.items()
        for one in both("edge-total-timeout", front, name, stream=LONGER)
    ),
    *both(
        "edge-headers-late",
        Nginx({"auth_request": "/allowed"}, more=ALLOWED),
        "auth",
        app=FAT,
        path=OWN,
    ),
    *both("edge-headers-late", Nginx(SILENT, more=OTHER), "silent-backend", app=FAT, path=OWN),
    Fault("nginx-big-header", Stack(FAT), path="/fat"),
    Fault(
        "nginx-big-header",
        Stack(FAT, Haproxy(NO_DELAY), Nginx()),
        path="/fat",
        variant="public",
        at="public",
    ),
    Fault("nginx-upstream", Stack(nginx=Nginx({"proxy_pass": "http://127.0.0.1:9"})), ALONE),
    *(
        at_host("too-slow-an-answer", front, name, app=FAT, path="/late", passes=ALONE)
        for name, front in HURRIED.items()
    ),
)
