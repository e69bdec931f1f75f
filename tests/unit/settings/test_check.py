"""Names, types and choices, as the role's argument_specs has them; and the check as a whole."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from plugins.module_utils.settings.check import check
from tests.unit.settings.values import (
    LEAVE_OUT,
    MINIMAL,
    ROLE,
    SPEC,
    Row,
    assert_one_sentence,
    locations,
    variables,
)

UNFIT: list[Row] = [
    # names
    ("unknown name", {"worker": 3}, ("_worker is unknown", "streaming_api_gunicorn_workers")),
    ("unknown name, far", {"port": 80}, ("_port is unknown", "streaming_api_nginx_http_port")),
    ("unknown, no value shown", {"secret": {"A": 1}}, ("_secret is unknown", "_api_secrets.")),
    ("no program", {"workers": 1}, ("_workers is unknown", "_gunicorn_workers.")),
    ("name missing", {"name": LEAVE_OUT}, ("_name is missing", "lower-case")),
    ("app missing", {"app": LEAVE_OUT}, ("_app is missing", "module:attribute")),
    # types
    (
        "word for an int",
        {"gunicorn_workers": "many"},
        ("_workers is 'many'", "a whole number, 0 or more"),
    ),
    (
        "bool for an int",
        {"gunicorn_workers": True},
        ("_workers is true", "a whole number, 0 or more"),
    ),
    ("float for an int", {"keep_releases": 2.5}, ("_keep_releases is 2.5", "1 or more")),
    ("null for an int", {"nginx_http_port": None}, ("_http_port is null", "1 to 65535")),
    ("list for an int", {"streams": [1]}, ("_streams is [1]", "0 to 65535")),
    ("list for a str", {"app": ["main:app"]}, ("_app is ['main:app']", "module:attribute")),
    (
        "dict for a str",
        {"nginx_server_extra": {"a": 1}},
        ("_server_extra is {'a': 1}", "whole dir"),
    ),
    ("number for a version", {"python": 3.1}, ("_python is 3.1", "'3.13', in quotes")),
    ("list for a path", {"source": ["a"]}, ("_source is ['a']", "directory")),
    ("word for a bool", {"nginx_gzip": "maybe"}, ("_gzip is 'maybe'", "true or false")),
    ("number for a bool", {"nginx_http2": 2}, ("_http2 is 2", "true or false")),
    (
        "str for a list",
        {"nginx_server_names": "a.b"},
        ("_names is 'a.b'", "a list, each item a host"),
    ),
    ("dict for a list", {"files": ["a"]}, ("_files is ['a']", "a mapping")),
    ("str for a dict", {"environment": "A=1"}, ("_environment is 'A=1'", "a mapping")),
    ("item of a list", {"nginx_server_names": [["a"]]}, ("_names[0] is ['a']", "host name")),
    ("list of no dicts", {"nginx_locations": ["/"]}, ("_locations[0] is '/'", "a mapping")),
    ("secrets as text", {"secrets": "***"}, ("_secrets is ***", "a mapping")),
    ("truth in a letter", {"nginx_gzip": "y"}, ("_gzip is 'y'", "true or false")),
    # choices
    ("choice", {"tls": "yes"}, ("_tls is 'yes'", "none, self_signed, provided or acme")),
    ("no such choice", {"when_max_draining": "wait"}, ("is 'wait'", "refuse or end_oldest")),
    # in a location
    (
        "location without path",
        {"nginx_locations": [{}]},
        ("_locations[0].path is missing", "/api/"),
    ),
    (
        "location's option",
        locations({"path": "/a", "gizp": True}),
        ("_locations[1].gizp is unknown", "streaming_api_nginx_locations[1].gzip"),
    ),
    ("type in a location", locations(gzip="maybe"), ("_locations[0].gzip is 'maybe'", "true or")),
    ("null in a location", locations(gzip=None), ("_locations[0].gzip is null", "true or")),
]


@pytest.mark.parametrize(("changes", "words"), [pytest.param(*row[1:], id=row[0]) for row in UNFIT])
def test_what_the_spec_does_not_allow_is_one_sentence(
    changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    assert_one_sentence(changes, words)


def test_text_from_the_command_line_is_converted() -> None:
    given = variables({"gunicorn_workers": "3", "nginx_http2": "false"} | locations(gzip="on"))
    settled = check(given, SPEC).settings
    assert (settled["streaming_api_gunicorn_workers"], settled["streaming_api_nginx_http2"]) == (
        3,
        False,
    )
    assert settled["streaming_api_nginx_locations"] == [{"path": "/", "gzip": True} | NOT_GIVEN]


NOT_GIVEN = dict.fromkeys(
    name
    for name in SPEC["streaming_api_nginx_locations"]["options"]
    if name not in ("path", "gzip")
)


@pytest.mark.parametrize("name", [name for name, option in SPEC.items() if "default" in option])
def test_each_default_is_valid(name: str) -> None:
    default = SPEC[name]["default"]
    value = "chat" if default == "{{ streaming_api_name }}" else default
    assert check(MINIMAL | {name: value}, SPEC).problems == []


def test_the_defaults_are_those_of_the_spec() -> None:
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    assert defaults == {
        name: option["default"] for name, option in SPEC.items() if "default" in option
    }


def test_several_problems_are_all_told_and_none_twice() -> None:
    changes = {
        "gunicorn_workers": "many",
        "nginx_http_port": 0,
        "tls": "self_signed",
        "nginx_https_port": 0,
    }
    problems = check(variables(changes), SPEC).problems
    assert [problem.partition(" is ")[0] for problem in problems] == [
        "streaming_api_gunicorn_workers",
        "streaming_api_nginx_http_port",
        "streaming_api_nginx_https_port",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("secrets", {"A": ["hunter2"]}),
        ("secrets", {"A=hunter2": "x"}),
        ("secrets", ["A=hunter2"]),
        ("secrets", {"GUNICORN_CMD_ARGS": "hunter2"}),
        ("build_environment", {"A": {"b": "hunter2"}}),
        ("build_environment", "hunter2"),
        ("tls_key", "hunter2"),
        ("tls_key", ["hunter2"]),
    ],
)
def test_a_secret_is_in_no_sentence(name: str, value: object) -> None:
    problems = check(variables({name: value}), SPEC).problems
    assert problems
    assert "hunter2" not in "".join(problems)
