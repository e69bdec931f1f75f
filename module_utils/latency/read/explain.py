# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a transfer failed, in plain words."""

from __future__ import annotations

import errno
import os
import re
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..timeline import TOO_LARGE

if TYPE_CHECKING:
    from .request import Request


def explain(request: Request, code: int, text: str, number: int) -> str:
    """Why a transfer failed. ``code`` and ``text`` are libcurl's, ``number`` is the errno."""
    parts = urlsplit(request.url)
    where = request.unix_socket or request.address or parts.netloc.rpartition("@")[2]
    tail = re.sub(r"^.*(certificate problem|verify result|verification failed): ", "", text)
    if code == 7 and request.unix_socket:
        return _socket_refused(request.unix_socket, number)
    if code == 7:
        why = os.strerror(number).lower() if number else text
        return f"no connection to {where}: {why}"
    if "peer certificate" in text:  # over QUIC
        code = 60
    elif text.startswith("Failed to connect"):  # over UDP it fails when it sends
        return f"no connection to {where}: {text.rpartition(': ')[2]}"
    words = {
        1: "the answer is not HTTP",
        6: f"cannot resolve the name {parts.hostname}",
        16: "the HTTP/2 connection failed",
        18: "the connection was closed in the middle of the body",
        28: f"no connection to {where} within {min(request.connect, request.patience):g} s",
        35: "TLS failed",
        52: "the connection was closed without an answer",
        60: "certificate verify failed",
        77: f"cannot read the certificates of {request.ca_path or 'the system'}",
        92: "the HTTP/2 stream was reset",
        100: TOO_LARGE,
    }
    if code in (18, 28, 52, 6, 100):
        return words[code]
    if code in (55, 56):
        reset = number == errno.ECONNRESET or "reset" in text.lower()
        return "the connection was reset" if reset else f"the connection failed: {text}"
    return f"{words.get(code, 'libcurl failed')}: {tail}"


def _socket_refused(path: str, number: int) -> str:
    """Why a Unix socket does not accept a connection."""
    if not number:
        number = _try_socket(path)
    return {
        errno.ENOENT: f"no such socket {path}",
        errno.EACCES: f"no permission on the socket {path}",
        errno.ECONNREFUSED: f"nobody listens on the socket {path}",
        errno.EAGAIN: f"the queue of the socket {path} is full",
        errno.ENOTSOCK: f"{path} is not a socket",
    }.get(number, f"no connection to the socket {path}: {os.strerror(number)}")


def _try_socket(path: str) -> int:
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.setblocking(False)
            return one.connect_ex(path)
    except OSError as error:
        return error.errno or 0
