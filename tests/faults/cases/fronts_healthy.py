"""Stacks with other products in front, each well configured: none of them may be accused."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.cases.fault import NO_DELAY, OWN, PARALLEL
from tests.faults.cases.fronts import BROWSER, DEFLATE, ENCODE, FIREWALL, TYPES
from tests.faults.cases.healthy import USERS, Healthy
from tests.faults.servers import (
    Apache,
    Caddy,
    Front,
    Gunicorn,
    Haproxy,
    Hitch,
    Lighttpd,
    Nghttpx,
    Nginx,
    Node,
    Squid,
    Stunnel,
    Varnish,
    module,
)
from tests.faults.stack import Stack

FRONTS: dict[str, Front] = {
    "apache": Apache(),
    "apache-tls": Apache(tls=True),
    "caddy": Caddy(),
    "caddy-tls": Caddy(tls=True),
    "haproxy": Haproxy(NO_DELAY),
    "hitch": Hitch(),
    "lighttpd": Lighttpd(),
    "nghttpx": Nghttpx(),
    "nghttpx-tls": Nghttpx(tls=True),
    "node": Node(),
    "stunnel": Stunnel(),
    "varnish": Varnish(),
}
DEFLATING = Apache(f"AddOutputFilterByType DEFLATE {TYPES}", ("deflate",))
BROTLI = Apache(f"AddOutputFilterByType BROTLI_COMPRESS {TYPES}", ("brotli",))
SUBSTITUTE = "SetOutputFilter SUBSTITUTE\nSubstitute s/foo/bar/"
POLITE = Gunicorn("probed:polite")
# The firewall of Nginx looks at what passes and lets it pass.
RULES = "'" + FIREWALL.replace("SecResponseBodyLimit 524288\n", "") + "'"


def each(name: str, front: Front) -> Iterator[Healthy]:
    """What users have behind it: events, lines, a chat's tokens."""
    yield Healthy(f"{name}-host", Stack(nginx=front))
    yield Healthy(f"{name}-ndjson", Stack(edge=front), {"format": "ndjson"})
    yield Healthy(f"{name}-tokens", Stack(USERS, edge=front), path="/tokens")


HEALTHY_FRONTS = (
    *(one for name, front in FRONTS.items() for one in each(name, front)),
    Healthy("squid", Stack(edge=Squid())),
    Healthy("squid-ndjson", Stack(edge=Squid()), {"format": "ndjson"}),
    Healthy("squid-tokens", Stack(USERS, edge=Squid()), path="/tokens"),
    # compression that flushes each event, or leaves the stream alone
    Healthy("apache-deflate", Stack(nginx=DEFLATING)),
    Healthy("apache-deflate-tokens", Stack(USERS, edge=DEFLATING), path="/tokens"),
    Healthy("apache-brotli", Stack(nginx=BROTLI), passes=BROWSER),
    Healthy(
        "nginx-brotli",
        Stack(nginx=Nginx({"brotli": "on", "brotli_types": "*"}, main=module("brotli_filter"))),
        passes=BROWSER,
    ),
    Healthy("node-compression-polite", Stack(POLITE, edge=Node(compression={}))),
    Healthy("caddy-encode", Stack(edge=Caddy(ENCODE.replace("text/*", "text/html*")))),
    Healthy("lighttpd-deflate", Stack(nginx=Lighttpd(DEFLATE, modules=("deflate",)))),
    # settings that look bad and are not
    Healthy("apache-buffer", Stack(nginx=Apache("SetOutputFilter BUFFER", ("buffer",), proxy=""))),
    Healthy("apache-substitute", Stack(nginx=Apache(SUBSTITUTE, ("substitute",)))),
    Healthy(
        "nginx-firewall",
        Stack(
            nginx=Nginx(
                {"modsecurity": "on", "modsecurity_rules": RULES}, main=module("modsecurity")
            )
        ),
    ),
    Healthy(
        "varnish-hash", Stack(edge=Varnish("return (hash);", "set beresp.uncacheable = true;"))
    ),
    Healthy("varnish-pipe", Stack(edge=Varnish("return (pipe);"))),
    # large headers, many at a time
    Healthy("apache-fat", Stack(Gunicorn("fat:app"), Apache()), path="/fat"),
    Healthy("fat-app-small-headers", Stack(Gunicorn("fat:app")), path=OWN),
    Healthy("varnish-side-by-side", Stack(edge=Varnish()), passes=PARALLEL),
    Healthy("apache-side-by-side", Stack(edge=Apache()), passes=PARALLEL),
)
