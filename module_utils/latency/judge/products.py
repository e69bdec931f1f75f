# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which product answers at a layer, by the headers of its answer.

Weak evidence: a proxy may pass on the headers of the server behind it, or hide its own. Nginx
replaces ``Server``, except with uwsgi_pass and fastcgi_pass. Caddy, Varnish, Squid, nghttpx and
Express add headers of their own. Apache, lighttpd and HAProxy pass everything on, as measured with
Debian's packages (docs/faults.md).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..timeline import Timeline

NGINX = "Nginx"
ANOTHER = "another proxy"  # not Nginx, but no header says its name


class Product(NamedTuple):
    """What answers, and the header that says so; both are empty if unknown."""

    name: str = ""
    evidence: str = ""

    def may_be(self, name: str) -> bool:
        """Whether it can be this product, for all that is known."""
        return self.name in ("", name)


# (product, header, pattern of its value); the outermost products come first.
_HEADERS = (
    ("Cloudflare", "cf-ray", ""),
    ("Cloudflare", "server", "^cloudflare"),
    ("CloudFront", "x-amz-cf-id", ""),
    ("Fly", "fly-request-id", ""),
    ("Vercel", "x-vercel-id", ""),
    ("AWS ALB", "server", "^awselb"),
    ("Varnish", "x-varnish", ""),
    ("Varnish", "via", "varnish"),
    ("Squid", "x-squid-error", ""),
    ("Squid", "via", "squid"),
    ("nghttpx", "server", "^nghttpx"),
    ("Caddy", "server", "^Caddy"),
    ("Caddy", "via", "Caddy"),
    ("Envoy", "server", "^envoy"),
    ("Next.js", "x-powered-by", "^Next"),
    ("Express", "x-powered-by", "^Express"),
    ("Apache", "server", "^Apache"),
    ("lighttpd", "server", "^lighttpd"),
    (NGINX, "server", "^(nginx|openresty|tengine|angie)"),
)
_OF_APPS = r"uvicorn|hypercorn|granian|daphne|BaseHTTP|Werkzeug|waitress|Python"
_OF_OTHERS = r"gunicorn|uWSGI|PHP"  # they may speak uwsgi or FastCGI; then Nginx keeps their name


def product_of(here: Timeline | None, before: Timeline | None) -> Product:
    """The product that answers here, if it is not the one that answers at the layer before."""
    if not here or not here.status:
        return Product()
    for name, header, pattern in _HEADERS:
        value = here.header(header)
        same = before is not None and _alike(before.header(header), value)
        if value and not same and re.search(pattern, value, re.IGNORECASE):
            return Product(name, f"{header}: {value}")
    server = here.header("server")
    by_http = _OF_APPS if before is None else f"{_OF_APPS}|{_OF_OTHERS}"
    new = before is not None and server and not _alike(server, before.header("server"))
    if new or re.match(by_http, server, re.IGNORECASE):
        return Product(ANOTHER, f"server: {server}, which Nginx would replace")
    return Product()


def _alike(one: str, other: str) -> bool:
    """Whether two values differ in nothing but numbers, as those of one product may."""
    return re.sub(r"\d+", "", one) == re.sub(r"\d+", "", other)
