"""Apps in the site of another app: nginx itself says which app gets which request."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from plugins.module_utils.deploy import full
from plugins.module_utils.deploy.places import GUESTS
from tests.templates import serving
from tests.templates.conftest import ID, Render
from tests.templates.serving import Handler, free_port

SITE, GUEST, ZONES = "site.conf.j2", "guest.conf.j2", "zones.conf.j2"
WEB = {"nginx_locations": [{"path": "/"}, {"path": "~ [.]php$"}]}
CHAT = {"nginx_path": "/chat/", "nginx_locations": [{"path": "/"}, {"path": "= /events"}]}
MCP = {"nginx_path": "/mcp/", "nginx_strip_path": False, "health_path": "/mcp"}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    seen: dict[str, Any]  # what the app has seen


class App(Handler):
    """Says what it sees. `/wait` answers when `go` is set."""

    go = threading.Event()
    waiting = threading.Semaphore(0)

    def answer(self) -> None:
        if "/wait" in self.path:
            self.waiting.release()
            self.go.wait(10)
        name = Path(self.server.server_address).parent.name  # type: ignore[arg-type]
        seen = {"app": name, "path": self.path, "prefix": self.headers["X-Forwarded-Prefix"]}
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Rig:
    """nginx with the sites of some apps, and the apps."""

    def __init__(self, render: Render, root: Path) -> None:
        self._render, self._root = render, root
        self._running = contextlib.ExitStack()
        self.port = free_port()

    def app(self, name: str, streams: int = 100, site_of: str = "", **given: Any) -> None:
        """Write what the role would write."""
        own = {f"streaming_api_{key}": value for key, value in given.items()}
        own |= {"streaming_api_name": name, "streaming_api_nginx_http_port": self.port}
        own["streaming_api_nginx_site_of"] = site_of
        extra = own.get("streaming_api_nginx_server_extra", "")
        plan: dict[str, Any] = {
            "ipv6": False,
            "traffic": f"{self._root}/{name}/{ID}.sock",
            "full_lines": full.server_lines(extra, name, streams),
        }
        (self._root / name).mkdir()
        files = {f"{name}.site": SITE}
        if site_of:
            files[f"guests/{site_of}/{name}.conf"] = GUEST
            files[f"guests/{site_of}/{name}.zones"] = ZONES
        for path, template in files.items():
            file = self._root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            text = self._render(template, plan, **own)
            file.write_text(text.replace(GUESTS, str(self._root / "guests")))
        self._running.enter_context(serving.app(plan["traffic"], App))

    def start(self) -> None:
        sites = f"include {self._root}/*.site;"
        self._running.enter_context(serving.nginx(self._root, self.port, sites))

    def stop(self) -> None:
        self._running.close()

    def get(self, path: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        seen = json.loads(text) if text.startswith("{") else {}
        connection.close()
        return Answer(answer.status, dict(answer.getheaders()), seen)


@pytest.fixture
def running(render: Render, tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    """Start nginx with these apps; web has the site."""
    rig = Rig(render, tmp_path)

    def run(**apps: dict[str, Any]) -> Rig:
        for name, given in apps.items():
            rig.app(name, **given)
        rig.start()
        return rig

    App.go.clear()
    yield run
    App.go.set()
    rig.stop()


def guest(**given: Any) -> dict[str, Any]:
    return {"site_of": "web", **given}


@pytest.mark.parametrize("order", [["web", "chat", "mcp"], ["aweb", "chat", "mcp"]])
def test_who_gets_what(running: Callable[..., Rig], order: list[str]) -> None:
    """Whatever the order of the files."""
    web = order[0]
    rig = running(**{web: WEB, "chat": {**CHAT, "site_of": web}, "mcp": {**MCP, "site_of": web}})
    for path, app, seen, prefix in (
        ("/", web, "/", None),
        ("/x.php", web, "/x.php", None),
        ("/chatter", web, "/chatter", None),
        ("/mcps", web, "/mcps", None),
        ("/chat/", "chat", "/", "/chat"),
        ("/chat/a?b=/chat/", "chat", "/a?b=/chat/", "/chat"),
        ("/chat/events", "chat", "/events", "/chat"),
        ("/chat/x.php", "chat", "/x.php", "/chat"),  # not by the expression of web
        ("/chat/chat/", "chat", "/chat/", "/chat"),
        ("/chat/a%20b", "chat", "/a%20b", "/chat"),
        (
            "/chat/a//b%2Fc",
            "chat",
            "/a/b/c",
            "/chat",
        ),  # Nginx passes on the path that it has understood
        ("/mcp", "mcp", "/mcp", None),
        ("/mcp/", "mcp", "/mcp/", None),
        ("/mcp/a//b%2Fc", "mcp", "/mcp/a//b%2Fc", None),  # untouched
        ("/mcp/x.php", "mcp", "/mcp/x.php", None),
    ):
        answer = rig.get(path)
        assert (answer.status, answer.seen) == (200, {"app": app, "path": seen, "prefix": prefix})
    redirect = rig.get("/chat?a=b")
    assert (redirect.status, redirect.headers["Location"]) == (308, "/chat/?a=b")


def test_no_app_at_the_top(running: Callable[..., Rig]) -> None:
    rig = running(web={"nginx_path": "/web/"}, chat=guest(**CHAT))
    assert rig.get("/web/a").seen["path"] == "/a"
    assert rig.get("/chat/a").seen["path"] == "/a"
    assert [rig.get(path).status for path in ("/", "/index.html", "/x/")] == [404, 404, 404]


def test_an_app_at_the_top_is_a_guest(running: Callable[..., Rig]) -> None:
    rig = running(web={"nginx_path": "/web/"}, chat=guest(nginx_locations=WEB["nginx_locations"]))
    found = {path: rig.get(path).seen["app"] for path in ("/", "/x.php", "/web/x.php")}
    assert found == {"/": "chat", "/x.php": "chat", "/web/x.php": "web"}


@pytest.mark.parametrize(("is_full", "other"), [("/chat", ""), ("", "/chat")])
def test_each_app_has_its_own_number_of_streams(
    running: Callable[..., Rig], is_full: str, other: str
) -> None:
    rig = running(web={**WEB, "streams": 1}, chat=guest(**CHAT, streams=1))
    with ThreadPoolExecutor() as pool:
        streams = pool.submit(rig.get, f"{is_full}/wait")
        assert App.waiting.acquire(timeout=10)
        refused, fine = rig.get(f"{is_full}/x"), rig.get(f"{other}/x")
        App.go.set()
        assert streams.result().status == 200
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert fine.status == 200


@pytest.mark.parametrize(("web", "chat"), [(0, 1), (1, 0)])
def test_each_app_has_its_own_limit_of_requests(
    running: Callable[..., Rig], web: int, chat: int
) -> None:
    limits = [
        {"nginx_limit_requests": rate, "nginx_limit_requests_burst": 0} for rate in (web, chat)
    ]
    rig = running(web={**WEB, **limits[0]}, chat=guest(**CHAT, **limits[1]))
    for path, limited in (("/a", web), ("/chat/a", chat)):
        found = {rig.get(path).status for _ in range(6)}
        assert found == ({200, 429} if limited else {200})


def test_who_is_let_in_is_the_apps_own(running: Callable[..., Rig]) -> None:
    rig = running(
        web=WEB,
        chat=guest(**CHAT, nginx_server_extra="deny all;"),
        mcp=guest(**MCP, nginx_server_extra="deny all;"),
        open=guest(nginx_path="/open/"),
    )
    paths = ("/", "/chat/", "/chat/events", "/mcp", "/mcp/", "/open/")
    assert [rig.get(path).status for path in paths] == [200, 403, 403, 403, 403, 200]


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_nginx_reads_a_guest_with_everything(
    render: Render,
    nginx_reads: Callable[..., None],
    certificate: dict[str, str],
    tmp_path: Path,
    tls: bool,
) -> None:
    both = {
        "streaming_api_tls_hsts": 9,
        "streaming_api_edge": "alb",
        "streaming_api_nginx_trusted_proxies": ["10.0.0.0/8"],
        **(certificate if tls else {}),
    }
    own = {
        "streaming_api_name": "chat",
        "streaming_api_nginx_site_of": "chat-app",
        "streaming_api_nginx_path": "/a/b/",
        "streaming_api_monitor": True,
        "streaming_api_status_page": True,
        "streaming_api_nginx_server_extra": "add_header A b;\nerror_page 404 /a/b/404;",
        "streaming_api_nginx_locations": [
            {"path": "/", "extra": "add_header C d;"},
            {"path": "^~ /api/", "extra": "rewrite ^/a/b/api/(.*) /$1 break;"},
        ],
    }
    place = tmp_path / "guests/chat-app/chat.conf"
    place.parent.mkdir(parents=True)
    place.write_text(render(GUEST, **both, **own))
    place.with_suffix(".zones").write_text(render(ZONES, **both, **own))
    site = render(SITE, **both).replace(GUESTS, str(tmp_path / "guests"))
    assert str(tmp_path / "guests") in site
    nginx_reads(site, render(SITE, **both, **own))
    text = place.read_text()
    assert text.count('add_header Strict-Transport-Security "max-age=9" always;') == (
        3 if tls else 0
    )
    assert text.count("add_header Cache-Control $no_transform_chat always;") == 2
    assert "server {" not in render(SITE, **both, **own)
