# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether this host can try a layer at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import ReaderError
from .curl import need

if TYPE_CHECKING:
    from .request import Request

LONGEST_PATH = 107  # bytes of a Unix socket's path


def problem_of(request: Request) -> str:
    """Why this host cannot try the request, or an empty text. That is no fault of the layer."""
    try:
        if not request.command:
            need(request.http)
    except ReaderError as error:
        return str(error).rstrip(".")
    path = request.unix_socket
    if len(os.fsencode(path)) > LONGEST_PATH:
        return f"the path of the socket is longer than {LONGEST_PATH} bytes: {path}"
    if path:
        try:
            allowed = Path(path).stat() and os.access(path, os.W_OK, effective_ids=True)
        except OSError as error:
            allowed = not isinstance(error, PermissionError)  # the reader explains other errors
        if not allowed:
            return f"no permission on the socket {path}"
    tls = urlsplit(request.url).scheme == "https"
    if tls and request.ca_path and not os.access(request.ca_path, os.R_OK):
        return f"cannot read the certificates in {request.ca_path}"
    return ""
