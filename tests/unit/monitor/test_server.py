"""What the monitor answers, over real HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from plugins.module_utils.monitor import server
from plugins.module_utils.monitor.server import Server, Site


def page(app: str) -> str:
    if app == "broken":
        raise ValueError("a bug")
    return f"<h1>{app}</h1>"


SITE = Site(
    lambda accept: (f"up 1 {accept}".encode(), "text/plain"),
    lambda: {"apps": []},
    page,
    {"chat": "s3same", "other": "", "broken": "s3same"},
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Server("127.0.0.1:0", SITE) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one.server_address[1]
        one.shutdown()


def get(
    port: int, path: str, method: str = "GET", **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    found = (answer.status, answer.read().decode(), dict(answer.getheaders()))
    connection.close()
    return found


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def test_metrics_in_the_format_that_is_asked_for(port: int) -> None:
    assert get(port, "/metrics", Accept="some/thing")[:2] == (200, "up 1 some/thing")


def test_verdicts(port: int) -> None:
    status, body, headers = get(port, "/verdicts.json?x=1")
    assert (status, json.loads(body)) == (200, {"apps": []})
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "authorization",
    ["Bearer s3same", "bearer s3same", basic("", "s3same"), basic("me", "s3same")],
)
def test_the_page_with_the_token(port: int, authorization: str) -> None:
    status, body, headers = get(port, "/status/chat", Authorization=authorization)
    assert (status, body) == (200, "<h1>chat</h1>")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "s3same",
        "Basic !!!",
        "Basic /w==",
        basic("s3same", ""),
    ],
)
def test_the_page_without_the_token(port: int, authorization: str) -> None:
    status, body, headers = get(port, "/status/chat", Authorization=authorization)
    assert status == 401
    assert headers["WWW-Authenticate"].startswith("Basic realm=")
    assert "chat" not in body


@pytest.mark.parametrize(
    "path", ["/", "/status/", "/status/other", "/status/none", "/status/../chat", "/metrics/"]
)
def test_nothing_else_is_there(port: int, path: str) -> None:
    """An app without a token has no page: an empty password must not open it."""
    assert get(port, path, Authorization=basic("", ""))[0] == 404


def test_other_methods_are_refused(port: int) -> None:
    assert get(port, "/metrics", "POST")[0] == 501
    assert get(port, "/metrics", "HEAD")[:2] == (200, "")


def test_a_bug_in_a_page_ends_one_request_only(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        get(port, "/status/broken", Authorization="Bearer s3same")
    assert get(port, "/metrics")[0] == 200
    assert "a bug" in capsys.readouterr().err


def test_silent_clients_do_not_keep_others_out(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.Handler, "timeout", 0.5)
    silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(server.MOST)]
    assert get(port, "/metrics")[0] == 200
    for one in silent:
        one.close()


def test_an_address_of_ipv6() -> None:
    with Server("[::1]:0", SITE) as one:
        assert one.server_address[0] == "::1"
