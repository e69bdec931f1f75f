"""What the monitor watches, by the variables."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy.monitor import Monitor
from plugins.module_utils.monitor.wanted import Wanted
from tests.unit.deploy.made_app import described

PROBE = "/.stream-probe?count=30"


def watched(**changes: Any) -> Monitor:
    return described(**{"monitor": True, **changes}).monitor


def layers(found: Monitor) -> list[list[tuple[str, str]]]:
    ways = Wanted.of(found.config).ways
    return [[(layer["name"], layer["url"]) for layer in way.layers] for way in ways]


def test_without_a_monitor_only_the_files_to_remove_are_known() -> None:
    found = described().monitor
    assert (found.program, found.config, found.page, found.status_token) == ("", {}, "", "")
    assert found.config_file == "/etc/streaming_api/monitor/chat-app.json"
    assert found.drop_in == "/etc/systemd/system/streaming_api-monitor.service.d/chat-app.conf"


def test_the_probe_in_each_location() -> None:
    found = watched(nginx_locations=[{"path": "/"}, {"path": "= /exact"}, {"path": "^~ /api/"}])
    ways = Wanted.of(found.config).ways
    assert [way.path for way in ways] == ["/", "/api/"]
    assert layers(found) == [
        [("gunicorn", f"http://localhost{PROBE}"), ("nginx", f"http://localhost:80{PROBE}")],
        [("gunicorn", f"http://localhost{PROBE}"), ("nginx", f"http://localhost:80/api{PROBE}")],
    ]


@pytest.mark.parametrize(
    ("public", "seen"),
    [
        ("https://chat.example", [f"https://chat.example{PROBE}"]),
        ("https://chat.example/v1/", [f"https://chat.example/v1{PROBE}"]),
        ("http://chat.example", []),  # the token would travel in the clear
        ("", []),
    ],
)
def test_the_public_url(public: str, seen: list[str]) -> None:
    (way,) = layers(watched(public_url=public))
    assert [url for name, url in way if name == "public"] == seen


def test_an_app_at_a_path() -> None:
    public = "https://a.org/chat"
    found = watched(nginx_path="/chat/", nginx_site_of="web", public_url=public)
    assert [way.path for way in Wanted.of(found.config).ways] == ["/chat/"]
    (way,) = layers(found)
    assert [url for _, url in way] == [
        f"http://localhost{PROBE}",
        f"http://localhost:80/chat{PROBE}",
        f"{public}{PROBE}",
    ]


@pytest.mark.parametrize(
    ("listen", "page"),
    [
        ("127.0.0.1:9797", "http://127.0.0.1:9797/status/chat-app"),
        ("0.0.0.0:9900", "http://127.0.0.1:9900/status/chat-app"),
        ("[::]:9797", "http://[::1]:9797/status/chat-app"),
        ("10.0.0.5:9797", "http://10.0.0.5:9797/status/chat-app"),
    ],
)
def test_where_nginx_finds_the_page(listen: str, page: str) -> None:
    found = watched(monitor_listen=listen, status_page=True)
    assert (found.page, found.status_token) == (page, "/etc/streaming_api/chat-app.status-token")
    assert watched(monitor_listen=listen).page == ""


def test_the_certificate_is_looked_at_where_nginx_shows_it() -> None:
    assert watched().config["certified"] is None
    found = watched(tls="self_signed", nginx_server_names=["chat.example"])
    assert found.config["certified"] == {"port": 443, "server_name": "chat.example"}


def test_its_packages_are_installed() -> None:
    packages = described(monitor=True).packages
    assert "python3-prometheus-client" in packages
    assert packages.count("python3-pycurl") == 1
    assert "python3-prometheus-client" not in described().packages
