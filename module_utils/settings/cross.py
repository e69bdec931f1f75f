# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Checks across several variables."""

from __future__ import annotations

import re
from typing import Any, Callable, Iterator, Mapping, NamedTuple

from . import edge, paths
from .allowed import allowed_at
from .managed import MANAGED, OF_A_PROCESS
from .place import REDACTED, Place, complaint
from .words import listed, sentence, shown

ORIGINS = ("streaming_api_source", "streaming_api_git_url", "streaming_api_package")


LONGEST_WAIT = 600  # seconds; a deploy holds its lock for an hour


class Cross(NamedTuple):
    """A check across several variables; it runs if each variable is valid by itself."""

    names: tuple[str, ...]
    problems: Callable[..., Iterator[str]]


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


def _certificate(tls: str, certificate: str | None, key: str | None, site_of: str) -> Iterator[str]:
    if site_of:
        return  # the server has the certificate of the app whose site it is
    for name, given in (
        ("streaming_api_tls_certificate", certificate),
        ("streaming_api_tls_key", key),
    ):
        if tls == "provided" and not given:
            yield f"{name} is missing; with streaming_api_tls 'provided' it is {allowed_at(name)}."
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


def _acme_names(tls: str, names: list[str]) -> Iterator[str]:
    if tls != "acme":
        return
    if not names:
        yield (
            "streaming_api_nginx_server_names is []; with streaming_api_tls 'acme' it is at least "
            "one host name, for which the CA gives the certificate."
        )
    for index, name in enumerate(names):
        if "*" in name or name.startswith("."):
            yield sentence(
                f"streaming_api_nginx_server_names[{index}]",
                name,
                "a whole host name with streaming_api_tls 'acme': the CA asks each name over HTTP",
            )


def _ports(tls: str, http: int, https: int) -> Iterator[str]:
    if tls != "none" and http == https:
        yield sentence(
            "streaming_api_nginx_https_port",
            https,
            "a port other than that of streaming_api_nginx_http_port",
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
                f"streaming_api_nginx_locations[{index}].path",
                location["path"],
                "a path that no other location has",
            )
        seen.add(path)


def _server_names(names: list[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        if name.lower() in (earlier.lower() for earlier in names[:index]):
            yield sentence(f"streaming_api_nginx_server_names[{index}]", name, "each name once")


def _build_user(name: str, user: str | None) -> Iterator[str]:
    if user == f"{name}-build":
        yield sentence("streaming_api_user", user, "any user but the one that builds the app")


def _default_site(kept: bool, names: list[str]) -> Iterator[str]:
    if kept and not names:
        yield (
            "streaming_api_nginx_default_site is true; allowed is false as long as there are no "
            "streaming_api_nginx_server_names, since then the app itself is the default server."
        )


def _proof(proof: bool, probe: bool, paths: list[str]) -> Iterator[str]:
    if proof and not probe and not paths:
        yield (
            "streaming_api_proof is true; allowed is false as long as streaming_api_probe is false "
            "and there are no streaming_api_proof_paths, since nothing could be measured."
        )


def _monitor(monitor: bool, probe: bool, page: bool) -> Iterator[str]:
    if monitor and not probe:
        yield (
            "streaming_api_monitor is true; allowed is false as long as streaming_api_probe is "
            "false, since the monitor reads the probe."
        )
    if page and not monitor:
        yield (
            "streaming_api_status_page is true; allowed is false as long as streaming_api_monitor "
            "is false, since the page shows what the monitor finds."
        )


def _processes(processes: list[Mapping[str, Any]]) -> Iterator[str]:
    names: set[str] = set()
    for index, one in enumerate(processes):
        at = f"streaming_api_processes[{index}]"
        if one["name"] in names:
            yield sentence(f"{at}.name", one["name"], "a name that no other process has")
        names.add(one["name"])
        if one["single"] and one["stop_timeout"] > LONGEST_WAIT:
            yield sentence(
                f"{at}.stop_timeout",
                one["stop_timeout"],
                f"at most {LONGEST_WAIT} s for a single process: a switch waits for its end",
            )
        for name in OF_A_PROCESS:
            if name in one["settings"]:
                allowed = f"only a name that the role does not set itself: {OF_A_PROCESS[name]}"
                yield sentence(f"{at}.settings.{name}", one["settings"][name], allowed)


def _managed(variable: str) -> Cross:
    """Check that a mapping has no name that the role sets itself."""

    def problems(entries: Mapping[str, Any]) -> Iterator[str]:
        for name, instead in MANAGED[variable].items():
            if name in entries:
                place = Place(variable, variable).value(name)
                allowed = f"only a name that the role does not set itself: {instead}"
                yield complaint(place, entries[name], allowed)

    return Cross((variable,), problems)


CROSS: tuple[Cross, ...] = (
    Cross(ORIGINS, _one_origin),
    Cross(("streaming_api_git_url", "streaming_api_git_version"), _git_version),
    Cross(
        (
            "streaming_api_tls",
            "streaming_api_tls_certificate",
            "streaming_api_tls_key",
            "streaming_api_nginx_site_of",
        ),
        _certificate,
    ),
    Cross(("streaming_api_tls", "streaming_api_nginx_server_names"), _acme_names),
    Cross(
        ("streaming_api_tls", "streaming_api_nginx_http_port", "streaming_api_nginx_https_port"),
        _ports,
    ),
    Cross(("streaming_api_tls_certificate", "streaming_api_tls_key"), _pem_and_path),
    Cross(("streaming_api_environment", "streaming_api_secrets"), _secret_names),
    Cross(("streaming_api_nginx_locations",), _location_paths),
    Cross(("streaming_api_nginx_server_names",), _server_names),
    Cross(("streaming_api_processes",), _processes),
    Cross(("streaming_api_name", "streaming_api_user"), _build_user),
    Cross(("streaming_api_nginx_default_site", "streaming_api_nginx_server_names"), _default_site),
    Cross(("streaming_api_proof", "streaming_api_probe", "streaming_api_proof_paths"), _proof),
    Cross(
        ("streaming_api_monitor", "streaming_api_probe", "streaming_api_status_page"),
        _monitor,
    ),
    Cross(
        (
            "streaming_api_edge",
            "streaming_api_nginx_trusted_proxies",
            "streaming_api_tls",
            "streaming_api_edge_client_ca",
            "streaming_api_edge_idle_timeout",
        ),
        edge.combination,
    ),
    Cross(
        (
            "streaming_api_edge",
            "streaming_api_nginx_server_names",
            "streaming_api_nginx_refuse_unknown_names",
        ),
        edge.health_checks,
    ),
    Cross(
        (
            "streaming_api_edge",
            "streaming_api_nginx_server_extra",
            "streaming_api_nginx_locations",
        ),
        edge.own_directives,
    ),
    Cross(("streaming_api_nginx_server_extra",), edge.http3),
    Cross(("streaming_api_name", "streaming_api_nginx_site_of"), paths.another_app),
    Cross(("streaming_api_nginx_path", "streaming_api_nginx_locations"), paths.locations),
    Cross(
        (
            "streaming_api_nginx_path",
            "streaming_api_nginx_strip_path",
            "streaming_api_health_path",
            "streaming_api_proof_paths",
        ),
        paths.own_paths,
    ),
    Cross(
        (
            "streaming_api_root_path",
            "streaming_api_gunicorn_worker_class",
            "streaming_api_nginx_path",
            "streaming_api_nginx_strip_path",
        ),
        paths.root_path,
    ),
    *(_managed(variable) for variable in MANAGED),
)
