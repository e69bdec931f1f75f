"""Bad and good values of the role's variables, and the module that checks them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from plugins.module_utils import app_source
from plugins.module_utils.settings.check import check
from plugins.module_utils.settings.cross import CROSS
from plugins.module_utils.settings.managed import MANAGED
from plugins.module_utils.settings.rules import RULES
from plugins.module_utils.settings.words import shown

ROOT = Path(__file__).parents[2]
ROLE = ROOT / "roles/streaming_api"
SPEC = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"][
    "options"
]
MINIMAL = {
    "streaming_api_name": "chat",
    "streaming_api_app": "main:app",
    "streaming_api_source": "app",
}
LEAVE_OUT = object()
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def variables(changes: dict[str, Any]) -> dict[str, Any]:
    """The minimal valid set with changes; names without their prefix."""
    values = MINIMAL | {f"streaming_api_{name}": value for name, value in changes.items()}
    return {name: value for name, value in values.items() if value is not LEAVE_OUT}


def locations(*more: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"nginx_locations": [{"path": "/", **options}, *more]}


# id, changes, what the one sentence must contain besides "streaming_api_"
BAD: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
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
    ("list for an int", {"gunicorn_backlog": [1]}, ("_backlog is [1]", "1 to 2147483647")),
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
    ("empty text", {"git_version": ""}, ("_git_version is ''", "a branch, a tag or a commit")),
    # choices
    ("choice", {"tls": "acme"}, ("_tls is 'acme'", "none, self_signed or provided")),
    # the app
    ("name in capitals", {"name": "Chat"}, ("_name is 'Chat'", "lower-case letters")),
    ("name with a dot", {"name": "chat.v2"}, ("_name is 'chat.v2'", "lower-case letters")),
    ("name with a newline", {"name": "chat\n"}, ("_name is 'chat\\n'", "lower-case letters")),
    ("name too long", {"name": "c" * 25}, ("_name is 'ccc", "1 to 24")),
    ("name of a unit", {"name": "nginx"}, ("_name is 'nginx'", "not the name of a system's")),
    ("name of a user", {"name": "www-data"}, ("_name is 'www-data'", "not the name of a sys")),
    ("name of systemd's", {"name": "systemd-x"}, ("_name is 'systemd-x'", "not systemd-")),
    ("name of a build user", {"name": "chat-build"}, ("_name is 'chat-build'", "not ...-build")),
    ("name of a drain", {"name": "chat-drain"}, ("_name is 'chat-drain'", "-drain or -deploy")),
    ("name of a lock", {"name": "chat-deploy"}, ("_name is 'chat-deploy'", "-drain or -deploy")),
    ("app without attribute", {"app": "main"}, ("_app is 'main'", "module:attribute")),
    ("app as a file", {"app": "main.py:app"}, ("_app is 'main.py:app'", "not the path")),
    ("app as a call", {"app": "main:make()"}, ("_app is 'main:make()'", "_app_factory")),
    ("app with a keyword", {"app": "main:class"}, ("_app is 'main:class'", "module:attribute")),
    ("no origin", {"source": LEAVE_OUT}, ("None of", "exactly one of", "_git_url", "_package")),
    ("two origins", {"package": "gradio"}, ("_source is 'app'", "'gradio'", "exactly one of")),
    (
        "three origins",
        {"package": "gradio", "git_url": "https://a/b"},
        ("_source is 'app', streaming_api_git_url is 'https://a/b' and", "exactly one of"),
    ),
    ("exclude with a path", {"source_exclude": ["a/b"]}, ("_exclude[0] is 'a/b'", "without /")),
    (
        "git_url as an option",
        {"source": LEAVE_OUT, "git_url": "--upload-pack=x"},
        ("_git_url is '--upload-pack=x'", "https://"),
    ),
    (
        "git_url with a password",
        {"source": LEAVE_OUT, "git_url": "https://me:hunter2@a/b c"},
        ("_git_url is 'https://***@a/b c'", "https://"),
    ),
    ("version without url", {"git_version": "v1"}, ("_git_version is 'v1'", "beside str", "url")),
    (
        "version as an option",
        {"source": LEAVE_OUT, "git_url": "https://a/b", "git_version": "-x"},
        ("_git_version is '-x'", "a branch"),
    ),
    (
        "package for a shell",
        {"source": LEAVE_OUT, "package": "gradio && reboot"},
        ("_package is 'gradio && reboot'", "requirement"),
    ),
    (
        "package as an option",
        {"source": LEAVE_OUT, "package": "--index-url x"},
        ("_package is '--index-url x'", "requirement"),
    ),
    ("requirement", {"extra_packages": ["a=1"]}, ("_packages[0] is 'a=1'", "datasette==")),
    ("server", {"gunicorn_packages": ["$(x)"]}, ("_gunicorn_packages[0] is '$(x)'", "datasette==")),
    ("apt package", {"apt_packages": ["x; y"]}, ("_apt_packages[0] is 'x; y'", "ffmpeg")),
    ("file upwards", {"files": {"../a": ""}}, ("in streaming_api_files is '../a'", "never up")),
    ("file absolute", {"files": {"/etc/a": ""}}, ("_files is '/etc/a'", "relative")),
    ("file without text", {"files": {"a.json": {"b": 1}}}, ("_files.a.json is", "the file's text")),
    ("dependencies upwards", {"dependencies": "../x.txt"}, ("'../x.txt'", "auto, or")),
    ("dependencies of a kind", {"dependencies": "Pipfile"}, ("'Pipfile'", "auto, or")),
    ("python", {"python": "python3.12"}, ("_python is 'python3.12'", "an absolute path or a")),
    ("variable's name", {"environment": {"A-B": "1"}}, ("_environment is 'A-B'", "no digit first")),
    ("variable's value", {"environment": {"A": True}}, ("_environment.A is true", "in quotes")),
    ("secret's name", {"secrets": {"1A": "***"}}, ("in streaming_api_secrets is '1A'", "letters")),
    ("secrets as text", {"secrets": "***"}, ("_secrets is ***", "a mapping")),
    (
        "secret in environment too",
        {"secrets": {"A": "***"}, "environment": {"A": "x"}},
        ("A is in streaming_api_environment and in streaming_api_secrets", "one of the two"),
    ),
    ("server by environment", {"environment": {"GUNICORN_CMD_ARGS": "-b x"}}, ("_ARGS is '-b x'",)),
    # releases
    ("relative root", {"root": "srv"}, ("_root is 'srv'", "an absolute path")),
    ("root upwards", {"root": "/srv/../etc"}, ("_root is '/srv/../etc'", "never upwards")),
    (
        "welcome page and default",
        {"nginx_default_site": True},
        ("_nginx_default_site is true", "false"),
    ),
    (
        "password in a requirement",
        {"extra_packages": ["x @ https://u:secret@h/x.whl"]},
        ("extra_packages[0]", "without a password"),
    ),
    ("truth in a letter", {"nginx_gzip": "y"}, ("_gzip is 'y'", "true or false")),
    ("user root", {"user": "root"}, ("_user is 'root'", "but not root")),
    ("user's name", {"user": "a b"}, ("_user is 'a b'", "a user's name")),
    ("user that builds", {"user": "chat-build"}, ("_user is 'chat-build'", "the one that builds")),
    ("no release kept", {"keep_releases": 0}, ("_keep_releases is 0", "1 or more")),
    ("no time to drain", {"drain_timeout": 0}, ("_drain_timeout is 0", "seconds, 1 or more")),
    ("no time to stop", {"stop_timeout": 0}, ("_stop_timeout is 0", "seconds, 1 or more")),
    ("nothing may drain", {"max_draining": 0}, ("_max_draining is 0", "1 or more")),
    ("no such choice", {"when_max_draining": "wait"}, ("is 'wait'", "refuse or end_oldest")),
    ("no release's id", {"release": "3F0A"}, ("_release is '3F0A'", "previous or a release's id")),
    ("no time to start", {"start_timeout": "-5"}, ("_start_timeout is -5", "seconds, 1 or more")),
    ("health path", {"health_path": "healthz"}, ("_health_path is 'healthz'", "begins with /")),
    # Gunicorn
    ("negative workers", {"gunicorn_workers": -1}, ("_workers is -1", "0 or more")),
    (
        "worker of WSGI",
        {"gunicorn_worker_class": "gevent"},
        ("_worker_class is 'gevent'", "serves ASGI"),
    ),
    ("worker class", {"gunicorn_worker_class": "a:b"}, ("_worker_class is 'a:b'", "module.Class")),
    ("backlog", {"gunicorn_backlog": 0}, ("_backlog is 0", "from 1 to")),
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
    ("code for a setting", {"gunicorn_settings": {"a\nb": 1}}, ("is 'a\\nb'", "gunicorn.conf.py")),
    # systemd
    ("few files", {"service_limit_nofile": 10}, ("_limit_nofile is 10", "1024 or more")),
    (
        "relative path",
        {"service_writable_paths": ["data"]},
        ("_paths[0] is 'data'", "an absolute path"),
    ),
    ("directive", {"service_settings": {"a b": 1}}, ("_service_settings is 'a b'", "[Service]")),
    (
        "two directives in one",
        {"service_settings": {"MemoryMax": "1G\nUser=root"}},
        ("_service_settings.MemoryMax is '1G\\nUser=root'", "one line"),
    ),
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
    # Nginx
    ("server name", {"nginx_server_names": ["a; b"]}, ("_server_names[0] is 'a; b'", "host name")),
    ("URL for a name", {"nginx_server_names": ["a.b", "https://a"]}, ("_names[1]", "'https://a'")),
    ("server name twice", {"nginx_server_names": ["a.b", "A.b"]}, ("_names[1] is 'A.b'", "once")),
    ("port 0", {"nginx_http_port": 0}, ("_http_port is 0", "from 1 to 65535")),
    ("port too high", {"nginx_https_port": "70000"}, ("_https_port is 70000", "from 1 to 65535")),
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
        "relative certificate",
        {"tls": "provided", "tls_certificate": "a.pem", "tls_key": "path"},
        ("_tls_certificate is 'a.pem'", "absolute path"),
    ),
    (
        "key as certificate",
        {
            "tls": "provided",
            "tls_certificate": "-----BEGIN PRIVATE KEY-----\nhunter2",
            "tls_key": "pem",
        },
        ("_tls_certificate is '-----BEGIN", "PEM text of a certificate"),
    ),
    (
        "relative key",
        {"tls": "provided", "tls_certificate": "/etc/a.pem", "tls_key": "hunter2"},
        ("_tls_key is ***", "PEM text of a private key, or an absolute path"),
    ),
    (
        "PEM and path",
        {"tls": "provided", "tls_certificate": CERTIFICATE, "tls_key": "path"},
        ("_tls_key is ***", "PEM text, as streaming_api_tls_certificate is"),
    ),
    ("proxy", {"nginx_trusted_proxies": ["lb.a"]}, ("_proxies[0] is 'lb.a'", "10.0.0.0/8")),
    (
        "network",
        {"nginx_trusted_proxies": ["10.0.0.1/8"]},
        ("_proxies[0] is '10.0.0.1/8'", "network"),
    ),
    ("no location", {"nginx_locations": []}, ("_locations is []", "at least one")),
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
    ("time in a location", locations(proxy_read_timeout=0), ("_read_timeout is 0", "1 to")),
    (
        "relative location",
        {"nginx_locations": [{"path": "api"}]},
        ("_locations[0].path is 'api'", "/api"),
    ),
    (
        "location that breaks out",
        {"nginx_locations": [{"path": "/ { return 200; }"}]},
        ("_locations[0].path is '/ { return 200; }'", "without space, quote, ; or brace"),
    ),
    ("location twice", locations({"path": "^~ /"}), ("_locations[1].path is '^~ /'", "no other")),
    ("open brace", locations(extra="if ($a) {"), ("_locations[0].extra is 'if ($a) {'", "each {")),
    (
        "server ends",
        {"nginx_server_extra": "} server {"},
        ("_server_extra is '} server {'", "each {"),
    ),
    (
        "no semicolon",
        {"nginx_server_extra": "gzip on"},
        ("_server_extra is 'gzip on'", "ends with ;"),
    ),
    (
        "cache",
        {"nginx_proxy_cache": "a b"},
        ("_proxy_cache is 'a b'", "off or the name of a cache"),
    ),
    (
        "no time to read",
        {"nginx_proxy_read_timeout": 0},
        ("_proxy_read_timeout is 0", "1 to 2147483"),
    ),
    (
        "header",
        {"nginx_proxy_headers": {"A B": "x"}},
        ("_proxy_headers is 'A B'", "letters, digits"),
    ),
    (
        "header's value",
        {"nginx_proxy_headers": {"A": "x; y"}},
        ("_headers.A is 'x; y'", "without quotes"),
    ),
    (
        "header of the role",
        locations(proxy_headers={"connection": ""}),
        ("_locations[0].proxy_headers is 'connection'", "streaming_api_nginx_proxy_keepalive"),
    ),
    ("keepalive", {"nginx_keepalive_connections": 0}, ("_keepalive_connections is 0", "1 or more")),
    ("processes", {"nginx_worker_processes": "all"}, ("_processes is 'all'", "auto or a whole")),
    (
        "files of Nginx",
        {"nginx_worker_connections": 20000},
        ("_nginx_worker_rlimit_nofile is 16384", "at least", "20000"),
    ),
    # the proof
    (
        "proof of nothing",
        {"probe": False},
        ("_proof is true", "false", "nothing could be measured"),
    ),
    ("path of a stream", {"proof_paths": ["a"]}, ("_proof_paths[0] is 'a'", "begins with /")),
    ("threshold", {"proof_thresholds": {"delay": 1}}, ("_thresholds is 'delay'", "delay_p50")),
    (
        "threshold in words",
        {"proof_thresholds": {"delay_p50": "low"}},
        ("_proof_thresholds.delay_p50 is 'low'", "seconds or a ratio"),
    ),
    ("public name", {"public_url": "api.example.org"}, ("_public_url is 'api.ex", "https://name")),
]


@pytest.mark.parametrize(("changes", "words"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_value_is_one_sentence(changes: dict[str, Any], words: tuple[str, ...]) -> None:
    problems = check(variables(changes), SPEC).problems
    assert len(problems) == 1
    problem = problems[0]
    assert "streaming_api_" in problem
    assert [word for word in words if word not in problem] == []
    assert problem.endswith(".")
    assert "allowed is" in problem or "unknown; the nearest" in problem or "it is" in problem
    assert "\n" not in problem
    assert "hunter2" not in problem


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("minimal", {}),
    (
        "text from -e",
        {
            "gunicorn_workers": "3",
            "nginx_http2": "false",
            "nginx_gzip": "yes",
            "nginx_http_port": "8080",
        },
    ),
    ("empty without a default", {"git_url": "", "package": None, "tls_key": None}),
    ("proof of one's own paths", {"probe": False, "proof_paths": ["/api/stream?count=20&a=b"]}),
    ("no proof", {"probe": "false", "proof": "no"}),
    ("thresholds", {"proof_thresholds": {"delay_p50": 0.05, "relative": 4}}),
    ("public name", {"public_url": "https://api.example.org:8443/api/"}),
    ("whole number for text", {"nginx_worker_processes": 4}),
    ("off that YAML read as false", {"nginx_proxy_cache": False} | locations(proxy_cache=False)),
    ("git", {"source": LEAVE_OUT, "git_url": "git@github.com:a/b.git", "git_version": "v1.2"}),
    ("git with https", {"source": LEAVE_OUT, "git_url": "https://token@a.example/b.git"}),
    ("package", {"source": LEAVE_OUT, "package": "datasette==0.65.2"}),
    ("wheel", {"source": LEAVE_OUT, "package": "dist/my app-1-py3-none-any.whl"}),
    (
        "requirements",
        {
            "extra_packages": [
                "a",
                "a-b.c[d,e] >= 1, < 2",
                "a~=1.0; python_version < '3.12' and os_name == \"posix\"",
                "a @ https://example.org/a-1-py3-none-any.whl#sha256=ab&x=y",
                "a==1.0.*",
                "a (>=1)",
            ]
        },
    ),
    ("dotted module", {"app": "api.v1.main:app"}),
    ("the release before", {"release": "previous"}),
    ("a release", {"release": "3f0a91c2be47"}),
    ("python", {"python": "3.13"}),
    ("files", {"files": {"conf/settings.toml": "a = 1\n", ".env.json": "{}"}}),
    ("dependencies", {"dependencies": "requirements/prod.txt"}),
    ("environment", {"environment": {"A": "b c\nd", "PORT": 80, "RATE": 0.5, "_x": ""}}),
    ("redacted", {"secrets": {"A": "***"}, "build_environment": {"UV_INDEX_URL": "***"}}),
    ("gunicorn", {"gunicorn_settings": {"keepalive": 5, "loglevel": "debug", "asgi_loop": "uv"}}),
    ("worker class", {"gunicorn_worker_class": "my_package.workers.Worker"}),
    ("service", {"service_settings": {"MemoryMax": "1G", "IPAddressAllow": ["a", "b"], "Nice": 5}}),
    (
        "names",
        {"nginx_server_names": ["a.example.org", "*.example.org", "www.example.*", "localhost"]},
    ),
    ("one port without TLS", {"nginx_http_port": 443}),
    ("paths of a pair", {"tls": "provided", "tls_certificate": "/a/b.pem", "tls_key": "path"}),
    ("path of a key", {"tls": "provided", "tls_certificate": "/a/b.pem", "tls_key": "/a/k.pem"}),
    ("PEM of a pair", {"tls": "provided", "tls_certificate": CERTIFICATE, "tls_key": "pem"}),
    ("PEM, redacted", {"tls": "provided", "tls_certificate": CERTIFICATE, "tls_key": "***"}),
    ("proxies", {"nginx_trusted_proxies": ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"]}),
    (
        "locations",
        {
            "nginx_locations": [
                {"path": "/"},
                {"path": "/api/", "gzip": "off", "proxy_read_timeout": "60"},
                {"path": "= /events", "proxy_headers": {"Host": "${host}", "X-Empty": ""}},
                {"path": "^~ /static/", "extra": "expires 1h; # soon"},
                {"path": r"~* ^/v\d+/(a|b)$"},
            ]
        },
    ),
    ("directives", {"nginx_server_extra": 'if ($a ~ "{") { return 403; }\n# the end {\n'}),
]


@pytest.mark.parametrize("changes", [pytest.param(row[1], id=row[0]) for row in GOOD])
def test_a_good_value_passes(changes: dict[str, Any]) -> None:
    assert check(variables(changes), SPEC).problems == []


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


def test_each_rule_is_for_a_variable_of_the_spec() -> None:
    bases = {path.partition("[")[0].partition("{")[0].partition(".")[0] for path in RULES}
    crossed = {name for cross in CROSS for name in cross.names}
    assert (bases | crossed | set(MANAGED)) - set(SPEC) == set()


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


def test_a_long_value_is_shortened() -> None:
    assert shown("x" * 1000) == repr("x" * 57 + "...")
    assert len(shown(["x" * 1000])) == 60


# --- the app's module, by its text ---

DEFINES_APP = [
    "app = FastAPI()",
    "app: FastAPI = FastAPI()",
    "a, (app, *b) = x",
    "async def app(scope, receive, send): ...",
    "class app: ...",
    "from .web import create as app",
    "import app.web",
    "from web import *",
    "if x:\n    pass\nelse:\n    app = 1",
    "try:\n    import app\nexcept ImportError:\n    app = None",
    "with x as app: ...",
    "for app in apps: ...",
    "while (app := make()): ...",
    "def __getattr__(name): ...",
    "def make():\n    global app\n    app = 1",
    "globals()['ap' 'p'] = 1",
    "# coding: latin-1\napp = '\xe9'",
]


@pytest.mark.parametrize("text", DEFINES_APP)
def test_a_module_that_defines_the_attribute(text: str) -> None:
    assert app_source.text_problem("main:app", False, "main.py", text.encode("latin-1")) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("api = FastAPI()", "an attribute that main.py defines, the nearest is api."),
        ("", "main.py defines, and it defines none."),
        ("def make():\n    app = 1", "the nearest is make."),
        ("class A:\n    app = 1", "the nearest is A."),
        ("x.app = 1\nxapp = 2", "the nearest is xapp."),
        ("ok = 1\napp = = 2", "main.py has a syntax error in line 2"),
        ("a\0", "that Python can read"),
        ("def app(): ...", "_app_factory is false; allowed is true, since app in main.py takes no"),
    ],
)
def test_a_module_that_does_not(text: str, words: str) -> None:
    problem = app_source.text_problem("main:app", False, "main.py", text)
    assert problem is not None
    assert words in problem


@pytest.mark.parametrize("line", ["type A[T] = T !", "def f[T](): !", 'f"{a["b"]!!}"', "t'{' !"])
def test_a_line_that_a_newer_python_may_read_is_left_to_the_host(line: str) -> None:
    assert app_source.text_problem("main:app", False, "main.py", line) is None


# --- the source, on disk ---


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "api").mkdir(parents=True)
    (folder / "main.py").write_text("app = 1\n")
    (folder / "api/__init__.py").write_text("")
    (folder / "api/web.py").write_text("app = 1\n")
    return folder


def look(source: Path, /, **changes: Any) -> app_source.Seen:
    settled, problems = check(variables(changes), SPEC)
    assert problems == []
    return app_source.look(settled, str(source.parent))


def test_the_facts_of_a_source(source: Path) -> None:
    (source / "pyproject.toml").write_text("[project]\n")
    (source / "requirements.txt").write_text("fastapi\n")
    facts, problems = look(source)
    assert problems == []
    assert facts == {
        "origin": "source",
        "source": str(source),
        "dependencies": ["requirements.txt", "pyproject.toml"],
        "dependency_file": "requirements.txt",
        "module_file": "main.py",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": "nowhere"}, ("_source is 'nowhere'", "a directory", "does not exist")),
        ({"source": "app/main.py"}, ("_source is 'app/main.py'", "is not a directory")),
        ({"dependencies": "uv.lock"}, ("_dependencies is 'uv.lock'", "it has no uv.lock")),
        ({"app": "mian:app"}, ("_app is 'mian:app'", "a module of the source", "is main.")),
        ({"app": "api.wbe:app"}, ("_app is 'api.wbe:app'", "the nearest is api.web.")),
        ({"app": "main:api"}, ("_app is 'main:api'", "the nearest is app.")),
        ({"source_exclude": ["main.*"]}, ("_app is 'main:app'", "a module of the source")),
        ({"files": {"main.py": "api = 1"}}, ("_app is 'main:app'", "the nearest is api.")),
        ({"files": {"uv.lock": ""}}, ("_dependencies is 'auto'", "its pyproject.toml")),
    ],
)
def test_a_source_that_has_not_what_is_named(
    source: Path, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    problems = look(source, **changes).problems
    assert len(problems) == 1
    assert [word for word in words if word not in problems[0]] == []


def test_where_the_module_may_be(source: Path) -> None:
    (source / "src/deep").mkdir(parents=True)
    (source / "src/deep/asgi.py").write_text("app = 1\n")
    (source / "fast.cpython-313-x86_64-linux-gnu.so").write_bytes(b"")
    assert look(source, app="deep.asgi:app").facts["module_file"] == "src/deep/asgi.py"
    assert look(source, app="fast:app").problems == []
    assert look(source, app="api:app", files={"api/__init__.py": "app = 1"}).problems == []


def test_a_module_may_come_from_a_dependency(source: Path) -> None:
    (source / "requirements.txt").write_text("# none\n")
    assert look(source, app="datasette:app").problems
    assert look(source, app="datasette:app", extra_packages=["datasette"]).problems == []
    (source / "requirements.txt").write_text("datasette\n")
    assert look(source, app="datasette:app").problems == []


def test_a_package_is_wired_up_by_files(source: Path) -> None:
    package = {"source": LEAVE_OUT, "package": "datasette"}
    assert look(source, **package).facts == {"origin": "package", "module_file": None}
    assert look(source, **package, files={"main.py": "ap = 1"}).problems


def test_a_wheel_must_be_one(source: Path) -> None:
    def problems(package: str) -> list[str]:
        return look(source, source=LEAVE_OUT, package=package).problems

    name = "chat-1.0-py3-none-any.whl"
    assert "there is no" in problems(name)[0]
    (source.parent / name).write_text("no archive")
    assert "a wheel, <name>" in problems(name)[0]
    with zipfile.ZipFile(source.parent / name, "w") as wheel:
        wheel.writestr("chat-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    assert problems(name) == []


# --- the module ---


def run_module(values: dict[str, Any], base: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    from ansible.module_utils.testing import patch_module_args  # noqa: PLC0415 - slow

    from plugins.modules import stream_settings  # noqa: PLC0415 - with it

    arguments = {"values": values, "spec": SPEC, "base": str(base)}
    with patch_module_args(arguments), pytest.raises(SystemExit) as stop:
        stream_settings.main()
    result = json.loads(capsys.readouterr().out)
    assert bool(stop.value.code) == bool(result.get("failed"))
    return result


def test_the_module_passes_facts_on(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    result = run_module(variables({}), source.parent, capsys)
    assert result["changed"] is False
    assert (result["origin"], result["module_file"]) == ("source", "main.py")


def test_a_release_of_the_host_needs_no_source(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = variables({"source": "/nowhere", "release": "previous"})
    assert "origin" not in run_module(given, source.parent, capsys)


def test_the_module_fails_with_each_problem(
    source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run_module(
        variables({"gunicorn_workers": "many", "app": "main:ap"}), source.parent, capsys
    )
    assert result["problems"] == [
        "streaming_api_gunicorn_workers is 'many'; allowed is a whole number, 0 or more.",
        (
            "streaming_api_app is 'main:ap'; allowed is an attribute that main.py defines, "
            "the nearest is app."
        ),
    ]
    assert result["msg"] == "\n".join(result["problems"])


def test_the_import_is_cheap() -> None:
    """Only the standard library, and nothing of it that starts slowly."""
    code = (
        "import sys; before = set(sys.modules); import plugins.module_utils.app_source;"
        "import plugins.module_utils.settings.check;"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    loaded = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert loaded - sys.stdlib_module_names == {"plugins"}
    assert not loaded & {
        "asyncio",
        "dataclasses",
        "email",
        "http",
        "socket",
        "subprocess",
        "typing_extensions",
    }


def test_the_imports_resolve_in_checkout_collection_and_role(source: Path) -> None:
    home = source.parent
    arguments = {
        "values": MINIMAL,
        "spec": "{{ (lookup('file', spec_file) | from_yaml).argument_specs.main.options }}",
        "base": "{{ playbook_dir }}",
    }
    collection = home / "ansible_collections/unbuffered/streaming"
    (collection / "roles/probe/tasks").mkdir(parents=True)
    (collection / "plugins").symlink_to(ROOT / "plugins")
    (collection / "roles/probe/tasks/main.yml").write_text(
        json.dumps([{"stream_settings": arguments}])
    )
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"stream_settings": arguments},
            {"unbuffered.streaming.stream_settings": arguments},
            {"import_role": {"name": "unbuffered.streaming.probe"}},
        ],
    }
    playbook = home / "playbook.yml"
    playbook.write_text(json.dumps([play]))
    extra = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "spec_file": str(ROLE / "meta/argument_specs.yml"),
    }
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            *("--inventory", "localhost,", "--extra-vars", json.dumps(extra), playbook),
        ],
        check=False,
        capture_output=True,
        text=True,
        env={
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(home),
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "PATH": os.environ["PATH"],
        },
    )
    assert "ok=3" in done.stdout, done.stdout + done.stderr
