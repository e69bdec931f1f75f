# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The catalogue: why a stream arrives late, in lumps or cut. Data only, a file for each place.

Causes of equal weight keep this order, so the order of the files matters.
"""

from __future__ import annotations

from . import anywhere, app, edge, gunicorn, nginx
from .cause import FRONT, Cause

CAUSES = (*app.CAUSES, *gunicorn.CAUSES, *nginx.CAUSES, *edge.CAUSES, *anywhere.CAUSES)

__all__ = ["CAUSES", "FRONT", "Cause"]
