# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check with one HTTP request whether an app answers."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import time
from typing import Callable, Mapping, NamedTuple

HEALTHY = range(200, 500)
LOOKS = 0.5  # seconds between two looks at what may end the wait


class Question(NamedTuple):
    """A request as clients send it. ``path`` includes the query."""

    path: str
    host: str
    headers: Mapping[str, str] = {}


class Answer(NamedTuple):
    """``status`` is None without an answer. ``said`` describes the answer for people."""

    status: int | None
    said: str

    @property
    def healthy(self) -> bool:
        return self.status in HEALTHY


def on_unix_socket(
    path: str, question: Question, timeout: float, hopeless: Callable[[], bool] = lambda: False
) -> Answer:
    """Ask a socket. Give up before the timeout when ``hopeless`` says so."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    end.settimeout(timeout)
    try:
        end.connect(path)
    except OSError as error:
        end.close()
        return Answer(None, f"{path}: {error.strerror or error}")
    return _ask(end, question, hopeless)


def on_port(scheme: str, port: int, question: Question, timeout: float) -> Answer:
    """Ask 127.0.0.1. Do not check the certificate: the public name may still point elsewhere."""
    try:
        end = socket.create_connection(("127.0.0.1", port), timeout)
        if scheme == "https":
            end = _trusting().wrap_socket(end, server_hostname=question.host)
    except OSError as error:
        return Answer(None, f"port {port}: {error.strerror or error}")
    return _ask(end, question)


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _ask(
    end: socket.socket, question: Question, hopeless: Callable[[], bool] = lambda: False
) -> Answer:
    connection = http.client.HTTPConnection(question.host)
    connection.sock = end
    deadline = time.monotonic() + (end.gettimeout() or 0)
    try:
        connection.request("GET", question.path, headers={"Accept": "*/*", **question.headers})
        while time.monotonic() < deadline and not hopeless():
            if select.select([end], [], [], LOOKS)[0]:
                break
        else:
            raise socket.timeout
        answer = connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        what = "timed out" if isinstance(error, socket.timeout) else str(error)
        return Answer(None, f"{question.path}: {what or type(error).__name__}")
    finally:
        connection.close()
    return Answer(answer.status, f"{question.path} answers {answer.status} {answer.reason}")
