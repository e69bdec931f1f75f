"""Nginx's configuration is read as Nginx reads it."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy.directives import Directive, directives


def leaf(*words: str) -> Directive:
    return Directive(words)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("user www-data;", (leaf("user", "www-data"),)),
        ("# user a;\nuser b; # c;\n", (leaf("user", "b"),)),
        ("return 200 'a;{ b';", (leaf("return", "200", "a;{ b"),)),
        ('return 200 "a\\"}";', (leaf("return", "200", 'a\\"}'),)),
        ("set $a ${b}#c;", (leaf("set", "$a", "${b}#c"),)),
        ("location ~ a\\;b { deny all; }", (Directive(("location", "~", "a\\;b"), (leaf("deny", "all"),)),)),
        ("a { b { c; } d; }", (Directive(("a",), (Directive(("b",), (leaf("c"),)), leaf("d"))),)),
        ("a { b;", (Directive(("a",), (leaf("b"),)),)),
        ("a b", ()),
        ("return 200 'no end;", (leaf("return", "200", "'no", "end"),)),
        (";;}", ()),
    ],
)  # fmt: skip
def test_directives(text: str, found: tuple[Directive, ...]) -> None:
    assert directives(text) == found
