# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the Nginx of a host can do."""

from __future__ import annotations

from typing import Any, Mapping

HTTP2_DIRECTIVE = (1, 25, 1)  # `http2 on`; older versions want a parameter of `listen`
REJECTS_HANDSHAKES = (1, 19, 4)  # `ssl_reject_handshake`
RENEWS_CONNECTIONS = (1, 19, 10)  # `keepalive_time`
# How long Nginx keeps a connection to the app, and keeps it without a request. A connection that
# is kept leads to the release that had the traffic when it was opened. Opening one takes 50 us.
KEEPS, KEEPS_IDLE = 0.5, 0.2  # seconds
HTTPS_PORT = "streaming_api_nginx_https_port"
# The version that each distribution installs.
PACKAGED = {
    "12": "1.22.1",
    "13": "1.26.3",
    "22.04": "1.18.0",
    "24.04": "1.24.0",
    "26.04": "1.28.0",
}


def has_http2_directive(facts: Mapping[str, Any]) -> bool:
    """``facts`` come from ``stream_host``."""
    return _version(facts) >= HTTP2_DIRECTIVE


def keepalive_lines(facts: Mapping[str, Any]) -> list[str]:
    """Lines of the upstream with which Nginx soon follows the link to another release."""
    if _version(facts) < RENEWS_CONNECTIONS:
        return []
    return [
        f"keepalive_time {KEEPS * 1000:.0f}ms;",
        f"keepalive_timeout {KEEPS_IDLE * 1000:.0f}ms;",
    ]


def follows_link(site: str) -> bool:
    """Whether Nginx with this site needs no reload to send requests to another release."""
    return "keepalive_time " in site


def refusals(
    facts: Mapping[str, Any], ports: Mapping[str, int], *, wanted: bool
) -> list[dict[str, Any]]:
    """The servers that refuse unknown names: for each port of the app, HTTP first, the addresses
    that have no default server.

    Without addresses, the port needs no such server, and the one that an earlier deploy has left is
    removed.
    """
    found = []
    for variable, port in ports.items():
        tls = variable == HTTPS_PORT
        possible = wanted and (not tls or _version(facts) >= REJECTS_HANDSHAKES)
        addresses = facts["unclaimed"][variable] if possible else []
        found.append({"port": port, "tls": tls, "addresses": addresses})
    return found


def _version(facts: Mapping[str, Any]) -> tuple[int, ...]:
    """Of the host's Nginx. Without Nginx, the distribution's package counts."""
    version = facts["nginx"]["version"] or PACKAGED[facts["distribution"]["version"]]
    return tuple(int(part) for part in version.split("."))
