# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a cause is.

A layer has a cause if it shows all signs that the cause ``needs`` and none that it ``excludes``.
Signs in ``supports`` move the cause up in the list. A ``risk`` is harmless now.

The layer of a cause is a hop of the stream, or ``FRONT``: any proxy, whichever layer it is at. A
remedy is in the words of a product if ``remedies`` has it.
"""

from __future__ import annotations

from typing import NamedTuple, Tuple

Names = Tuple[str, ...]  # of signs
FRONT = "front"  # any proxy: the host's own or one in front of it

NGINX = "https://nginx.org/en/docs/http/"
PROXY = NGINX + "ngx_http_proxy_module.html#"
CORE = NGINX + "ngx_http_core_module.html#"
GUNICORN = "https://gunicorn.org/reference/settings/"
SYSTEMD = "https://www.freedesktop.org/software/systemd/man/latest/"


class Cause(NamedTuple):
    """Why a stream does not stream, where, and what to do. The names are those of signs.

    ``remedies`` has pairs of a product and the remedy in its words. ``settle`` is the measurement
    that would make sure. A cause is ``plain`` if the answer itself says it, as a status does.
    """

    id: str
    layer: str  # a hop, FRONT, or empty for any
    title: str
    remedy: str
    link: str
    needs: Names
    excludes: Names = ()
    supports: Names = ()
    risk: bool = False
    remedies: tuple[tuple[str, str], ...] = ()
    settle: str = ""
    plain: bool = False

    def remedy_for(self, product: str) -> str:
        """The remedy in the words of this product, or in general."""
        return dict(self.remedies).get(product, self.remedy)
