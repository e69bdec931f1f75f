# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks of what is in front of the host, and of what must not be at the host."""

from __future__ import annotations

from typing import Any, Iterable, Iterator, Mapping

from ..deploy.directives import Directive, directives
from ..deploy.edge import OWN_DIRECTIVES
from .words import sentence

EXTRA = "streaming_api_nginx_server_extra"
PROXIES = "streaming_api_nginx_trusted_proxies"


def combination(
    edge: str, proxies: list[str], tls: str, authority: str | None, idle: int
) -> Iterator[str]:
    if edge == "alb" and not proxies:
        yield (
            f"streaming_api_edge is 'alb' and {PROXIES} is empty; allowed is the list of the load "
            "balancer's subnets, since AWS publishes no addresses of load balancers."
        )
    if edge == "cloudflare" and proxies:
        yield (
            f"{PROXIES} is given beside streaming_api_edge 'cloudflare'; allowed is an empty list, "
            "since the role knows Cloudflare's addresses."
        )
    if authority and edge != "cloudflare":
        given = "'cloudflare', since streaming_api_edge_client_ca is given"
        yield sentence("streaming_api_edge", edge, given)
    elif authority and tls == "none":
        given = "any other value, since streaming_api_edge_client_ca is given and needs TLS"
        yield sentence("streaming_api_tls", tls, given)
    if idle and edge == "none":
        yield sentence("streaming_api_edge_idle_timeout", idle, "0 without a streaming_api_edge")


def health_checks(edge: str, names: list[str], refuses: bool) -> Iterator[str]:
    if edge == "alb" and names and refuses:
        yield (
            "streaming_api_nginx_refuse_unknown_names is true beside streaming_api_edge 'alb' and "
            "streaming_api_nginx_server_names; allowed is false, since the load balancer's health "
            "checks ask for an address and not for a name."
        )


def own_directives(edge: str, extra: str, locations: list[Mapping[str, Any]]) -> Iterator[str]:
    """Directives of the user that would undo a part of what belongs together."""
    texts = {EXTRA: extra}
    for index, location in enumerate(locations):
        texts[f"streaming_api_nginx_locations[{index}].extra"] = location.get("extra") or ""
    for label, text in texts.items():
        names = {one.name for one in _all(directives(text))}
        for name in OWN_DIRECTIVES if edge != "none" else ():
            if name in names:
                yield (
                    f"{label} has {name}; allowed is any other directive, since streaming_api_edge "
                    f"'{edge}' sets it."
                )


def http3(extra: str) -> Iterator[str]:
    for one in _all(directives(extra)):
        if one.name.startswith(("http3", "quic_")) or _listens_for_quic(one):
            yield (
                f"{EXTRA} has '{' '.join(one.words)}'; allowed is HTTP/1.1 and HTTP/2, since new "
                "HTTP/3 connections hang while Nginx's old workers finish their streams after a "
                "reload (https://github.com/nginx/nginx/issues/425). Offer HTTP/3 at the edge."
            )
            break


def _listens_for_quic(one: Directive) -> bool:
    return one.name == "listen" and "quic" in one.words


def _all(found: Iterable[Directive]) -> Iterator[Directive]:
    """The directives, and those in their blocks."""
    for one in found:
        yield one
        yield from _all(one.block or ())
