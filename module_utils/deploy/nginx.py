# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the Nginx of a host can do."""

from __future__ import annotations

from typing import Any, Mapping

HTTP2_DIRECTIVE = (1, 25, 1)  # `http2 on`; older versions want a parameter of `listen`
# The version that each distribution installs.
PACKAGED = {
    "12": "1.22.1",
    "13": "1.26.3",
    "22.04": "1.18.0",
    "24.04": "1.24.0",
    "26.04": "1.28.0",
}


def has_http2_directive(facts: Mapping[str, Any]) -> bool:
    """``facts`` come from ``stream_host``. Without Nginx, the distribution's package counts."""
    version = facts["nginx"]["version"] or PACKAGED[facts["distribution"]["version"]]
    return tuple(int(part) for part in version.split(".")) >= HTTP2_DIRECTIVE
