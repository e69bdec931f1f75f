"""What one value may be."""

from __future__ import annotations

from typing import Any

import pytest

from plugins.module_utils.settings.check import check
from plugins.module_utils.settings.cross import CROSS
from plugins.module_utils.settings.managed import MANAGED
from plugins.module_utils.settings.rules import RULES
from tests.unit.settings.values import (
    CERTIFICATE,
    LEAVE_OUT,
    SPEC,
    Row,
    assert_one_sentence,
    locations,
    processes,
    variables,
)

BAD: list[Row] = [
    # types
    ("empty text", {"git_version": ""}, ("_git_version is ''", "a branch, a tag or a commit")),
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
    # releases
    ("relative root", {"root": "srv"}, ("_root is 'srv'", "an absolute path")),
    ("root upwards", {"root": "/srv/../etc"}, ("_root is '/srv/../etc'", "never upwards")),
    (
        "password in a requirement",
        {"extra_packages": ["x @ https://u:secret@h/x.whl"]},
        ("extra_packages[0]", "without a password"),
    ),
    ("user root", {"user": "root"}, ("_user is 'root'", "but not root")),
    ("user's name", {"user": "a b"}, ("_user is 'a b'", "a user's name")),
    ("no release kept", {"keep_releases": 0}, ("_keep_releases is 0", "1 or more")),
    ("no time to drain", {"drain_timeout": 0}, ("_drain_timeout is 0", "seconds, 1 or more")),
    ("no time to stop", {"stop_timeout": 0}, ("_stop_timeout is 0", "seconds, 1 or more")),
    ("nothing may drain", {"max_draining": 0}, ("_max_draining is 0", "1 or more")),
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
    ("streams", {"streams": 65536}, ("_streams is 65536", "from 0 to 65535")),
    ("less than no stream", {"streams": -1}, ("_streams is -1", "from 0 to 65535")),
    ("code for a setting", {"gunicorn_settings": {"a\nb": 1}}, ("is 'a\\nb'", "gunicorn.conf.py")),
    # The build
    ("memory", {"build_memory_max": "a lot"}, ("_memory_max is 'a lot'", "a size such as 2G")),
    ("memory of 101 %", {"build_memory_max": "101%"}, ("is '101%'", "a percentage")),
    ("few tasks", {"build_tasks_max": 1}, ("_build_tasks_max is 1", "16 or more")),
    ("no time", {"build_timeout": 0}, ("_build_timeout is 0", "1 or more")),
    ("a unit's name", {"build_settings": {"a b": 1}}, ("_build_settings is 'a b'", "[Service]")),
    (
        "two directives of a build in one",
        {"build_settings": {"Nice": "1\nUser=root"}},
        ("_build_settings.Nice is '1\\nUser=root'", "one line"),
    ),
    (
        "a limit twice",
        {"build_settings": {"MemoryMax": "1G"}},
        ("_build_settings.MemoryMax is '1G'", "use streaming_api_build_memory_max"),
    ),
    # systemd
    ("no memory", {"service_memory_max": "0"}, ("_service_memory_max is '0'", "infinity")),
    ("one task", {"service_tasks_max": 1}, ("_service_tasks_max is 1", "16 or more")),
    ("weight", {"service_cpu_weight": 0}, ("_service_cpu_weight is 0", "from 1 to 10000")),
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
    # background processes
    ("no list", {"processes": {"name": "w"}}, ("_processes is {'name': 'w'}", "a list")),
    ("process", processes(name="Worker"), ("_processes[0].name is 'Worker'", "lower-case letters")),
    ("unit", processes(name="a@b"), ("_processes[0].name is 'a@b'", "lower-case letters")),
    ("no name", {"processes": [{"command": "x"}]}, ("_processes[0].name is missing", "required")),
    ("no command", {"processes": [{"name": "w"}]}, ("_processes[0].command is missing",)),
    ("empty command", processes(command=" "), ("_processes[0].command is ' '", "quotes closed")),
    ("open quote", processes(command="sh -c 'x"), ('command is "sh -c \'x"', "quotes closed")),
    ("signal", processes(stop_signal="KILL"), ("stop_signal is 'KILL'", "TERM, INT, QUIT")),
    ("no time to end", processes(stop_timeout=0), ("stop_timeout is 0", "1 or more")),
    ("option", processes(singel=True), ("_processes[0].singel is unknown", "[0].single")),
    ("directive", processes(settings={"a b": 1}), ("settings is 'a b'", "[Service]")),
    ("lines", processes(settings={"Nice": "1\nUser=root"}), ("settings.Nice is '1\\n", "one line")),
    # Nginx
    ("server name", {"nginx_server_names": ["a; b"]}, ("_server_names[0] is 'a; b'", "host name")),
    ("URL for a name", {"nginx_server_names": ["a.b", "https://a"]}, ("_names[1]", "'https://a'")),
    ("path without slashes", {"nginx_path": "/chat"}, ("_nginx_path is '/chat'", "at both ends")),
    ("path upwards", {"nginx_path": "/a/../b/"}, ("_nginx_path is '/a/../b/'", "such as /chat/")),
    ("regular path", {"nginx_path": "~ ^/a/"}, ("_nginx_path is '~ ^/a/'", "such as /chat/")),
    ("root path with a slash", {"root_path": "/a/"}, ("_root_path is '/a/'", "such as /chat")),
    ("site of no name", {"nginx_site_of": "a b"}, ("_site_of is 'a b'", "another app")),
    ("port 0", {"nginx_http_port": 0}, ("_http_port is 0", "from 1 to 65535")),
    ("port too high", {"nginx_https_port": "70000"}, ("_https_port is 70000", "from 1 to 65535")),
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
    ("proxy", {"nginx_trusted_proxies": ["lb.a"]}, ("_proxies[0] is 'lb.a'", "10.0.0.0/8")),
    (
        "network",
        {"nginx_trusted_proxies": ["10.0.0.1/8"]},
        ("_proxies[0] is '10.0.0.1/8'", "network"),
    ),
    ("edge", {"edge": "cloudfront"}, ("_edge is 'cloudfront'", "none, cloudflare or alb")),
    (
        "list over plain HTTP",
        {"edge_ranges_urls": ["http://a.org/ips"]},
        ("_urls[0] is 'http://a.org/ips'", "https://name"),
    ),
    (
        "list with a space",
        {"edge_ranges_urls": ["https://a.org/%s b"]},
        ("_urls[0] is 'https://a.org/%s b'", "https://name"),
    ),
    ("silence", {"edge_idle_timeout": -1}, ("_idle_timeout is -1", "0 to 6000")),
    (
        "key as an authority",
        {"edge_client_ca": CERTIFICATE + "-----BEGIN PRIVATE KEY-----\n"},
        ("_edge_client_ca is '-----BEGIN", "PEM text of a certificate"),
    ),
    ("no location", {"nginx_locations": []}, ("_locations is []", "at least one")),
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
    ("profile", {"tls_profile": "old"}, ("tls_profile is 'old'", "intermediate or modern")),
    ("hsts", {"tls_hsts": -1}, ("tls_hsts is -1", "of seconds, 0 or more")),
    (
        "connections",
        {"nginx_limit_connections": 70000},
        ("_connections is 70000", "from 0 to 65535"),
    ),
    ("requests", {"nginx_limit_requests": -1}, ("_limit_requests is -1", "from 0 to 1000000")),
    ("burst", {"nginx_limit_requests_burst": "many"}, ("_burst is 'many'", "a whole number")),
    (
        "body",
        {"nginx_client_max_body_size": "20 MB"},
        ("_body_size is '20 MB'", "a size such as 20m"),
    ),
    (
        "headers of an answer",
        {"nginx_proxy_buffer_size": "2k"},
        ("_proxy_buffer_size is '2k'", "from 4k to 999k"),
    ),
    ("body timeout", {"nginx_client_body_timeout": 0}, ("_body_timeout is 0", "from 1 to")),
    ("send timeout", {"nginx_send_timeout": 0}, ("_send_timeout is 0", "from 1 to")),
    ("header timeout", {"nginx_client_header_timeout": 0}, ("_header_timeout is 0", "from 1 to")),
    (
        "header",
        {"nginx_large_client_header_buffers": "16k"},
        ("_buffers is '16k'", "such as 4 16k"),
    ),
    ("processes", {"nginx_worker_processes": "all"}, ("_processes is 'all'", "auto or a whole")),
    # the monitor
    (
        "password of a collector",
        {"monitor_otlp_endpoint": "http://me:secret@host:4318"},
        ("_monitor_otlp_endpoint", "without a password"),
    ),
    ("interval", {"monitor_interval": 1}, ("_monitor_interval is 1", "5 to 3600")),
    (
        "name to listen on",
        {"monitor_listen": "localhost:9797"},
        ("_listen is 'localhost:9797'", "IP address"),
    ),
    ("port alone", {"monitor_listen": "9797"}, ("_monitor_listen is '9797'", "127.0.0.1:9797")),
    # the proof
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
    assert_one_sentence(changes, words)


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
    (
        "processes",
        {
            "processes": [
                {"name": "worker", "command": "celery -A jobs worker", "stop_timeout": 86400},
                {
                    "name": "beat",
                    "command": "A=b ./tick 'a b'",
                    "single": "yes",
                    "stop_signal": "INT",
                },
            ]
        },
    ),
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
    ("a path", {"nginx_path": "/a/b-c_d.e~f/", "root_path": "", "gunicorn_worker_class": "a.B"}),
    ("a root path", {"root_path": "/v1/a", "gunicorn_worker_class": "asgi"}),
    ("the certificate of another app", {"nginx_site_of": "web", "tls": "provided"}),
    (
        "an app that sees its path",
        {
            "nginx_path": "/mcp/",
            "nginx_strip_path": False,
            "health_path": "/mcp",
            "proof_paths": ["/mcp/a?b=c"],
        },
    ),
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


def test_each_rule_is_for_a_variable_of_the_spec() -> None:
    bases = {path.partition("[")[0].partition("{")[0].partition(".")[0] for path in RULES}
    crossed = {name for cross in CROSS for name in cross.names}
    assert (bases | crossed | set(MANAGED)) - set(SPEC) == set()
