"""Remedies for proxies of any product, and for clients."""

from __future__ import annotations

from tests.faults.cases.fault import NO_DELAY
from tests.faults.cures.cure import (
    Cure,
    Cures,
    added,
    asked,
    configured,
    directed,
    location,
    read_by,
    run,
)
from tests.faults.cures.nginx import HEARTBEAT, UNBUFFERED
from tests.faults.servers import APPS

READER = str(APPS / "reader_as_it_comes.py")
TOKEN = "X-Stream-Probe-Token: {token}"
NO_TRANSFORM = Cure("Cache-Control: no-transform", run("wrapped:no_transform"))
NO_STORE = Cure("Cache-Control: no-store", run("wrapped:no_store"))
STREAMED = "set beresp.do_stream = true; set beresp.do_esi = false; set beresp.do_gzip = false;"

CURES: Cures = {
    # any proxy
    "edge-collects Lighttpd": (Cure("server.stream-response-body = 1", configured(stream=1)),),
    "edge-collects-apache-firewall": (
        Cure("SecResponseBodyAccess Off", added("lines", "SecResponseBodyAccess Off")),
    ),
    "edge-collects-apache-sed": (Cure("no SetOutputFilter", configured(lines="")),),
    "edge-collects Haproxy": (Cure("no http-response wait-for-body", configured(backend="")),),
    "edge-collects Varnish": (
        Cure(
            "beresp.do_stream = true, beresp.do_esi = false and beresp.do_gzip = false",
            added("response", STREAMED),
        ),
    ),
    "edge-collects Caddy": (Cure("Remove buffer_responses", configured(proxy="")),),
    "edge-total-timeout Caddy": (
        Cure("Remove write from the timeouts of servers", configured(options="")),
    ),
    "edge-total-timeout Varnish": (
        Cure("Raise the parameter send_timeout", directed("parameters", send_timeout=600)),
    ),
    "edge-total-timeout Node": (
        Cure("Raise the limit on the whole request", configured(lifetime=60_000)),
    ),
    "edge-headers-late-auth": (Cure("auth_request", location(auth_request=None)),),
    "edge-headers-late-silent-backend": (
        Cure("an upstream that does not answer", location(rewrite=None)),
    ),
    # in front of the host
    "edge-idle-timeout Nginx": (
        Cure("proxy_read_timeout", location(proxy_read_timeout="60s")),
        HEARTBEAT,
    ),
    "edge-idle-timeout Haproxy": (
        Cure("timeout server", directed("defaults", **{"timeout server": "60s"})),
    ),
    "edge-idle-timeout Apache": (
        Cure("timeout= of ProxyPass", configured(proxy="flushpackets=on timeout=60")),
    ),
    "edge-idle-timeout Varnish": (
        Cure("Raise between_bytes_timeout", configured(backend=".between_bytes_timeout = 60s;")),
    ),
    "edge-idle-timeout Nghttpx": (
        Cure("Raise backend-read-timeout", configured(lines="backend-read-timeout=60s")),
    ),
    "edge-idle-timeout Node": (
        Cure("Raise timeout of http-proxy", configured(proxy={"timeout": 60_000})),
    ),
    "edge-idle-timeout Caddy": (
        Cure(
            "Raise read_timeout",
            configured(proxy="flush_interval -1\ntransport http {\nread_timeout 60s\n}"),
        ),
    ),
    "edge-compression Nginx": (
        Cure("gzip off, brotli off", location(gzip="off", brotli=None, brotli_types=None)),
    ),
    "edge-compression Haproxy": (
        Cure("no compression algo", configured(defaults=NO_DELAY)),
        NO_TRANSFORM,
    ),
    "edge-compression Node": (NO_TRANSFORM,),
    "edge-compression Caddy": (Cure("Exclude the path from encode", configured(lines="")),),
    "edge-cache Nginx": (Cure("proxy_cache off", location(proxy_cache="off")), NO_STORE),
    "edge-cache Apache": (Cure("CacheDisable", added("lines", "CacheDisable /")), NO_STORE),
    "edge-cache Varnish": (Cure("return (pass)", configured(recv="return (pass);")), NO_STORE),
    "edge-cache Squid": (Cure("cache deny", configured(lines="cache deny all")), NO_STORE),
    "edge-nodelay": (Cure("option http-no-delay", directed("defaults", **NO_DELAY)),),
    "edge-get-buffered": (
        Cure("Open the stream by POST", asked(method="POST")),
        Cure("turn off buffering in that proxy", location(proxy_buffering="off")),
    ),
    "edge-buffering Nginx": (UNBUFFERED,),
    "edge-buffering Apache": (Cure("no mod_sed", configured(lines="")),),
    "too-slow-an-answer": (Cure("Send the headers and a first chunk at once", asked("/stream")),),
    # client
    "client-reads-in-blocks-curl": (
        Cure("curl -N", read_by("curl", "--silent", "-N", "--header", TOKEN, "{url}")),
    ),
    "client-reads-in-blocks-python": (
        Cure("urllib: read1()", read_by("python3", READER, "{url}", "{token}")),
    ),
}
