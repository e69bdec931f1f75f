"""Environment files, as systemd reads them."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.deploy import environment
from tests.unit.deploy.made_app import described


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("plain", 'KEY="plain"'),
        ("two words", 'KEY="two words"'),
        ('a"b\\c$d', 'KEY="a\\"b\\\\c$d"'),
        (7, 'KEY="7"'),
        ("{{ 1 }}", 'KEY="{{ 1 }}"'),
    ],
)
def test_the_environment_is_quoted(value: Any, line: str) -> None:
    assert environment.text({"KEY": value, "A": 1}).splitlines() == ['A="1"', line]


def test_the_environment_of_the_app() -> None:
    text = environment.of_the_app(described(), "/release", {"A": "b", "HOME": "/own"}, {"KEY": "x"})
    assert text.splitlines() == [
        "# secret: KEY",
        'A="b"',
        'HOME="/own"',
        'KEY="x"',
        'PATH="/release/venv/bin:/usr/local/bin:/usr/bin:/bin"',
        'PYTHONUNBUFFERED="1"',
    ]


def test_the_environment_of_the_build() -> None:
    lines = environment.of_the_build(described(), "/release", {"UV_INDEX": "i"}).splitlines()
    assert {
        'HOME="/srv/chat-app/cache"',
        'UV_INDEX="i"',
        'UV_PYTHON="/release/venv/bin/python"',
        'UV_PYTHON_INSTALL_DIR="/release/python"',
        'VIRTUAL_ENV="/release/venv"',
    } <= {*lines}


@pytest.mark.parametrize("value", ["plain", 'a "b" \\c $d', "two\nlines", "a\\\nb"])
def test_the_secrets_of_a_file_that_is_there(value: str) -> None:
    text = environment.of_the_app(described(), "/release", {"A": "b"}, {"KEY": value, "B": 1})
    assert environment.secrets_in(text) == ["1", value]
    assert environment.secrets_in('A="b"\n') == []  # of an older role
