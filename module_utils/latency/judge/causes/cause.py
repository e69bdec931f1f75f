# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cause is."""

from __future__ import annotations

from typing import NamedTuple, Tuple

Names = Tuple[str, ...]
NGINX = "https://nginx.org/en/docs/http/"
PROXY = NGINX + "ngx_http_proxy_module.html#"
CORE = NGINX + "ngx_http_core_module.html#"
GUNICORN = "https://gunicorn.org/reference/settings/"
SYSTEMD = "https://www.freedesktop.org/software/systemd/man/latest/"


class Cause(NamedTuple):
    """Why a stream does not stream: where, what its reader sees, how it is told from others, and
    what to do about it.
    """

    id: str
    layer: str  # app, gunicorn, systemd, nginx, edge, client; empty: any
    title: str
    remedy: str
    link: str
    needs: Names
    excludes: Names = ()
    supports: Names = ()
    risk: bool = False
