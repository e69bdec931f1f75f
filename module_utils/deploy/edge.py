# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What it means for the site that Cloudflare or an Application Load Balancer is in front.

docs/edge.md has the reasons, with links.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

from . import cloudflare, networks
from .places import CERTIFICATES, digest

# What streams have as Content-Type. Text without a Content-Length is a stream too.
STREAMS = (
    "text/event-stream",
    "application/(x-)?ndjson",
    "application/(x-)?json(l|lines)",
    "application/json-seq",
    "application/stream[+]json",
)
# Claims of a reader that an edge passes on as they are. An ALB sets X-Forwarded-Port itself.
CLAIMS = ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix")
# Directives that belong together. The role sets all of them, or none.
OWN_DIRECTIVES = (
    "keepalive_timeout",
    "real_ip_header",
    "real_ip_recursive",
    "set_real_ip_from",
    "ssl_client_certificate",
    "ssl_verify_client",
)


class Kind(NamedTuple):
    """An edge. Times are in seconds.

    ``silence``: the edge cuts a stream that is silent for so long. ``keeps``: it uses a connection
    to the host again after so long, None for ``silence``.
    """

    shown: str
    real_ip_header: str
    sets: tuple[str, ...]  # which of CLAIMS it sets itself
    silence: int
    keeps: int | None


KINDS = {
    # Cloudflare sets CF-Connecting-IP itself, but adds to the X-Forwarded-For of a reader.
    "cloudflare": Kind("Cloudflare", "CF-Connecting-IP", (), 120, 900),
    "alb": Kind("The load balancer", "X-Forwarded-For", ("X-Forwarded-Port",), 60, None),
}
_ANSWER = "$upstream_http_content_type|$upstream_http_content_length"
MARGIN = 15  # seconds by which the host keeps a connection longer than the edge


class Edge(NamedTuple):
    """What the site has because of its edge; all is empty without one.

    The file ``networks`` has the edge's addresses for a `geo` block. ``brought`` are the files that
    a host begins with, path to text. ``ca`` is the file with the authority of the edge's
    certificate; ``ca_text`` is what the role writes to it, '' if it is the user's. ``maps`` are
    blocks of the site's file, ``real_ip`` lines of the app's server, ``gate`` lines of all its
    servers, ``certified`` lines of its server with TLS.
    """

    trusts: bool = False  # believes what an edge, or a proxy of nginx_trusted_proxies, says
    networks: str = ""
    brought: Mapping[str, str] = {}
    ca: str = ""
    ca_text: str = ""
    maps: Sequence[str] = ()
    real_ip: Sequence[str] = ()
    gate: Sequence[str] = ()
    certified: Sequence[str] = ()
    stream_header: str = ""
    heartbeat: str = ""  # what the app must do, for people


def edge(given: Mapping[str, Any], identifier: str) -> Edge:
    """``given`` are the role's variables, their names without the prefix."""
    proxies = given["nginx_trusted_proxies"]
    kind = KINDS.get(given["edge"])
    if kind is None:
        real_ip = _real_ip(proxies, "X-Forwarded-For", chain=True)
        return Edge(trusts=trusts(given), maps=[], real_ip=real_ip, gate=[], certified=[])
    ca, ca_text = _authority(given)
    is_cloudflare = given["edge"] == "cloudflare"
    real_ip = _real_ip(proxies, kind.real_ip_header, chain=False)
    if is_cloudflare:
        real_ip.insert(0, f"include {networks.REAL_IP};")
    certified = [
        f"ssl_client_certificate {ca};",
        "ssl_verify_client optional;",  # the role itself has no certificate
        f"if ($uncertified_{identifier}) {{ return 403; }}",
    ]
    return Edge(
        trusts=trusts(given),
        networks=networks.NETWORKS if is_cloudflare else "",
        brought=networks.files(networks.read(cloudflare.NETWORKS)) if is_cloudflare else {},
        ca=ca,
        ca_text=ca_text,
        maps=_maps(identifier, certified=bool(ca)),
        real_ip=real_ip,
        gate=[
            f"keepalive_timeout {(kind.keeps or silence(given)) + MARGIN}s;",
            f"if ($outside_{identifier}) {{ return 403; }}",
        ],
        certified=certified if ca else [],
        stream_header=f"add_header Cache-Control $no_transform_{identifier} always;",
        heartbeat=_heartbeat(given, kind),
    )


def trusts(given: Mapping[str, Any]) -> bool:
    """Whether the site believes what an edge, or a proxy of nginx_trusted_proxies, says."""
    return given["edge"] in KINDS or bool(given["nginx_trusted_proxies"])


def silence(given: Mapping[str, Any]) -> int:
    """Seconds of silence after which the edge cuts a stream."""
    return int(given["edge_idle_timeout"] or KINDS[given["edge"]].silence)


def claims(given: Mapping[str, Any]) -> tuple[str, ...]:
    """The headers that the app must not get, as only a reader can have set them."""
    if given["edge"] in KINDS:
        return tuple(one for one in CLAIMS if one not in KINDS[given["edge"]].sets)
    return () if trusts(given) else CLAIMS


def _real_ip(proxies: list[str], header: str, *, chain: bool) -> list[str]:
    """``chain``: several proxies may have added an address each. An edge has added the last one."""
    lines = [f"set_real_ip_from {one};" for one in proxies]
    if not chain:
        return [*lines, f"real_ip_header {header};"]
    return [*lines, f"real_ip_header {header};", "real_ip_recursive on;"] if proxies else []


def _maps(identifier: str, *, certified: bool) -> list[str]:
    """Requests from the host itself pass: the role asks there."""
    kinds = "|".join(STREAMS)
    found = [
        _block(
            f"geo $realip_remote_addr $local_{identifier}",
            "default 0;",
            "127.0.0.0/8 1;",
            "::1 1;",
        ),
        _block(
            f"map $local_{identifier}$trusted_{identifier} $outside_{identifier}",
            "default 0;",
            "00 1;",
        ),
        _block(
            f'map "{_ANSWER}" $streams_{identifier}',
            "default 0;",
            f'"~*^({kinds})[ ;|]" 1;',
            '"~*^text/plain([ ;][^|]*)?[|]$" 1;',
        ),
        # An answer that has it, or is no stream, gets no header.
        _block(
            f'map "$streams_{identifier}:$upstream_http_cache_control" $no_transform_{identifier}',
            "default '';",
            "\"~*^1:.*no-transform\" '';",
            '"~^1:" no-transform;',
        ),
    ]
    if certified:
        name = f"$uncertified_{identifier}"
        block = (f"map $local_{identifier}$ssl_client_verify {name}", "default 1;", '"~^1" 0;')
        found.append(_block(*block, "0SUCCESS 0;"))
    return found


def _block(head: str, *lines: str) -> str:
    return "\n".join([f"{head} {{", *(f"    {line}" for line in lines), "}"])


def _authority(given: Mapping[str, Any]) -> tuple[str, str]:
    """The file of the authority, and its text if the role writes it."""
    authority = (given.get("edge_client_ca") or "").strip()
    if "-----BEGIN" not in authority:
        return authority, ""
    return f"{CERTIFICATES}/{given['name']}-edge-{digest(authority)}.pem", f"{authority}\n"


def _heartbeat(given: Mapping[str, Any], kind: Kind) -> str:
    own = [location.get("proxy_read_timeout") for location in given["nginx_locations"]]
    read = [one or given["nginx_proxy_read_timeout"] for one in own]
    who, seconds = kind.shown, silence(given)
    if min(read) < seconds:
        who, seconds = "Nginx (proxy_read_timeout)", min(read)
    return (
        f"{who} cuts a stream that is silent for {seconds} s. When the app has nothing to say, it "
        "must send a heartbeat more often than that."
    )
