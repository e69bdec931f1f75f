# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who gets the requests of a port that no name claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterable, Sequence

from ..deploy.places import SITES, refusal
from .nginx import WELCOME, has_welcome_page
from .sites import ANY

if TYPE_CHECKING:
    from .access import Host
    from .records import App
    from .sites import Server
    from .wanted import Wanted


def foreign(
    servers: Iterable[Server], wanted: Wanted, apps: Iterable[App], host: Host
) -> list[Server]:
    """The servers that this role did not write, and does not remove."""
    names = {wanted.name, *(app.name for app in apps)}
    ours = {f"{SITES}/{name}.conf" for name in names}
    if not wanted.keeps_welcome and has_welcome_page(host):
        ours.add(WELCOME)
    return [one for one in servers if one.file not in ours and not _is_refusal(one)]


def _is_refusal(server: Server) -> bool:
    return server.file in {refusal(listen.port) for listen in server.listens}


def defaults(servers: Iterable[Server], port: int) -> tuple[dict[str, str], str]:
    """The files of the default servers of a port, by address, and the file of one that is it
    only because it comes first and has no name: ''  if there is none.
    """
    explicit: dict[str, str] = {}
    nameless = ""
    for server in servers:
        for listen in server.listens:
            if listen.port != port or listen.address not in ANY:
                continue
            if listen.is_default:
                explicit.setdefault(listen.address, server.file)
            elif server.is_nameless:
                nameless = nameless or server.file
    return explicit, "" if explicit else nameless


def unclaimed(
    wanted: Wanted, theirs: Sequence[Server], apps: Iterable[App], *, ipv6: bool
) -> dict[str, list[str]]:
    """For each variable that sets a port: the addresses of it that have no default server.

    The port of an app without names has one: that app.
    """
    found: dict[str, list[str]] = {}
    welcomes = wanted.keeps_welcome and not theirs  # Nginx's package is still to bring the page
    for variable, port in wanted.ports.items():
        taken, _ = defaults(theirs, port)
        nameless = (
            (welcomes and port == 80)
            or not wanted.server_names
            or any(
                port in app.ports and not app.server_names
                for app in apps
                if app.name != wanted.name
            )
        )
        addresses = ANY if ipv6 else ANY[:1]
        found[variable] = [] if nameless else [one for one in addresses if one not in taken]
    return found
