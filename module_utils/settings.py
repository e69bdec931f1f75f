# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role's variables may be: each problem becomes one sentence.

Names, types, choices and defaults come from the role's argument_specs; what a spec cannot say is
in the tables here: RULES (one value), MANAGED (names that have a variable of their own) and CROSS
(several variables). A rule's path is the variable's name, with ``[]`` for each item of a list,
``{}`` for each name of a mapping and ``.*`` for each value of one. Pure: values in, sentences out.
"""

from __future__ import annotations

import difflib
import ipaddress
import keyword
import re
from typing import (
    Any,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
)

from .latency.verdict import Thresholds

PREFIX = "streaming_api_"
REDACTED = "***"
HIDDEN = ("streaming_api_secrets", "streaming_api_build_environment", "streaming_api_tls_key")
LONGEST = 60


class Checked(NamedTuple):
    """The variables that are sound, converted and with the spec's defaults, and the problems."""

    settings: dict[str, Any]
    problems: list[str]


class Rule(NamedTuple):
    """What a value must satisfy, and how to say it."""

    holds: Callable[[Any], bool]
    allowed: str


class Kind(NamedTuple):
    """A type of the spec: how to convert a value (an error when it is none), and its name."""

    convert: Callable[[Any], Any]
    allowed: str


class Cross(NamedTuple):
    """A check of several variables; it runs when each of them is sound by itself."""

    names: tuple[str, ...]
    problems: Callable[..., Iterator[str]]


class Place(NamedTuple):
    """Where a value is: as a person reads it, and as RULES spells it."""

    label: str
    path: str

    def item(self, index: int) -> Place:
        return Place(f"{self.label}[{index}]", f"{self.path}[]")

    def option(self, name: str) -> Place:
        return Place(f"{self.label}.{name}", f"{self.path}.{name}")

    def name(self) -> Place:
        return Place(f"A name in {self.label}", f"{self.path}{{}}")

    def value(self, name: object) -> Place:
        return Place(f"{self.label}.{_name_shown(self, name)}", f"{self.path}.*")

    @property
    def hidden(self) -> bool:
        return self.path.startswith(HIDDEN) and not self.path.endswith("{}")


# --- words ---


def shown(value: object) -> str:
    """A value as a sentence quotes it: short, on one line, without passwords and keys."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = value if isinstance(value, str) else repr(value)
    text = re.sub(r"://[^/@\s]+@", "://***@", text)
    text = re.sub(r"(-----BEGIN [A-Z ]+-----).*", r"\1...", text, flags=re.DOTALL)
    short = text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
    return repr(short) if isinstance(value, str) else short


def sentence(label: str, value: object, allowed: str) -> str:
    return f"{label} is {shown(value)}; allowed is {allowed}."


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like this one; empty when none is known."""
    bare = {
        candidate[len(PREFIX) :] if candidate.startswith(PREFIX) else candidate: candidate
        for candidate in known
    }
    word = name[len(PREFIX) :] if name.startswith(PREFIX) else name
    found = difflib.get_close_matches(word, sorted(bare), n=1, cutoff=0)
    return bare[found[0]] if found else ""


def listed(words: Iterable[object], last: str = "or") -> str:
    *head, tail = [str(word) for word in words]
    return f"{', '.join(head)} {last} {tail}" if head else tail


def _name_shown(place: Place, name: object) -> str:
    """The name of a mapping's entry; of a secret only what stands before an equals sign."""
    text = str(name)
    if place.path.startswith(HIDDEN):
        text = text.partition("=")[0]
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _complaint(place: Place, value: object, allowed: str) -> str:
    if place.hidden:
        return f"{place.label} is {REDACTED}; allowed is {allowed}."
    return sentence(place.label, value, allowed)


# --- types ---


def _to_text(value: Any) -> str:
    if isinstance(value, (bool, float)) or not isinstance(value, (str, int)):
        raise TypeError
    return str(value)


def _to_whole(value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"\s*[+-]?\d+\s*", str(value), re.ASCII):
        raise ValueError
    return int(value)


def _to_truth(value: Any) -> bool:
    word = str(value).lower() if isinstance(value, (bool, int, str)) else ""
    if word in ("true", "yes", "on", "1"):
        return True
    if word in ("false", "no", "off", "0"):
        return False
    raise ValueError


def _to_list(value: Any) -> list[Any]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    return list(value)


def _to_mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    return dict(value)


KINDS: dict[str, Kind] = {
    "str": Kind(_to_text, "text"),
    "path": Kind(_to_text, "a path"),
    "int": Kind(_to_whole, "a whole number"),
    "bool": Kind(_to_truth, "true or false"),
    "list": Kind(_to_list, "a list"),
    "dict": Kind(_to_mapping, "a mapping of names to values"),
}


# What YAML makes of a word that is written without quotes.
SPELT: dict[str, dict[Any, str]] = {
    "streaming_api_proxy_cache": {False: "off"},
    "streaming_api_locations[].proxy_cache": {False: "off"},
}


# --- tests that the rules are made of ---


def like(pattern: str, allowed: str) -> Rule:
    return Rule(lambda value: re.fullmatch(pattern, str(value), re.ASCII) is not None, allowed)


def at_least(low: int, unit: str = "") -> Rule:
    return Rule(lambda value: value >= low, f"a whole number{unit}, {low} or more")


def between(low: int, high: int, unit: str = "") -> Rule:
    return Rule(lambda value: low <= value <= high, f"a whole number{unit} from {low} to {high}")


def none_of(words: Iterable[str], allowed: str) -> Rule:
    refused = frozenset(words)
    return Rule(lambda value: str(value).lower() not in refused, allowed)


def is_requirement(text: str) -> bool:
    """Roughly PEP 508: a name, then extras, versions or a URL, then a marker."""
    return re.fullmatch(_REQUIREMENT, text.strip(), re.ASCII) is not None


def is_relative(path: object) -> bool:
    """A file below a directory: not absolute, never upwards."""
    text = str(path)
    parts = text.split("/")
    return text.isprintable() and not {"", "..", "."} & set(parts) and "\\" not in text


def _is_scalar(value: object) -> bool:
    return (
        isinstance(value, (str, int, float))
        and not isinstance(value, bool)
        and "\0" not in str(value)
    )


def _is_line(value: object) -> bool:
    """One value, or a list of them, that stays on its line of a unit."""
    values = value if isinstance(value, list) else [value]
    return all(
        isinstance(each, (str, int, float))
        and str(each).isprintable()
        and not str(each).endswith("\\")
        for each in values
    )


def _is_threshold(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return re.fullmatch(r"[0-9a-fA-F.:]+(/\d+)?", text) is not None


def _is_app(text: str) -> bool:
    module, colon, attribute = text.partition(":")
    words = [*module.split("."), attribute]
    return bool(colon) and all(
        word.isidentifier() and not keyword.iskeyword(word) for word in words
    )


def _is_pem_or_path(text: str, kind: str) -> bool:
    """PEM text of this kind, or an absolute path that needs no quotes."""
    if text.lstrip().startswith("-----BEGIN "):
        return f"{kind}-----" in text and "-----END " in text
    return re.fullmatch(_ABSOLUTE, text, re.ASCII) is not None


def _is_complete(directives: str) -> bool:
    """Each directive ends, and no brace opens or closes more than is there."""
    bare = re.sub(_QUOTED_OR_COMMENT, "", directives).strip()
    depth = 0
    for char in bare:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0 and bare[-1:] in ("", ";", "}")


_ABSOLUTE = r"(?!.*/\.\.(/|$))(/[A-Za-z0-9._@+-]+)+/?"
_QUOTED_OR_COMMENT = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|(?<!\S)#[^\n]*"
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_CLAUSE = r"\s*(===|~=|==|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*"
_REQUIREMENT = (
    r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
    r"\s*(\[[A-Za-z0-9._,\s-]*\])?"
    rf"\s*(\(?{_CLAUSE}(,{_CLAUSE})*\)?|@\s*[a-z+]+://[A-Za-z0-9._~:/?#@!&*+,=%-]+)?"
    r"(\s*;[A-Za-z0-9_.'\"<>=!~(),\s-]+)?"
)

# --- the rules ---

# Units, users and login users of the supported distributions, and of what runs beside an app.
TAKEN = set(
    """
    adm admin apache apache2 apt audit autovt avahi backup bin caddy certbot chrony cloud-init
    container-getty containerd cron crond daemon dbus debian dev docker ec2-user fail2ban games
    getty gnats haproxy irc journald kernel landscape list logrotate lp lxd mail man memcached
    messagebus modprobe mongodb mysql networking news nginx nobody ntp pollinate polkitd postfix
    postgres postgresql proxy redis resolvconf root rsync rsyslog serial-getty snapd ssh sshd
    staff sudo sync sys syslog systemd tcpdump tty ubuntu udev ufw user user-runtime-dir users
    uuidd uucp vagrant varnish www-data
    """.split()  # noqa: SIM905 - words are easier to read than quotes
)
WSGI_WORKERS = ("sync", "gthread", "gevent", "gevent_pywsgi", "gevent_wsgi", "eventlet", "tornado")

_NAME = "1 to 24 lower-case letters, digits and hyphens, a letter first"
_APP = "module:attribute in Python's names, such as main:app"
_ACCOUNT = like(
    r"[a-z_][a-z0-9_-]{0,31}", "a user's name: lower-case letters, digits, - and _, at most 32"
)
_REQUIREMENT_RULE = Rule(is_requirement, "a requirement such as datasette==0.65.2")
_NO_PASSWORD = Rule(
    lambda text: re.search(r"://[^/]*@", text) is None,
    "a requirement without a password; put that into streaming_api_build_environment",
)
_URL_PATH = like(r"/[!-~]*", "a path that begins with /, without spaces")
_SECONDS = at_least(1, " of seconds")
_NGINX_SECONDS = between(1, 2147483, " of seconds")
_FILES = at_least(1024)
_VARIABLE_NAME = like(r"[A-Za-z_][A-Za-z0-9_]*", "letters, digits and _, no digit first")
_VARIABLE_VALUE = Rule(_is_scalar, "text or a number; true, yes, on and the like in quotes")
_DIRECTIVES = Rule(_is_complete, "whole directives: each ends with ; and each { has its }")
_HOST_PATH = like(_ABSOLUTE, "an absolute path of letters, digits and ._@+-, never upwards")

RULES: dict[str, tuple[Rule, ...]] = {
    "streaming_api_name": (
        like(r"[a-z][a-z0-9-]{0,23}", _NAME),
        none_of(TAKEN, f"{_NAME}, but not the name of a system's unit or user"),
        like(
            r"(?!systemd-).*(?<!-build)(?<!-drain)(?<!-deploy)",
            f"{_NAME}, not systemd-... and not ...-build, -drain or -deploy, an app's own helpers",
        ),
    ),
    "streaming_api_app": (
        Rule(
            lambda app: not app.endswith(")"),
            f"{_APP}; for a function set streaming_api_app_factory",
        ),
        Rule(lambda app: ".py:" not in app and "/" not in app, f"{_APP}, not the path of a file"),
        Rule(_is_app, _APP),
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
    "streaming_api_server_packages[]": (_REQUIREMENT_RULE, _NO_PASSWORD),
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
            rf"{_ABSOLUTE}(?<!/)|3(\.\d+){{0,2}}t?", "an absolute path or a version such as '3.13'"
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
    "streaming_api_root": (_HOST_PATH,),
    "streaming_api_user": (_ACCOUNT, none_of(("root",), "a user's name, but not root")),
    "streaming_api_keep_releases": (at_least(1),),
    "streaming_api_drain_timeout": (_SECONDS,),
    "streaming_api_stop_timeout": (_SECONDS,),
    "streaming_api_max_draining": (at_least(1),),
    "streaming_api_release": (
        like(r"(previous|[0-9a-f]{12})?", "previous or a release's id, 12 hexadecimal digits"),
    ),
    "streaming_api_start_timeout": (_SECONDS,),
    "streaming_api_health_path": (_URL_PATH,),
    "streaming_api_workers": (at_least(0),),
    "streaming_api_worker_class": (
        like(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", "uvicorn, asgi or module.Class"),
        none_of(WSGI_WORKERS, "uvicorn, asgi or module.Class of a worker that serves ASGI"),
    ),
    "streaming_api_worker_timeout": (_SECONDS,),
    "streaming_api_backlog": (between(1, 2147483647),),
    "streaming_api_gunicorn_settings{}": (
        like(r"[a-z_][a-z0-9_]*", "a setting's name in gunicorn.conf.py"),
    ),
    "streaming_api_limit_nofile": (_FILES,),
    "streaming_api_writable_paths[]": (_HOST_PATH,),
    "streaming_api_service_settings{}": (
        like(r"[A-Z][A-Za-z0-9]*", "a directive of a unit's [Service] section"),
    ),
    "streaming_api_service_settings.*": (
        Rule(_is_line, "text of one line, a number, or a list of such"),
    ),
    "streaming_api_server_names[]": (
        like(
            rf"(?=.{{1,253}}$)(\*\.|\.)?{_LABEL}(\.{_LABEL})*(\.\*)?",
            "a host name such as chat.example.org or *.example.org",
        ),
        none_of(("_",), "a host name; with no name at all the app is the default server"),
    ),
    "streaming_api_http_port": (between(1, 65535),),
    "streaming_api_https_port": (between(1, 65535),),
    "streaming_api_tls_certificate": (
        Rule(
            lambda text: _is_pem_or_path(text, "CERTIFICATE"),
            "PEM text of a certificate, or an absolute path",
        ),
    ),
    "streaming_api_tls_key": (
        Rule(
            lambda text: text in ("pem", "path", REDACTED) or _is_pem_or_path(text, "PRIVATE KEY"),
            "PEM text of a private key, or an absolute path",
        ),
    ),
    "streaming_api_trusted_proxies[]": (
        Rule(_is_network, "an address or a network such as 10.0.0.0/8"),
    ),
    "streaming_api_locations": (Rule(bool, "a list of at least one location"),),
    "streaming_api_locations[].path": (
        like(
            r"((=|\^~)\s*)?/[^\s;{}\"'`#\\]*|~\*?\s*[^\s;{}\"'`#~*][^\s;{}\"'`#]*",
            "a location such as /api/, = /events or ~ ^/v1/, without space, quote, ; or brace",
        ),
    ),
    "streaming_api_locations[].extra": (_DIRECTIVES,),
    "streaming_api_keepalive_connections": (at_least(1),),
    "streaming_api_server_extra": (_DIRECTIVES,),
    "streaming_api_site_template": (like(r"[^\x00-\x1f]+", "the path of a template"),),
    "streaming_api_nginx_worker_processes": (
        like(r"auto|[1-9]\d*", "auto or a whole number, 1 or more"),
    ),
    "streaming_api_nginx_worker_connections": (_FILES,),
    "streaming_api_nginx_worker_rlimit_nofile": (_FILES,),
    "streaming_api_nginx_user": (_ACCOUNT,),
    "streaming_api_proof_paths[]": (_URL_PATH,),
    "streaming_api_proof_thresholds{}": (
        Rule(lambda name: name in Thresholds._fields, f"one of {listed(Thresholds._fields)}"),
    ),
    "streaming_api_proof_thresholds.*": (Rule(_is_threshold, "seconds or a ratio, 0 or more"),),
    "streaming_api_public_url": (
        like(
            rf"(https?://{_LABEL}(\.{_LABEL})*(:\d{{1,5}})?(/[!-~]*)?)?",
            "https://name, or http://, with a port and a path if need be",
        ),
    ),
}

# The same for the whole site and for one location.
RULES.update(
    (prefix + path, rules)
    for prefix in (PREFIX, "streaming_api_locations[].")
    for path, rules in {
        "proxy_cache": (like(r"[A-Za-z0-9_.-]+", "off or the name of a cache zone"),),
        "proxy_read_timeout": (_NGINX_SECONDS,),
        "proxy_send_timeout": (_NGINX_SECONDS,),
        "proxy_headers{}": (
            like(r"[A-Za-z0-9_-]+", "a header's name: letters, digits, - and _"),
            none_of(
                ("connection", "upgrade"),
                "any header but Connection and Upgrade, "
                "which streaming_api_proxy_keepalive and streaming_api_websocket set",
            ),
        ),
        "proxy_headers.*": (
            Rule(
                lambda value: (
                    _is_scalar(value)
                    and re.fullmatch(r"([^\x00-\x1f\x7f;{}\"'\\]|\$\{\w+\})*", str(value))
                    is not None
                ),
                "text of one line or a number, without quotes, ;, braces or backslash",
            ),
        ),
    }.items()
)

# Names in a mapping that the role sets itself, and what to do or to know instead.
MANAGED: dict[str, dict[str, str]] = {
    "streaming_api_gunicorn_settings": {
        "bind": "the release has a socket unit",
        "workers": "use streaming_api_workers",
        "worker_class": "use streaming_api_worker_class",
        "timeout": "use streaming_api_worker_timeout",
        "graceful_timeout": "use streaming_api_stop_timeout",
        "backlog": "use streaming_api_backlog",
        "max_requests": "a worker that restarts cuts its streams",
        "max_requests_jitter": "a worker that restarts cuts its streams",
        "control_socket": "the unit's sandbox has no place for it",
        "control_socket_disable": "the unit's sandbox has no place for it",
        "wsgi_app": "use streaming_api_app",
        "raw_env": "use streaming_api_environment",
        "user": "use streaming_api_user",
        "group": "use streaming_api_user",
        "chdir": "the app runs in its release's directory",
        "daemon": "systemd runs it in the foreground",
        "pidfile": "systemd knows the process",
        "reload": "a running release never changes",
        "certfile": "use streaming_api_tls_certificate",
        "keyfile": "use streaming_api_tls_key",
    },
    "streaming_api_service_settings": {
        "Type": "Gunicorn tells systemd when it is ready",
        "ExecStart": "use streaming_api_app",
        "User": "use streaming_api_user",
        "Environment": "use streaming_api_environment",
        "EnvironmentFile": "use streaming_api_environment and streaming_api_secrets",
        "LimitNOFILE": "use streaming_api_limit_nofile",
        "TimeoutStartSec": "use streaming_api_start_timeout",
        "TimeoutStopSec": "use streaming_api_stop_timeout",
    },
    "streaming_api_environment": {"GUNICORN_CMD_ARGS": "use streaming_api_gunicorn_settings"},
    "streaming_api_secrets": {"GUNICORN_CMD_ARGS": "use streaming_api_gunicorn_settings"},
}


# --- several variables ---

ORIGINS = ("streaming_api_source", "streaming_api_git_url", "streaming_api_package")


def is_wheel_path(package: str) -> bool:
    """The path of a wheel, not a requirement that has the URL of one."""
    return package.endswith(".whl") and "://" not in package and package.isprintable()


def _one_origin(*values: str | None) -> Iterator[str]:
    given = [f"{name} is {shown(value)}" for name, value in zip(ORIGINS, values) if value]
    if len(given) != 1:
        what = listed(given, "and") if given else f"None of {listed(ORIGINS, 'and')} is given"
        yield f"{what}; allowed is exactly one of {listed(ORIGINS, 'and')}."


def _git_version(url: str | None, version: str) -> Iterator[str]:
    if version != "HEAD" and not url:
        yield sentence(
            "streaming_api_git_version", version, "a version only beside streaming_api_git_url"
        )


def _certificate(tls: str, certificate: str | None, key: str | None) -> Iterator[str]:
    for name, given in (
        ("streaming_api_tls_certificate", certificate),
        ("streaming_api_tls_key", key),
    ):
        if tls == "provided" and not given:
            yield f"{name} is missing; with streaming_api_tls 'provided' it is {_allowed(name)}."
        if tls != "provided" and given:
            yield sentence("streaming_api_tls", tls, f"'provided', since {name} is given")


def _pem_and_path(certificate: str | None, key: str | None) -> Iterator[str]:
    if (
        certificate
        and key
        and certificate.startswith("/") != (key == "path" or key.startswith("/"))
    ):
        allowed = "an absolute path" if certificate.startswith("/") else "PEM text"
        yield (
            f"streaming_api_tls_key is {REDACTED}; "
            f"allowed is {allowed}, as streaming_api_tls_certificate is."
        )


def _ports(tls: str, http: int, https: int) -> Iterator[str]:
    if tls != "none" and http == https:
        yield sentence(
            "streaming_api_https_port", https, "a port other than that of streaming_api_http_port"
        )


def _secret_names(environment: Mapping[str, Any], secrets: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(set(environment) & set(secrets)):
        yield (
            f"{name} is in streaming_api_environment and in streaming_api_secrets; "
            "allowed is a name in one of the two."
        )


def _location_paths(locations: list[Mapping[str, Any]]) -> Iterator[str]:
    seen: set[str] = set()
    for index, location in enumerate(locations):
        path = re.sub(r"^\^~|\s", "", location["path"])
        if path in seen:
            yield sentence(
                f"streaming_api_locations[{index}].path",
                location["path"],
                "a path that no other location has",
            )
        seen.add(path)


def _server_names(names: list[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        if name.lower() in (earlier.lower() for earlier in names[:index]):
            yield sentence(f"streaming_api_server_names[{index}]", name, "each name once")


def _build_user(name: str, user: str | None) -> Iterator[str]:
    if user == f"{name}-build":
        yield sentence("streaming_api_user", user, "any user but the one that builds the app")


def _nginx_files(connections: int, files: int) -> Iterator[str]:
    if files < connections:
        yield sentence(
            "streaming_api_nginx_worker_rlimit_nofile",
            files,
            f"at least streaming_api_nginx_worker_connections, {connections}",
        )


def _default_site(kept: bool, names: list[str]) -> Iterator[str]:
    if kept and not names:
        yield (
            "streaming_api_nginx_default_site is true; allowed is false as long as there are no "
            "streaming_api_server_names, since then the app is the default server itself."
        )


def _proof(proof: bool, probe: bool, paths: list[str]) -> Iterator[str]:
    if proof and not probe and not paths:
        yield (
            "streaming_api_proof is true; allowed is false as long as streaming_api_probe is false "
            "and there are no streaming_api_proof_paths, since nothing could be measured."
        )


def _managed(variable: str) -> Cross:
    """The check that a mapping leaves alone what the role sets itself."""

    def problems(entries: Mapping[str, Any]) -> Iterator[str]:
        for name, instead in MANAGED[variable].items():
            if name in entries:
                place = Place(variable, variable).value(name)
                allowed = f"only what the role leaves open, not this: {instead}"
                yield _complaint(place, entries[name], allowed)

    return Cross((variable,), problems)


CROSS: tuple[Cross, ...] = (
    Cross(ORIGINS, _one_origin),
    Cross(("streaming_api_git_url", "streaming_api_git_version"), _git_version),
    Cross(
        ("streaming_api_tls", "streaming_api_tls_certificate", "streaming_api_tls_key"),
        _certificate,
    ),
    Cross(("streaming_api_tls", "streaming_api_http_port", "streaming_api_https_port"), _ports),
    Cross(("streaming_api_tls_certificate", "streaming_api_tls_key"), _pem_and_path),
    Cross(("streaming_api_environment", "streaming_api_secrets"), _secret_names),
    Cross(("streaming_api_locations",), _location_paths),
    Cross(("streaming_api_server_names",), _server_names),
    Cross(("streaming_api_name", "streaming_api_user"), _build_user),
    Cross(
        ("streaming_api_nginx_worker_connections", "streaming_api_nginx_worker_rlimit_nofile"),
        _nginx_files,
    ),
    Cross(("streaming_api_nginx_default_site", "streaming_api_server_names"), _default_site),
    Cross(("streaming_api_proof", "streaming_api_probe", "streaming_api_proof_paths"), _proof),
    *(_managed(variable) for variable in MANAGED),
)


# --- the check ---

Options = Mapping[str, Mapping[str, Any]]


def check(values: Mapping[str, Any], spec: Options) -> Checked:
    """Check the user's variables against the spec's options and the tables above."""
    given = {
        name: value for name, value in values.items() if not _is_left_out(value, spec.get(name))
    }
    settings, problems = _check_options(given, spec, lambda name: Place(name, name))
    for names, crossing in CROSS:
        if all(name in settings for name in names):
            problems.extend(crossing(*(settings[name] for name in names)))
    return Checked(settings, problems)


def _is_left_out(value: Any, option: Mapping[str, Any] | None) -> bool:
    """Empty where there is no default: what templating makes of a variable that is not set."""
    if option is None or "default" in option or option.get("required"):
        return False
    return value is None or value == ""


def _check_options(
    values: Mapping[str, Any], options: Options, at: Callable[[str], Place]
) -> Checked:
    checked = Checked({}, list(_unknown(values, options, at)))
    for name, option in options.items():
        if name in values:
            settled, problems = _check_value(at(name), values[name], option)
        else:
            settled, problems = _default(option), list(_missing(at(name), option))
        checked.problems.extend(problems)
        if not problems:
            checked.settings[name] = settled
    return checked


def _missing(place: Place, option: Mapping[str, Any]) -> Iterator[str]:
    if option.get("required"):
        allowed = _allowed(place.path, option)
        yield f"{place.label} is missing; it is required, and allowed is {allowed}."


def _default(option: Mapping[str, Any]) -> Any:
    """The spec's default; None for one that only a host's templating knows."""
    default = option.get("default")
    return None if isinstance(default, str) and "{{" in default else default


def _unknown(
    values: Mapping[str, Any], options: Options, at: Callable[[str], Place]
) -> Iterator[str]:
    for name in values:
        if name not in options:
            near = at(nearest(str(name), options)).label
            yield f"{at(str(name)).label} is unknown; the nearest known name is {near}."


def _check_value(place: Place, value: Any, option: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The converted value and its problems."""
    kind = option.get("type", "str")
    if isinstance(value, bool):
        value = SPELT.get(place.path, {}).get(value, value)
    try:
        settled = KINDS[kind].convert(value)
    except (TypeError, ValueError):
        quotes = (
            ", in quotes" if kind in ("str", "path") and isinstance(value, (bool, float)) else ""
        )
        return None, [_complaint(place, value, _allowed(place.path, option) + quotes)]
    choices = option.get("choices")
    if choices and settled not in choices:
        return None, [_complaint(place, value, listed(choices))]
    broken = _broken_rule(place, settled)
    if broken:
        return None, [_complaint(place, settled, broken.allowed)]
    return _check_inside(place, settled, option)


def _check_inside(place: Place, value: Any, option: Mapping[str, Any]) -> tuple[Any, list[str]]:
    if isinstance(value, list):
        element = {**option, "type": option.get("elements", "str")}
        pairs = [_check_value(place.item(index), each, element) for index, each in enumerate(value)]
        return [settled for settled, _ in pairs], [
            problem for _, found in pairs for problem in found
        ]
    if isinstance(value, dict) and option.get("options"):
        return _check_options(value, option["options"], place.option)
    if isinstance(value, dict):
        return value, list(_check_entries(place, value))
    return value, []


def _check_entries(place: Place, entries: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in entries.items():
        broken = _broken_rule(place.name(), name)
        if broken:
            yield _complaint(place.name(), _name_shown(place, name), broken.allowed)
            continue
        redacted = place.hidden and value == REDACTED
        broken = None if redacted else _broken_rule(place.value(name), value)
        if broken:
            yield _complaint(place.value(name), value, broken.allowed)


def _broken_rule(place: Place, value: Any) -> Rule | None:
    return next((rule for rule in RULES.get(place.path, ()) if not rule.holds(value)), None)


def _allowed(path: str, option: Mapping[str, Any] | None = None) -> str:
    """What may stand at a path, in words: its plainest rule, its choices or its type."""
    option = option or {}
    if path in RULES:
        return min((rule.allowed for rule in RULES[path]), key=len)
    if option.get("choices"):
        return listed(option["choices"])
    kind = option.get("type", "str")
    if kind == "list" and f"{path}[]" in RULES:
        return f"a list, each item {_allowed(path + '[]')}"
    return KINDS[kind].allowed
