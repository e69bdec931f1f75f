"""Who has which name on which port, from Nginx's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.host.access import Answer, Host
from plugins.module_utils.host.sites import Listen, Server, servers
from tests.unit.host.made_host import write

MAIN = """
user www-data;
events { worker_connections 768; }
http {
    include mime.types;
    server { server_name inline; }
    include /etc/nginx/conf.d/*.conf;
    include sites-enabled/*;
}
stream { server { listen 443; } }
"""


def read(root: Path) -> list[Server]:
    return servers(Host(root, lambda _: Answer(1, "")))


def test_no_nginx(root: Path) -> None:
    assert read(root) == []


def test_the_files_in_the_order_of_nginx(root: Path) -> None:
    write(
        root,
        {
            "/etc/nginx/nginx.conf": MAIN,
            "/etc/nginx/sites-enabled/b": "server { listen 443 ssl; server_name B.example; }",
            "/etc/nginx/sites-enabled/a": "server { include snippets/a; }",
            "/etc/nginx/sites-enabled/.hidden": "server { }",
            "/etc/nginx/snippets/a": "listen 8080; server_name a.example www.a.example;",
            "/etc/nginx/conf.d/c.conf": "# server { }\nserver { listen 80; }",
            "/etc/nginx/conf.d/c.off": "server { listen 80; }",
        },
    )
    assert read(root) == [
        Server("/etc/nginx/nginx.conf", ("inline",), (Listen("*", 80, is_default=False),)),
        Server("/etc/nginx/conf.d/c.conf", ("",), (Listen("*", 80, is_default=False),)),
        Server(
            "/etc/nginx/sites-enabled/a",
            ("a.example", "www.a.example"),
            (Listen("*", 8080, is_default=False),),
        ),
        Server("/etc/nginx/sites-enabled/b", ("b.example",), (Listen("*", 443, is_default=False),)),
    ]


@pytest.mark.parametrize(
    ("listen", "found"),
    [
        ("80", Listen("*", 80, is_default=False)),
        ("*:80 default_server", Listen("*", 80, is_default=True)),
        ("0.0.0.0:80 default", Listen("*", 80, is_default=True)),
        ("[::]:443 ssl default_server", Listen("[::]", 443, is_default=True)),
        ("[::]", Listen("[::]", 80, is_default=False)),
        ("127.0.0.1:8080", Listen("127.0.0.1", 8080, is_default=False)),
        ("localhost", Listen("localhost", 80, is_default=False)),
        ("[2001:db8::1]:80", Listen("[2001:db8::1]", 80, is_default=False)),
        ("unix:/run/a.sock", None),
    ],
)
def test_listen(root: Path, listen: str, found: Listen | None) -> None:
    write(root, {"/etc/nginx/nginx.conf": f"http {{ server {{ listen {listen}; }} }}"})
    assert read(root)[0].listens == ((found,) if found else ())


def test_files_that_include_each_other_end(root: Path) -> None:
    write(
        root,
        {
            "/etc/nginx/nginx.conf": "http { include conf.d/*; }",
            "/etc/nginx/conf.d/a": "include conf.d/*; server { server_name a; }",
        },
    )
    assert {server.names for server in read(root)} == {("a",)}
