"""The lines of Nginx's main file."""

from __future__ import annotations

import pytest

from plugins.module_utils.act.nginx import with_lines
from tests.unit.deploy.made_app import described

STOCK = """\
user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
include /etc/nginx/modules-enabled/*.conf;

events {
	worker_connections 768;
	# multi_accept on;
}

http {
	sendfile on;
	types_hash_max_size 2048;
	# server_tokens off;

	# server_names_hash_bucket_size 64;
	# server_name_in_redirect off;

	include /etc/nginx/mime.types;
}
"""
OURS = described().nginx_lines


def test_debians_own_file() -> None:
    found = with_lines(STOCK, OURS)
    assert found == (
        STOCK.replace("\tworker_connections 768;", "    worker_connections 8192;")
        .replace("\t# server_names_hash_bucket_size 64;", "    server_names_hash_bucket_size 128;")
        .replace("events {", "worker_rlimit_nofile 16384;\nevents {")
    )
    assert with_lines(found, OURS) == found


CONNECTIONS = [{"line": "worker_connections 9;", "block": "events"}]
PROCESSES = [{"line": "worker_processes 2;", "block": ""}]


@pytest.mark.parametrize(
    ("text", "lines", "after"),
    [
        # the last one with this directive
        ("worker_processes 1;\n", PROCESSES, "worker_processes 2;\n"),
        ("#worker_processes 1;\nworker_processes 3;\n", PROCESSES, "#worker_processes 1;\nworker_processes 2;\n"),
        ("# worker_processes 1;\n", PROCESSES, "worker_processes 2;\n"),
        # none
        ("user a;\nevents {\n}\n", PROCESSES, "user a;\nworker_processes 2;\nevents {\n}\n"),
        ("events {\n}\n", CONNECTIONS, "events {\n    worker_connections 9;\n}\n"),
        ("user a;\n", PROCESSES, "user a;\nworker_processes 2;\n"),
        # other directives that begin so
        ("worker_processes_x 1;\nevents {\n}\n", PROCESSES, "worker_processes_x 1;\nworker_processes 2;\nevents {\n}\n"),
        # however it is indented
        ("events {\n\tworker_connections 9;\n}\n", CONNECTIONS, "events {\n\tworker_connections 9;\n}\n"),
        ("worker_processes 2;", [], "worker_processes 2;\n"),
    ],
)  # fmt: skip
def test_lines(text: str, lines: list[dict[str, str]], after: str) -> None:
    assert with_lines(text, lines) == after
    assert with_lines(after, lines) == after
