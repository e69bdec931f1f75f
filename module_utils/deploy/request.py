# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the app gets from Nginx with a request of the host itself.

The role asks a release's socket with the same headers, so that the app answers as it will answer
through Nginx.
"""

from __future__ import annotations

import re
from typing import Mapping

HOST, READER = "Host", "127.0.0.1"
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


def headers(
    proxy_headers: Mapping[str, str], server_name: str, scheme: str, proxied_scheme: str
) -> dict[str, str]:
    """The headers of a location, with values in the place of Nginx's variables.

    A header is left out if it has no value, or one that only Nginx knows. ``proxied_scheme`` is
    what trusted proxies say.
    """
    known = {
        "host": server_name,
        "http_host": server_name,
        "server_name": server_name,
        "remote_addr": READER,
        "proxy_add_x_forwarded_for": READER,
        "scheme": scheme,
    }

    def value_of(variable: str) -> str | None:
        return proxied_scheme if variable.startswith("scheme_") else known.get(variable)

    found = {}
    for name, text in proxy_headers.items():
        values = [value_of(variable) for variable in _VARIABLE.findall(text)]
        if text and None not in values:
            found[HOST if name.lower() == "host" else name] = _VARIABLE.sub(
                lambda match: value_of(match[1]) or "", text
            )
    return found
