# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules for each value.

A rule's path is the variable's name, with ``[]`` for each item of a list, ``{}`` for each name of
a mapping and ``.*`` for each value of a mapping.
"""

from __future__ import annotations

import re

from ..deploy.capacity import BACKLOG
from ..latency.thresholds import Thresholds
from .forms import (
    ABSOLUTE,
    Rule,
    at_least,
    between,
    is_app,
    is_command,
    is_complete,
    is_line,
    is_network,
    is_pem_or_path,
    is_relative,
    is_requirement,
    is_scalar,
    is_threshold,
    is_wheel_path,
    like,
    none_of,
)
from .place import REDACTED
from .words import listed

# Units, users and login users of the supported distributions and of common server software.
TAKEN = set(
    """
    adm admin apache apache2 apt audit autovt avahi backup bin caddy certbot chrony cloud-init
    container-getty containerd cron crond daemon dbus debian dev docker ec2-user fail2ban games
    getty gnats haproxy irc journald kernel landscape list logrotate lp lxd mail man memcached
    messagebus modprobe mongodb mysql networking news nginx nobody ntp pollinate polkitd postfix
    postgres postgresql proxy redis resolvconf root rsync rsyslog serial-getty snapd ssh sshd
    staff sudo sync sys syslog systemd tcpdump tty ubuntu udev ufw user user-runtime-dir users
    streaming-api-monitor uuidd uucp vagrant varnish www-data
    """.split()  # noqa: SIM905 - words are easier to read than quotes
)
WSGI_WORKERS = ("sync", "gthread", "gevent", "gevent_pywsgi", "gevent_wsgi", "eventlet", "tornado")

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME_FORM = r"[a-z][a-z0-9-]{0,23}"
_NAME = "1 to 24 lower-case letters, digits and hyphens, a letter first"
_APP = "module:attribute in Python's names, such as main:app"
_ACCOUNT = like(
    r"[a-z_][a-z0-9_-]{0,31}", "a user's name: lower-case letters, digits, - and _, at most 32"
)
_REQUIREMENT_RULE = Rule(is_requirement, "a requirement such as datasette==0.65.2")
_NO_PASSWORD = Rule(
    lambda text: re.search(r"://[^/]*@", text) is None,
    "a requirement without a password; put the password into streaming_api_build_environment",
)
_URL_PATH = like(r"/[!-~]*", "a path that begins with /, without spaces")
_SEGMENT = r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*"
_SECONDS = at_least(1, " of seconds")
_NGINX_SECONDS = between(1, 2147483, " of seconds")
_VARIABLE_NAME = like(r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and _, no digit first")
_VARIABLE_VALUE = Rule(is_scalar, "text or a number; true, yes, on and the like in quotes")
_MEMORY = like(
    r"[1-9]\d*[KMGT]?|(100|[1-9]\d?)%|infinity", "a size such as 2G, a percentage or infinity"
)
_TASKS = at_least(16)
_SHORT_NAME = like(_NAME_FORM, _NAME)
_UNIT_DIRECTIVE = like(r"[A-Z][A-Za-z0-9]*", "a directive of a unit's [Service] section")
_COMMAND = Rule(
    is_command, "a command on one line, with quotes closed, such as alembic upgrade head"
)
_DIRECTIVES = Rule(is_complete, "whole directives: each ends with ; and each { has a }")
_HOST_PATH = like(ABSOLUTE, "an absolute path of letters, digits and ._@+-, never upwards")

RULES: dict[str, tuple[Rule, ...]] = {
    "streaming_api_name": (
        _SHORT_NAME,
        none_of(TAKEN, f"{_NAME}, but not the name of a system's unit or user"),
        like(
            r"(?!systemd-).*(?<!-build)(?<!-drain)(?<!-deploy)",
            f"{_NAME}, not systemd-... and not ...-build, -drain or -deploy, which the role uses",
        ),
    ),
    "streaming_api_app": (
        Rule(
            lambda app: not app.endswith(")"),
            f"{_APP}; for a function set streaming_api_app_factory",
        ),
        Rule(lambda app: ".py:" not in app and "/" not in app, f"{_APP}, not the path of a file"),
        Rule(is_app, _APP),
    ),
    "streaming_api_source": (Rule(str.isprintable, "a directory's path"),),
    "streaming_api_source_exclude[]": (
        like(r"[^/\x00-\x1f]+", "a pattern of file names, without /"),
    ),
    "streaming_api_git_url": (
        like(
            r"(https?|ssh|git|file)://[^\s'\"`;|<>\\-][^\s'\"`;|<>\\]*|[\w.][\w.-]*@[\w.-]+:[^\s'\"`;|<>\\:]+|/[^\s'\"`;|<>\\]+",
            "https://..., ssh://..., user@host:path or an absolute path",
        ),
    ),
    "streaming_api_git_version": (like(r"[\w.][\w./+@-]*", "a branch, a tag or a commit"),),
    "streaming_api_package": (
        Rule(
            lambda text: is_wheel_path(text) or is_requirement(text),
            "a requirement such as datasette==0.65.2, or the path of a wheel",
        ),
        _NO_PASSWORD,
    ),
    "streaming_api_extra_packages[]": (_REQUIREMENT_RULE, _NO_PASSWORD),
    "streaming_api_gunicorn_packages[]": (_REQUIREMENT_RULE, _NO_PASSWORD),
    "streaming_api_files{}": (
        Rule(is_relative, "a file's path relative to the source, never upwards"),
    ),
    "streaming_api_files.*": (Rule(lambda value: isinstance(value, str), "the file's text"),),
    "streaming_api_dependencies": (
        Rule(
            lambda path: (
                path == "auto"
                or (
                    is_relative(path)
                    and re.fullmatch(
                        r"(.*/)?(uv\.lock|pyproject\.toml|setup\.(py|cfg)|[^/]+\.txt)", path
                    )
                    is not None
                )
            ),
            "auto, or the path of a uv.lock, pyproject.toml, setup.py or *.txt in the source",
        ),
    ),
    "streaming_api_python": (
        like(
            rf"{ABSOLUTE}(?<!/)|3(\.\d+){{0,2}}t?", "an absolute path or a version such as '3.13'"
        ),
    ),
    "streaming_api_environment{}": (_VARIABLE_NAME,),
    "streaming_api_environment.*": (_VARIABLE_VALUE,),
    "streaming_api_secrets{}": (_VARIABLE_NAME,),
    "streaming_api_secrets.*": (_VARIABLE_VALUE,),
    "streaming_api_build_environment{}": (_VARIABLE_NAME,),
    "streaming_api_build_environment.*": (_VARIABLE_VALUE,),
    "streaming_api_apt_packages[]": (
        like(
            r"[a-z0-9][a-z0-9+.-]+(=[A-Za-z0-9.+:~-]+)?",
            "a package of the distribution such as ffmpeg",
        ),
    ),
    "streaming_api_build_memory_max": (_MEMORY,),
    "streaming_api_build_tasks_max": (_TASKS,),
    "streaming_api_build_timeout": (_SECONDS,),
    "streaming_api_build_settings{}": (_UNIT_DIRECTIVE,),
    "streaming_api_build_settings.*": (
        Rule(is_line, "one line of text, a number, or a list of these"),
    ),
    "streaming_api_root": (_HOST_PATH,),
    "streaming_api_user": (_ACCOUNT, none_of(("root",), "a user's name, but not root")),
    "streaming_api_keep_releases": (at_least(1),),
    "streaming_api_drain_timeout": (_SECONDS,),
    "streaming_api_stop_timeout": (_SECONDS,),
    "streaming_api_max_draining": (at_least(1),),
    "streaming_api_release": (
        like(r"(previous|[0-9a-f]{12})?", "previous or a release's id, 12 hexadecimal digits"),
    ),
    "streaming_api_before_start[]": (_COMMAND,),
    "streaming_api_before_start_timeout": (_SECONDS,),
    "streaming_api_start_timeout": (_SECONDS,),
    "streaming_api_health_path": (_URL_PATH,),
    "streaming_api_gunicorn_workers": (at_least(0),),
    "streaming_api_gunicorn_worker_class": (
        like(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", "uvicorn, asgi or module.Class"),
        none_of(WSGI_WORKERS, "uvicorn, asgi or module.Class of a worker that serves ASGI"),
    ),
    "streaming_api_gunicorn_worker_timeout": (_SECONDS,),
    "streaming_api_streams": (between(0, BACKLOG),),
    "streaming_api_gunicorn_settings{}": (
        like(r"[a-z_][a-z0-9_]*", "a setting's name in gunicorn.conf.py"),
    ),
    "streaming_api_service_memory_max": (_MEMORY,),
    "streaming_api_service_tasks_max": (_TASKS,),
    "streaming_api_service_cpu_weight": (between(1, 10000),),
    "streaming_api_service_writable_paths[]": (_HOST_PATH,),
    "streaming_api_processes[].name": (_SHORT_NAME,),
    "streaming_api_processes[].command": (_COMMAND,),
    "streaming_api_processes[].stop_timeout": (_SECONDS,),
    "streaming_api_processes[].settings{}": (_UNIT_DIRECTIVE,),
    "streaming_api_processes[].settings.*": (
        Rule(is_line, "one line of text, a number, or a list of these"),
    ),
    "streaming_api_service_settings{}": (_UNIT_DIRECTIVE,),
    "streaming_api_service_settings.*": (
        Rule(is_line, "one line of text, a number, or a list of these"),
    ),
    "streaming_api_nginx_server_names[]": (
        like(
            rf"(?=.{{1,253}}$)(\*\.|\.)?{_LABEL}(\.{_LABEL})*(\.\*)?",
            "a host name such as chat.example.org or *.example.org",
        ),
        none_of(("_",), "a host name; without any name the app is the default server"),
    ),
    "streaming_api_nginx_http_port": (between(1, 65535),),
    "streaming_api_nginx_https_port": (between(1, 65535),),
    "streaming_api_nginx_site_of": (
        like(rf"({_NAME_FORM})?", "the streaming_api_name of another app, or empty"),
    ),
    "streaming_api_nginx_path": (
        like(
            rf"/({_SEGMENT}/)*",
            "/ or a path such as /chat/ with a slash at both ends: letters, digits and ._~-",
        ),
    ),
    "streaming_api_root_path": (
        like(
            rf"auto|(/{_SEGMENT})*",
            "auto, empty, or a path such as /chat without a slash at its end: letters, digits and "
            "._~-",
        ),
    ),
    "streaming_api_tls_certificate": (
        Rule(
            lambda text: is_pem_or_path(text, "CERTIFICATE"),
            "PEM text of a certificate, or an absolute path",
        ),
    ),
    "streaming_api_tls_key": (
        Rule(
            lambda text: text in ("pem", "path", REDACTED) or is_pem_or_path(text, "PRIVATE KEY"),
            "PEM text of a private key, or an absolute path",
        ),
    ),
    "streaming_api_acme_email": (like(r"([^\s@'\"]+@[^\s@'\"]+)?", "an e-mail address, or empty"),),
    "streaming_api_acme_directory": (
        like(r"https://[^\s'\"]+", "the https:// URL of a CA's ACME directory"),
    ),
    "streaming_api_nginx_trusted_proxies[]": (
        Rule(is_network, "an address or a network such as 10.0.0.0/8"),
    ),
    "streaming_api_nginx_locations": (Rule(bool, "a list of at least one location"),),
    "streaming_api_nginx_locations[].path": (
        like(
            r"((=|\^~)\s*)?/[^\s;{}\"'`#\\]*|~\*?\s*[^\s;{}\"'`#~*][^\s;{}\"'`#]*",
            "a location such as /api/, = /events or ~ ^/v1/, without space, quote, ; or brace",
        ),
    ),
    "streaming_api_nginx_locations[].extra": (_DIRECTIVES,),
    "streaming_api_nginx_keepalive_connections": (at_least(1),),
    "streaming_api_tls_hsts": (at_least(0, " of seconds"),),
    "streaming_api_nginx_limit_connections": (between(0, 65535),),
    "streaming_api_nginx_limit_requests": (between(0, 1000000),),
    "streaming_api_nginx_limit_requests_burst": (between(0, 1000000),),
    "streaming_api_nginx_client_max_body_size": (
        like(r"\d{1,9}[kKmMgG]?", "a size such as 20m, or 0"),
    ),
    "streaming_api_nginx_proxy_buffer_size": (
        like(r"([4-9]|[1-9]\d{1,2})[kK]", "a size such as 16k, from 4k to 999k"),
    ),
    "streaming_api_nginx_client_body_timeout": (_NGINX_SECONDS,),
    "streaming_api_nginx_send_timeout": (_NGINX_SECONDS,),
    "streaming_api_nginx_client_header_timeout": (_NGINX_SECONDS,),
    "streaming_api_nginx_large_client_header_buffers": (
        like(r"[1-9]\d? [1-9]\d{0,3}[kK]", "a number of buffers and a size, such as 4 16k"),
    ),
    "streaming_api_nginx_server_extra": (_DIRECTIVES,),
    "streaming_api_nginx_site_template": (like(r"[^\x00-\x1f]+", "the path of a template"),),
    "streaming_api_edge_client_ca": (
        Rule(
            lambda text: is_pem_or_path(text, "CERTIFICATE") and "PRIVATE KEY" not in text,
            "PEM text of a certificate, or an absolute path",
        ),
    ),
    "streaming_api_edge_idle_timeout": (between(0, 6000, " of seconds"),),
    "streaming_api_edge_ranges_urls[]": (
        like(
            rf"https://{_LABEL}(\.{_LABEL})*(:\d{{1,5}})?(/[A-Za-z0-9._~/-]*)?",
            "https://name, with an optional port and path",
        ),
    ),
    "streaming_api_nginx_worker_processes": (
        like(r"auto|[1-9]\d*", "auto or a whole number, 1 or more"),
    ),
    "streaming_api_nginx_user": (_ACCOUNT,),
    "streaming_api_proof_paths[]": (_URL_PATH,),
    "streaming_api_proof_thresholds{}": (
        Rule(lambda name: name in Thresholds._fields, f"one of {listed(Thresholds._fields)}"),
    ),
    "streaming_api_proof_thresholds.*": (Rule(is_threshold, "seconds or a ratio, 0 or more"),),
    "streaming_api_monitor_interval": (between(5, 3600, " of seconds"),),
    "streaming_api_monitor_otlp_endpoint": (
        like(r"(https?://[^\s'\"\\%@]+)?", "http://host:port or https://..., without a password"),
    ),
    "streaming_api_monitor_listen": (
        like(
            r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d{1,5}",
            "an IP address and a port, such as 127.0.0.1:9797 or [::1]:9797",
        ),
    ),
    "streaming_api_public_url": (
        like(
            rf"(https?://{_LABEL}(\.{_LABEL})*(:\d{{1,5}})?(/[!-~]*)?)?",
            "https://name or http://name, with an optional port and path",
        ),
    ),
}

# These rules apply to the whole site and to each location.
RULES.update(
    (prefix + path, rules)
    for prefix in ("streaming_api_nginx_", "streaming_api_nginx_locations[].")
    for path, rules in {
        "proxy_cache": (like(r"[A-Za-z0-9_.-]+", "off or the name of a cache zone"),),
        "proxy_read_timeout": (_NGINX_SECONDS,),
        "proxy_send_timeout": (_NGINX_SECONDS,),
        "proxy_headers{}": (
            like(r"[A-Za-z0-9_-]+", "a header's name: letters, digits, - and _"),
            none_of(
                ("connection", "upgrade"),
                "any header but Connection and Upgrade, "
                "which streaming_api_nginx_proxy_keepalive and streaming_api_nginx_websocket set",
            ),
        ),
        "proxy_headers.*": (
            Rule(
                lambda value: (
                    is_scalar(value)
                    and re.fullmatch(r"([^\x00-\x1f\x7f;{}\"'\\]|\$\{\w+\})*", str(value))
                    is not None
                ),
                "text of one line or a number, without quotes, ;, braces or backslash",
            ),
        ),
    }.items()
)
