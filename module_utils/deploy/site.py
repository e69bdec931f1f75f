# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Directives of the app's site that readers on the open internet meet: limits, TLS, headers."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from . import edge, paths
from .directives import directives

# A TLS 1.2 suite that no server of ours can use, as Nginx has no pre-shared keys.
_UNUSABLE = "PSK-AES256-GCM-SHA384"
# https://wiki.mozilla.org/Security/Server_Side_TLS, guidelines 5.7, without DHE: so nobody needs
# DH parameters. The second line of `modern` matters where the default server of the port, whose
# protocols Nginx takes before 1.27.5, has TLS 1.2.
PROFILES: dict[str, dict[str, str]] = {
    "intermediate": {
        "ssl_protocols": "TLSv1.2 TLSv1.3",
        "ssl_ciphers": (
            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
            "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
            "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
        ),
    },
    "modern": {"ssl_protocols": "TLSv1.3", "ssl_ciphers": _UNUSABLE},
}
_ALL_PROFILES = {
    "ssl_ecdh_curve": "X25519:prime256v1:secp384r1",
    "ssl_prefer_server_ciphers": "off",
    "ssl_session_cache": "shared:streaming_api:10m",
    "ssl_session_timeout": "1d",
    "ssl_session_tickets": "off",
    # Each connection that has written holds one; 16k by default.
    "ssl_buffer_size": "4k",
}
_STATUS = "429"  # Too Many Requests
# Nginx refuses some combinations of these, so they come from one hand.
BUFFERS = {"proxy_buffer_size", "proxy_buffers", "proxy_busy_buffers_size"}


def head_lines(given: Mapping[str, Any]) -> list[str]:
    """What Nginx needs before it knows which server is asked: also in the default server."""
    return _lines(_head(given))


def tls_lines(profile: str) -> list[str]:
    return _lines(_tls(profile))


def server_lines(given: Mapping[str, Any], identifier: str) -> list[str]:
    """The directives of the app's server. Those in ``nginx_server_extra`` replace ours."""
    own = {**_head(given), **_limits(given, identifier)}
    if given["nginx_path"] != paths.TOP:
        # What no location has is not found. Nginx would look into a directory of its own.
        own.update(root="/nonexistent", log_not_found="off")
    if given["tls"] != "none":
        own.update(_tls(given["tls_profile"]))
        if given["nginx_http2"]:
            own["http2_pool_size"] = "2k"  # of a connection; half of 4k is for nothing
    return _lines(_without_theirs(own, given))


def guest_lines(given: Mapping[str, Any], identifier: str, again: Sequence[str]) -> list[str]:
    """The directives of the app's place in the site of another app.

    Those in ``nginx_server_extra`` replace ours. ``again`` are the headers of the server, which a
    header of the user's in the place would replace.
    """
    own = _limits(given, identifier)
    # Without a limit in its place, the app would have that of the server.
    own.setdefault("limit_req", f"zone=unlimited_{identifier}")
    repeated = again if replaces_headers(given["nginx_server_extra"]) else []
    return [*_lines(_without_theirs(own, given)), *(line for line in repeated if line)]


def zone_lines(given: Mapping[str, Any], identifier: str) -> list[str]:
    """The shared memory of the limits: 10 MB know 160,000 addresses."""
    found = []
    if given["nginx_limit_connections"]:
        found.append(f"limit_conn_zone $binary_remote_addr zone=connections_{identifier}:10m;")
    rate = given["nginx_limit_requests"]
    if rate:
        zone = f"requests_{identifier}:10m"
        found.append(f"limit_req_zone $binary_remote_addr zone={zone} rate={rate}r/s;")
    elif given["nginx_site_of"]:
        # Nginx counts no request without a key. A zone cannot change its key, hence another name.
        found.append(f'limit_req_zone "" zone=unlimited_{identifier}:64k rate=1r/s;')
    return found


def hsts(given: Mapping[str, Any]) -> str:
    """The directive that keeps browsers to HTTPS; '' for none."""
    seconds = given["tls_hsts"]
    if not seconds or given["tls"] == "none":
        return ""
    return f'add_header Strict-Transport-Security "max-age={seconds}" always;'


def headers(given: Mapping[str, Any], own: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    """The headers that the app gets. Only trusted proxies tell where a request comes from."""
    known = {"$proxy_add_x_forwarded_for": "$remote_addr"}
    if edge.trusts(given):
        known["$scheme"] = f"$scheme_{identifier}"
    named = {name.lower() for name in own}
    ours = dict.fromkeys(edge.claims(given), "")
    if paths.stripped(given):
        ours["X-Forwarded-Prefix"] = paths.stripped(given)
    ours = {name: value for name, value in ours.items() if name.lower() not in named}
    return {**{name: known.get(value, value) for name, value in own.items()}, **ours}


def replaces_headers(directives_text: str) -> bool:
    """Whether a location with these directives no longer gets the server's `add_header`."""
    return any(one.name == "add_header" for one in directives(directives_text))


def _head(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        "server_tokens": "off",
        "client_header_timeout": f"{given['nginx_client_header_timeout']}s",
        "large_client_header_buffers": given["nginx_large_client_header_buffers"],
        # The request's memory grows in such steps; by 4k, half of the last one is for nothing.
        "request_pool_size": "2k",
    }


def _limits(given: Mapping[str, Any], identifier: str) -> dict[str, str]:
    """What a server may have, and a location too."""
    own = {
        "client_max_body_size": given["nginx_client_max_body_size"],
        "client_body_timeout": f"{given['nginx_client_body_timeout']}s",
        "send_timeout": f"{given['nginx_send_timeout']}s",
        # What a reader has not taken by then is dropped at once. The kernel would keep it.
        "reset_timedout_connection": "on",
    }
    if given["nginx_limit_connections"]:
        own["limit_conn"] = f"connections_{identifier} {given['nginx_limit_connections']}"
    own["limit_conn_status"] = _STATUS
    if given["nginx_limit_requests"]:
        burst = given["nginx_limit_requests_burst"]
        at_once = f" burst={burst} nodelay" if burst else ""
        own["limit_req"] = f"zone=requests_{identifier}{at_once}"
        own["limit_req_status"] = _STATUS
    size = given["nginx_proxy_buffer_size"]
    return {**own, "proxy_buffer_size": size, "proxy_buffers": f"8 {size}"}


def _without_theirs(own: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, str]:
    theirs = {one.name for one in directives(given["nginx_server_extra"])}
    if theirs & BUFFERS:
        theirs |= BUFFERS
    return {name: value for name, value in own.items() if name not in theirs}


def _tls(profile: str) -> dict[str, str]:
    return {**PROFILES[profile], **_ALL_PROFILES}


def _lines(found: Mapping[str, Any]) -> list[str]:
    return [f"{name} {value};" for name, value in found.items()]
