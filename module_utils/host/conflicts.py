# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find what prevents the app on this host."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Iterable, Iterator, Mapping, Sequence

from ..deploy.places import Places
from .defaults import ANY, defaults, foreign
from .guests import guest_conflicts, neighbour_conflicts
from .listeners import listeners
from .system import is_supported, runs_systemd, user_id

if TYPE_CHECKING:
    from pathlib import Path

    from .access import Host
    from .records import App
    from .sites import Server
    from .wanted import Wanted

UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
)
SYSTEM_UIDS = range(1, 1000)


def conflicts(
    wanted: Wanted,
    host: Host,
    system: Mapping[str, str],
    apps: Sequence[App],
    servers: Sequence[Server] = (),
) -> list[str]:
    """Why the host cannot take the app, a sentence for each reason."""
    own = next((app for app in apps if app.name == wanted.name), None)
    others = [app for app in apps if app != own]
    theirs = foreign(servers, wanted, apps, host)
    return [
        *_system_conflicts(system, host),
        *_unit_conflicts(wanted, host),
        *(_own_conflicts(wanted, own) if own else _name_conflicts(wanted, host)),
        *_user_conflicts(wanted, host),
        *_nginx_conflicts(wanted, host),
        *_port_conflicts(wanted, host),
        *_site_conflicts(wanted, others),
        *guest_conflicts(wanted, others),
        *neighbour_conflicts(wanted, others),
        *_foreign_names(wanted, theirs),
        *_foreign_defaults(wanted, theirs, is_new=own is None),
    ]


def _system_conflicts(system: Mapping[str, str], host: Host) -> Iterator[str]:
    if not is_supported(system):
        runs = f"{system.get('NAME', '')} {system.get('VERSION_ID', '')}".strip()
        yield (
            f"The host runs {runs or 'an unknown system'}; "
            "supported are Ubuntu 22.04, 24.04, 26.04 and Debian 12, 13."
        )
    if not runs_systemd(host):
        yield "The host is not run by systemd (/run/systemd/system is missing), which runs the app."


def _unit_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    units = [
        f"{directory}/{wanted.name}{suffix}"
        for directory in UNIT_DIRECTORIES
        for suffix in (".service", "@.service", ".socket")
    ]
    unit = next((unit for unit in units if os.path.lexists(host.path(unit))), None)
    if unit:
        yield (
            f"streaming_api_name is '{wanted.name}', a unit of the host already ({unit}); "
            "choose another name."
        )


def _own_conflicts(wanted: Wanted, own: App) -> Iterator[str]:
    """What cannot change while the app is on the host: old and new releases share it."""
    removed = "until the app is removed (docs/deploy.md)"
    if wanted.user != own.user:
        yield (
            f"streaming_api_user is '{wanted.user}', but {own.name} runs as '{own.user}' on the "
            f"host, and what it has stored is that user's; allowed is '{own.user}', {removed}."
        )
    if wanted.root != own.root:
        yield (
            f"streaming_api_root is '{wanted.root}', but {own.name} is in '{own.root}' on the "
            f"host; allowed is '{own.root}', {removed}."
        )


def _name_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    """What others have under the app's name."""
    is_so = f"streaming_api_name is '{wanted.name}', and"
    home = f"{wanted.root}/{wanted.name}"
    if _is_occupied(host.path(home)):
        yield (
            f"{is_so} {home} on the host holds something else "
            "already; choose another name, or another streaming_api_root."
        )
    places = Places(wanted.name)
    if host.path(places.site).exists() and places.traffic not in host.text(places.site):
        yield f"{is_so} {places.site} on the host is a site of somebody else; choose another name."
    for state in (f"/var/lib/{wanted.name}", f"/var/cache/{wanted.name}"):
        if _has_another_owner(host.path(state), user_id(host, wanted.user)):
            yield (
                f"{is_so} {state} on the host is not of the user '{wanted.user}', who could then "
                f"write to all of it; choose another name, or give it to '{wanted.user}'."
            )


def _has_another_owner(directory: Path, uid: int | None) -> bool:
    """Whether something is in there that systemd would hand over to the app."""
    return directory.is_dir() and any(directory.iterdir()) and directory.stat().st_uid != uid


def _is_occupied(home: Path) -> bool:
    """Whether something is there that this role did not make; an empty directory is free."""
    if not home.is_dir():
        return os.path.lexists(home)
    return not (home / "releases").is_dir() and any(home.iterdir())


def _user_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    uid = user_id(host, wanted.user)
    if uid is not None and uid not in SYSTEM_UIDS:
        whose = "the superuser" if uid == 0 else "a person's account"
        yield (
            f"streaming_api_user is '{wanted.user}', {whose} on the host (uid {uid}); "
            "choose a name that is free, or a system user (uid 1 to 999)."
        )


def _nginx_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    found = re.search(r"^\s*user\s+([\w-]+)", host.text("/etc/nginx/nginx.conf"), re.MULTILINE)
    if found and wanted.nginx_user and found.group(1) != wanted.nginx_user:
        yield (
            f"streaming_api_nginx_user is '{wanted.nginx_user}', but Nginx's workers run as "
            f"'{found.group(1)}' and could not connect; set it to that."
        )


def _port_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    listening = listeners(host, wanted.ports.values())
    for variable, port in wanted.ports.items():
        others = [name for name in listening.get(port, []) if name != "nginx"]
        if others:
            yield (
                f"{variable} is {port}, where {others[0] or 'another process'} listens already; "
                "choose a free port."
            )


def _site_conflicts(wanted: Wanted, others: Iterable[App]) -> Iterator[str]:
    """What another app of the role serves already: the default server, or the same name."""
    names = [name.lower() for name in wanted.server_names]
    for app in others:
        shared = {name: port for name, port in wanted.ports.items() if port in app.ports}
        if not names and not app.server_names:
            for variable, port in shared.items():
                yield (
                    f"{variable} is {port}, where the app '{app.name}' is the default server "
                    "already; choose another port, or streaming_api_nginx_server_names."
                )
        taken = {name.lower() for name in app.server_names} if shared else set()
        for name in names:
            if name in taken:
                port = min(shared.values())
                yield (
                    f"streaming_api_nginx_server_names has '{name}', which the app '{app.name}' "
                    f"serves on port {port} already; choose other names or another port."
                )


def _foreign_names(wanted: Wanted, theirs: Sequence[Server]) -> Iterator[str]:
    """Names that somebody else's site has. Nginx would ignore one of the two sites."""
    for name in wanted.server_names:
        for server in theirs:
            ports = sorted({one.port for one in server.listens} & set(wanted.ports.values()))
            if ports and _forms(name) & {form for one in server.names for form in _forms(one)}:
                yield (
                    f"streaming_api_nginx_server_names has '{name}', which {server.file} on the "
                    f"host serves on port {ports[0]} already; remove that site, or choose other "
                    "names or another port."
                )
                break


def _forms(name: str) -> set[str]:
    """The names that Nginx compares: .a.org stands for a.org and *.a.org."""
    name = name.lower()
    return {name[1:], f"*{name}"} if name.startswith(".") else {name}


def _foreign_defaults(wanted: Wanted, theirs: Sequence[Server], *, is_new: bool) -> Iterator[str]:
    """Somebody else's server that gets the requests that no name claims."""
    for variable, port in wanted.ports.items():
        explicit, implicit = defaults(theirs, port)
        file = next((explicit[address] for address in ANY if address in explicit), "")
        if file and not wanted.server_names:
            yield (
                f"{variable} is {port}, where {file} on the host is the default server already; "
                "choose another port, or streaming_api_nginx_server_names."
            )
        elif implicit and is_new:
            yield (
                f"{variable} is {port}, where {implicit} on the host answers any name without "
                "being the default server, and would no longer be asked; "
                "add default_server to its listen, or choose another port."
            )
