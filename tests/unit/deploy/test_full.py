"""The limit of the whole app. What Nginx does with it, the scenario `edge` tests."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy import full

OURS = ["limit_conn streams_chat 9;", "error_page 429 @refused_chat;"]


@pytest.mark.parametrize(
    ("extra", "lines"),
    [
        ("", OURS),
        ("client_max_body_size 9m;", OURS),
        ("limit_conn_log_level warn;", OURS),
        ("limit_conn mine 5;", []),
    ],
)
def test_the_users_limits_replace_it(extra: str, lines: list[str]) -> None:
    assert full.server_lines(extra, "chat", 9) == lines


@pytest.mark.parametrize(
    ("extra", "replaces"),
    [("", False), ("error_page 404 /a;", True), ("# error_page 404 /a;", False), ("deny all;", False)],
)  # fmt: skip
def test_error_pages_of_a_location(extra: str, replaces: bool) -> None:
    assert full.replaces_error_pages(extra) is replaces
