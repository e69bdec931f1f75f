# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cause is.

A layer has a cause if it shows all signs that the cause ``needs`` and none that it ``excludes``.
Signs in ``supports`` move the cause up in the list. A ``risk`` is harmless now.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

Names = Tuple[str, ...]  # of signs

NGINX = "https://nginx.org/en/docs/http/"
PROXY = NGINX + "ngx_http_proxy_module.html#"
CORE = NGINX + "ngx_http_core_module.html#"
GUNICORN = "https://gunicorn.org/reference/settings/"
SYSTEMD = "https://www.freedesktop.org/software/systemd/man/latest/"


class Cause(NamedTuple):
    """Why a stream does not stream, where, and what to do. The names are those of signs."""

    id: str
    layer: str  # a hop, or empty for any
    title: str
    remedy: str
    link: str
    needs: Names
    excludes: Names = ()
    supports: Names = ()
    risk: bool = False
