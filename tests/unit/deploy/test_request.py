"""A release's socket is asked with the headers that Nginx will send."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.deploy.made_app import described

DEFAULTS = {
    "Host": "localhost",
    "X-Real-IP": "127.0.0.1",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Proto": "http",
}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, DEFAULTS),
        ({"nginx_server_names": ["a.org", "b.org"]}, {**DEFAULTS, "Host": "a.org"}),
        ({"tls": "self_signed"}, {**DEFAULTS, "X-Forwarded-Proto": "https"}),
        # what the proxy in front will say
        (
            {"nginx_trusted_proxies": ["10.0.0.0/8"], "public_url": "https://a.org"},
            {**DEFAULTS, "X-Forwarded-Proto": "https"},
        ),
        # not believed
        ({"public_url": "https://a.org"}, DEFAULTS),
        (
            {
                "nginx_proxy_headers": {
                    "host": "inner:80",
                    "X-Id": "$request_id",
                    "X-From": "for ${remote_addr}, $http_a",
                    "X-As": "by ${scheme}://$host",
                    "X-None": "",
                }
            },
            {"Host": "inner:80", "X-As": "by http://localhost"},
        ),
        (
            {"nginx_locations": [{"path": "/", "proxy_headers": {"Host": "$host"}}]},
            {"Host": "localhost"},
        ),
    ],
)
def test_headers(variables: dict[str, Any], expected: dict[str, str]) -> None:
    assert described(**variables).headers == expected
