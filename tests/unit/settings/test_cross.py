"""Which values do not go together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.settings.values import (
    CERTIFICATE,
    LEAVE_OUT,
    Row,
    assert_one_sentence,
    locations,
    processes,
)

CLASHES: list[Row] = [
    # the app
    ("no origin", {"source": LEAVE_OUT}, ("None of", "exactly one of", "_git_url", "_package")),
    ("two origins", {"package": "gradio"}, ("_source is 'app'", "'gradio'", "exactly one of")),
    (
        "three origins",
        {"package": "gradio", "git_url": "https://a/b"},
        ("_source is 'app', streaming_api_git_url is 'https://a/b' and", "exactly one of"),
    ),
    ("version without url", {"git_version": "v1"}, ("_git_version is 'v1'", "beside str", "url")),
    (
        "secret in environment too",
        {"secrets": {"A": "***"}, "environment": {"A": "x"}},
        ("A is in streaming_api_environment and in streaming_api_secrets", "one of the two"),
    ),
    ("server by environment", {"environment": {"GUNICORN_CMD_ARGS": "-b x"}}, ("_ARGS is '-b x'",)),
    # releases
    (
        "welcome page and default",
        {"nginx_default_site": True},
        ("_nginx_default_site is true", "false"),
    ),
    ("user that builds", {"user": "chat-build"}, ("_user is 'chat-build'", "the one that builds")),
    # the path
    (
        "guest of itself",
        {"nginx_site_of": "chat", "nginx_path": "/chat/"},
        ("_nginx_site_of is 'chat'", "another app"),
    ),
    (
        "a regular expression below a path",
        {"nginx_path": "/chat/", **locations({"path": "~ ^/v1/"})},
        ("_locations[1].path is '~ ^/v1/'", "since streaming_api_nginx_path is '/chat/'"),
    ),
    (
        "health that the app cannot be asked for",
        {"nginx_path": "/chat/", "nginx_strip_path": False},
        ("_health_path is '/'", "begins with '/chat/'", "_strip_path is false"),
    ),
    (
        "a stream that the app cannot be asked for",
        {
            "nginx_path": "/chat/",
            "nginx_strip_path": False,
            "health_path": "/chat",
            "proof_paths": ["/chat/a?b=/", "/chats"],
        },
        ("_proof_paths[1] is '/chats'", "begins with '/chat/'"),
    ),
    (
        "a root path that nobody tells the app",
        {"nginx_path": "/chat/", "gunicorn_worker_class": "mine.Worker"},
        ("_root_path is 'auto'", "empty with", "'mine.Worker'"),
    ),
    (
        "a root path twice",
        {
            "nginx_path": "/chat/",
            "nginx_strip_path": False,
            "health_path": "/chat/",
            "root_path": "/chat",
        },
        ("_root_path is '/chat'", "Uvicorn puts it before"),
    ),
    ("root path of Gunicorn", {"gunicorn_settings": {"root_path": "/a"}}, ("'/a'", "_root_path")),
    # the edge
    (
        "a load balancer without its subnets",
        {"edge": "alb"},
        ("_edge is 'alb' and", "_trusted_proxies is empty", "subnets"),
    ),
    (
        "Cloudflare's addresses and more",
        {"edge": "cloudflare", "nginx_trusted_proxies": ["10.0.0.0/8"]},
        ("_trusted_proxies is given beside", "an empty list"),
    ),
    (
        "an authority without Cloudflare",
        {"edge_client_ca": "/ca.pem", "tls": "self_signed"},
        ("_edge is 'none'", "'cloudflare', since streaming_api_edge_client_ca"),
    ),
    (
        "an authority without TLS",
        {"edge": "cloudflare", "edge_client_ca": "/ca.pem"},
        ("_tls is 'none'", "since streaming_api_edge_client_ca"),
    ),
    (
        "health checks without a name",
        {
            "edge": "alb",
            "nginx_trusted_proxies": ["10.0.0.0/8"],
            "nginx_server_names": ["a.org"],
        },
        ("_refuse_unknown_names is true", "health checks"),
    ),
    ("silence of no edge", {"edge_idle_timeout": 60}, ("_idle_timeout is 60", "0 without")),
    (
        "addresses that anybody trusts",
        {"edge": "cloudflare", "nginx_server_extra": "set_real_ip_from 0.0.0.0/0;"},
        ("_server_extra has set_real_ip_from", "streaming_api_edge 'cloudflare' sets it"),
    ),
    (
        "a shorter keep-alive in a location",
        {
            "edge": "cloudflare",
            **locations(extra="if ($a) { b; } keepalive_timeout 5;"),
        },
        ("_locations[0].extra has keepalive_timeout", "'cloudflare' sets it"),
    ),
    (
        "HTTP/3",
        {"nginx_server_extra": "listen 443 quic reuseport;\nhttp3 on;"},
        ("has 'listen 443 quic reuseport'", "HTTP/3 connections hang", "at the edge"),
    ),
    ("HTTP/3 by its directive", {"nginx_server_extra": "http3 on;"}, ("has 'http3 on'", "hang")),
    # Gunicorn
    ("bind", {"gunicorn_settings": {"bind": ":1"}}, ("_settings.bind is ':1'", "a socket unit")),
    (
        "workers twice",
        {"gunicorn_settings": {"workers": 4}},
        ("_gunicorn_settings.workers is 4", "use streaming_api_gunicorn_workers."),
    ),
    (
        "graceful_timeout",
        {"gunicorn_settings": {"graceful_timeout": 30}},
        ("_gunicorn_settings.graceful_timeout is 30", "streaming_api_stop_timeout"),
    ),
    (
        "max_requests",
        {"gunicorn_settings": {"max_requests": 1000}},
        ("_gunicorn_settings.max_requests is 1000", "cuts its streams"),
    ),
    (
        "control socket",
        {"gunicorn_settings": {"control_socket": "/x"}},
        ("_gunicorn_settings.control_socket is '/x'", "sandbox"),
    ),
    # systemd
    (
        "directive of the role",
        {"service_settings": {"RuntimeDirectory": "chat"}},
        ("_service_settings.RuntimeDirectory is 'chat'", "the first one that ends removes it"),
    ),
    (
        "time of the role",
        {"service_settings": {"TimeoutStopSec": 5}},
        ("_service_settings.TimeoutStopSec is 5", "streaming_api_stop_timeout"),
    ),
    # background processes
    (
        "the same process",
        processes({"name": "worker", "command": "x"}),
        ("_processes[1].name is 'worker'", "no other process has"),
    ),
    (
        "a switch that waits long",
        processes(single=True, stop_timeout=3600),
        ("_processes[0].stop_timeout is 3600", "at most 600 s for a single"),
    ),
    (
        "a directive of the role's",
        processes(settings={"KillMode": "none"}),
        ("_processes[0].settings.KillMode is 'none'", "must end with it"),
    ),
    # Nginx
    ("server name twice", {"nginx_server_names": ["a.b", "A.b"]}, ("_names[1] is 'A.b'", "once")),
    (
        "the same port",
        {"tls": "self_signed", "nginx_http_port": 8443, "nginx_https_port": "8443"},
        ("_https_port is 8443", "other than that of streaming_api_nginx_http_port"),
    ),
    (
        "certificate missing",
        {"tls": "provided", "tls_key": "path"},
        ("_tls_certificate is missing", "'provided'", "PEM text"),
    ),
    (
        "key missing",
        {"tls": "provided", "tls_certificate": "/etc/a.pem"},
        ("_tls_key is missing", "'provided'", "PEM text"),
    ),
    (
        "certificate without TLS",
        {"tls_certificate": "/etc/a.pem"},
        ("_tls is 'none'", "'provided'", "streaming_api_tls_certificate"),
    ),
    (
        "PEM and path",
        {"tls": "provided", "tls_certificate": CERTIFICATE, "tls_key": "path"},
        ("_tls_key is ***", "PEM text, as streaming_api_tls_certificate is"),
    ),
    (
        "a CA and no name",
        {"tls": "acme"},
        ("_server_names is []", "'acme'", "at least one host name"),
    ),
    (
        "a CA and many names",
        {"tls": "acme", "nginx_server_names": ["a.org", "*.a.org"]},
        ("_server_names[1] is '*.a.org'", "a whole host name"),
    ),
    ("location twice", locations({"path": "^~ /"}), ("_locations[1].path is '^~ /'", "no other")),
    # the monitor
    (
        "monitor without the probe",
        {"monitor": True, "probe": False, "proof": False},
        ("_monitor is true", "false", "_probe is false"),
    ),
    (
        "page without a monitor",
        {"status_page": True},
        ("_status_page is true", "false", "_monitor is false"),
    ),
    # the proof
    (
        "proof of nothing",
        {"probe": False},
        ("_proof is true", "false", "nothing could be measured"),
    ),
]


@pytest.mark.parametrize(
    ("changes", "words"), [pytest.param(*row[1:], id=row[0]) for row in CLASHES]
)
def test_values_that_do_not_go_together_are_one_sentence(
    changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    assert_one_sentence(changes, words)
