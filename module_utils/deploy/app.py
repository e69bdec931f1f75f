# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Turn the checked variables into the form that the later steps of a deploy need."""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path
from typing import Any, Mapping, NamedTuple
from urllib.parse import urlsplit

from . import edge, full, monitor, paths, process, request, site
from .places import CERTIFICATES, TOOLS, WEBROOT, Places, digest

UV_VERSION = "0.13.9"
UV = f"{TOOLS}/uv-{UV_VERSION}"
PACKAGES = ("ca-certificates", "nginx", "python3-packaging", "python3-venv")
OF_A_LOCATION = (
    "proxy_buffering",
    "proxy_cache",
    "proxy_keepalive",
    "chunked_transfer_encoding",
    "proxy_read_timeout",
    "proxy_send_timeout",
    "gzip",
    "proxy_headers",
    "websocket",
)


class Source(NamedTuple):
    """Where the source is on the controller.

    ``path`` is a directory or a wheel, '' if the app is a package of an index. If ``git_url`` is
    set, the role fetches it to ``path`` first. ``shown`` is the source for the manifest. Neither
    has a password.
    """

    path: str
    git_url: str
    git_version: str
    shown: str


class Certificate(NamedTuple):
    """The files of the TLS certificate on the host. ``made_by_role``: the role writes them.

    ``issued`` is the file that says that a CA has issued the certificate, ``webroot`` where Nginx
    answers the CA from. Both are '' without a CA.
    """

    certificate: str
    key: str
    made_by_role: bool
    issued: str = ""
    webroot: str = ""


class App(NamedTuple):
    """What a deploy needs to know about the app. Contains no secret.

    A guest, an app in the site of another app, has no ``ports`` and no certificate.
    """

    name: str
    root: str
    home: str
    user: str
    build_user: str
    identifier: str
    scheme: str
    port: int  # where readers connect: HTTPS if there is TLS
    ports: dict[str, int]  # of the app's own servers, by the variable that sets each
    server_name: str  # of our own requests
    headers: dict[str, str]  # with which our own requests come to the app's socket
    path: str  # of the app on its server; the locations are below it
    stripped: str  # what Nginx takes away from the begin of each path
    root_path: str  # what the app is told to put before its paths in links
    site_of: str  # the app whose guest this one is, or ''
    guests: str  # the directory of the guests' files
    taken: dict[str, str]  # its locations on the server, each with the variable that sets it
    shared: dict[str, Any]  # what it must have in common with its guests, by variable
    locations: list[dict[str, Any]]
    bare: dict[str, Any] | None  # the location of the path without its last slash
    guest_lines: list[str]  # of its place in the site of another app
    service_lines: list[str]
    processes: list[dict[str, Any]]
    server_lines: list[str]  # of the site's server block
    head_lines: list[str]  # of its other servers: what Nginx needs before it knows the server
    zone_lines: list[str]
    full_blocks: list[str]  # what refuses streams when the app has all that it may have
    refusal_tls_lines: list[str]
    hsts: str
    build_lines: list[str]
    packages: list[str]
    users: list[dict[str, str]]
    source: Source
    certificate: Certificate
    edge: edge.Edge
    monitor: monitor.Monitor
    probe_token_file: str
    uv: str

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> App:
        """From JSON."""
        nested = {
            "source": Source(**fields["source"]),
            "certificate": Certificate(**fields["certificate"]),
            "edge": edge.Edge(**fields["edge"]),
            "monitor": monitor.Monitor(**fields["monitor"]),
        }
        return cls(**{**fields, **nested})

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        nested = ("source", "certificate", "edge", "monitor")
        return {**self._asdict(), **{name: getattr(self, name)._asdict() for name in nested}}

    @property
    def places(self) -> Places:
        return Places(self.name, self.root)


def app(settings: Mapping[str, Any], base: str, cache: str, program: str = "") -> App:
    """Describe the app.

    ``settings`` are the variables, checked and converted, by their full names. Relative paths are
    relative to ``base``; ``cache`` is a directory of the controller. ``program`` is
    the version of the monitor's files.
    """
    given = {name[len("streaming_api_") :]: value for name, value in settings.items()}
    name, tls = given["name"], given["tls"] != "none"
    places = Places(name, given["root"])
    user = given["user"] or name
    if given["nginx_site_of"]:
        given["edge_client_ca"] = None  # the server asks for certificates
    ports = {"streaming_api_nginx_http_port": given["nginx_http_port"]}
    if tls:
        ports["streaming_api_nginx_https_port"] = given["nginx_https_port"]
    scheme, server_name = "https" if tls else "http", _server_name(given["nginx_server_names"])
    locations = [_location(location, given) for location in given["nginx_locations"]]
    fronts, hsts = edge.edge(given, identifier(name)), site.hsts(given)
    described = App(
        name=name,
        root=given["root"],
        home=places.home,
        user=user,
        build_user=f"{name}-build",
        identifier=identifier(name),
        scheme=scheme,
        port=list(ports.values())[-1],
        ports={} if given["nginx_site_of"] else ports,
        server_name=server_name,
        headers=request.headers(
            locations[0]["proxy_headers"],
            server_name,
            scheme,
            urlsplit(given["public_url"]).scheme or scheme,
        ),
        path=given["nginx_path"],
        stripped=paths.stripped(given),
        root_path=paths.root_path(given),
        site_of=given["nginx_site_of"],
        guests=places.guests,
        taken=paths.taken(given),
        shared=paths.shared(given),
        locations=locations,
        bare=_bare(given),
        guest_lines=site.guest_lines(given, identifier(name), [hsts, fronts.stream_header]),
        server_lines=site.server_lines(given, identifier(name)),
        head_lines=site.head_lines(given),
        zone_lines=site.zone_lines(given, identifier(name)),
        full_blocks=full.blocks(identifier(name)),
        refusal_tls_lines=site.tls_lines("intermediate"),
        hsts=hsts,
        service_lines=process.directives(dict(sorted(given["service_settings"].items()))),
        processes=[process.described(name, one) for one in given["processes"]],
        build_lines=process.directives(dict(sorted(given["build_settings"].items()))),
        packages=_packages(given),
        users=[
            {"name": user, "comment": f"Runs {name}", "home": places.state},
            {"name": f"{name}-build", "comment": f"Builds {name}", "home": places.build_cache},
        ],
        source=_source(given, base, cache),
        certificate=_certificate(given),
        edge=fronts,
        monitor=monitor.Monitor(),
        probe_token_file=places.probe_token,
        uv=UV,
    )
    return described._replace(monitor=monitor.monitor(described, given, program))


def _server_name(names: list[str]) -> str:
    first = names[0] if names else "localhost"
    return re.sub(r"^[.]", "", first.replace("*", "any"))


def _location(location: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """One location of the site. Options that it lacks come from the variables of the same name."""
    own = {name: value for name, value in location.items() if value is not None}
    found = {**{name: given[f"nginx_{name}"] for name in OF_A_LOCATION}, **own}
    found["path"] = paths.placed(given["nginx_path"], own["path"])
    found["target"] = paths.target(given, own["path"])
    found["proxy_headers"] = site.headers(given, found["proxy_headers"], identifier(given["name"]))
    found["repeats_headers"] = site.replaces_headers(found.get("extra", ""))
    repeats = full.replaces_error_pages(found.get("extra", ""))
    found["error_page"] = full.error_page(identifier(given["name"])) if repeats else ""
    return found


def _bare(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """An app that sees its whole path may answer the path without its last slash too."""
    bare = paths.bare(given["nginx_path"])
    if not bare or paths.stripped(given):
        return None
    return {**_location({"path": "/"}, given), "path": f"= {bare}"}


def identifier(name: str) -> str:
    """The app's name as a part of an Nginx variable."""
    return name.replace("-", "_")


def _packages(given: Mapping[str, Any]) -> list[str]:
    own = [*PACKAGES]
    if given["proof"]:
        own.append("python3-pycurl")
    if given["monitor"]:
        own += monitor.PACKAGES
    if not given["nginx_site_of"]:
        own += {"self_signed": ["openssl"], "acme": ["openssl", "certbot"]}.get(given["tls"], [])
    return list(dict.fromkeys([*own, *given["apt_packages"]]))


def _source(given: Mapping[str, Any], base: str, cache: str) -> Source:
    url, version = given.get("git_url") or "", given["git_version"]
    package = given.get("package") or ""
    wheel = package if package.endswith(".whl") and "://" not in package else ""
    local = given.get("source") or wheel
    path = str(Path(base) / Path(local).expanduser()) if local else ""
    if url:
        name = hashlib.sha256(f"{url} {version}".encode()).hexdigest()[:16]
        path = posixpath.join(cache, "git", name)
    shown = _without_password(url or package or local)
    return Source(path, _without_password(url), version if url else "", shown)


def _without_password(url: str) -> str:
    return re.sub(r"://[^/@]+@", "://", url)


def _certificate(given: Mapping[str, Any]) -> Certificate:
    """The certificate's files.

    The role writes certificate and key into one file and names it by its content. So both change
    at the same moment.
    """
    tls = given["tls"]
    certificate, key = given.get("tls_certificate") or "", given.get("tls_key") or ""
    if tls == "none" or given["nginx_site_of"]:
        return Certificate("", "", made_by_role=False)
    if tls == "provided" and "-----BEGIN" not in certificate:
        return Certificate(certificate, key, made_by_role=False)
    names = " ".join(given["nginx_server_names"])
    if tls == "acme":
        # One file for all times: a CA that is down must not take the present certificate away.
        file = f"{CERTIFICATES}/{given['name']}-acme.pem"
        issued = f"{file}.{digest(given['acme_directory'] + ' ' + names)}"
        return Certificate(file, file, made_by_role=True, issued=issued, webroot=WEBROOT)
    content = names if tls == "self_signed" else pem(certificate, key)
    file = f"{CERTIFICATES}/{given['name']}-{tls.replace('_', '-')}-{digest(content)}.pem"
    return Certificate(file, file, made_by_role=True)


def pem(certificate: str, key: str) -> str:
    """A certificate chain and its key in one file."""
    return f"{certificate.strip()}\n{key.strip()}\n"
