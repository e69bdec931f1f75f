# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what the role remembers about its apps, and which release is live."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Callable, NamedTuple

from ..deploy.places import RECORDS, Places
from .nginx import has_lost_reload

if TYPE_CHECKING:
    from pathlib import Path

    from .access import Host
    from .wanted import Wanted


OLD_STREAMS = 4096  # of a record that does not say


class App(NamedTuple):
    """An app that this role put on the host."""

    name: str
    user: str
    root: str
    ports: list[int]
    server_names: list[str]
    streams: int


def site_is_proven(host: Host, wanted: Wanted) -> bool:
    """Whether Nginx has the proven site and sends requests to the live release.

    Also true without a site and without a release.
    """
    places = Places(wanted.name)
    proven = host.text(places.proven_site)
    if host.text(places.site) != proven:
        return False
    if host.target(places.traffic) != host.target(places.proven_traffic):
        return False
    return not proven or not has_lost_reload(host, [places.site, "/etc/nginx/nginx.conf"])


def live(host: Host, wanted: Wanted) -> str | None:
    """The release that was last seen to stream. The release of a killed deploy does not count."""
    places = Places(wanted.name)
    return places.release_of(host.target(places.proven_traffic))


def history(host: Host, wanted: Wanted) -> list[str]:
    """The ids of the releases that were live, the latest first."""
    try:
        record = json.loads(host.text(f"{RECORDS}/{wanted.name}.json"))
        return [str(release) for release in record["history"]]
    except (ValueError, KeyError, TypeError):
        return []


def apps(host: Host, warn: Callable[[str], None]) -> list[App]:
    """The apps that this role put on the host."""
    apps = [_app(file, warn) for file in sorted(host.path(RECORDS).glob("*.json"))]
    return [app for app in apps if app]


def _app(file: Path, warn: Callable[[str], None]) -> App | None:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        return App(
            str(record["name"]),
            str(record["user"]),
            str(record["root"]),
            [int(port) for port in record["ports"]],
            [str(name) for name in record["server_names"]],
            int(record.get("streams", OLD_STREAMS)),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        warn(f"{RECORDS}/{file.name} is no record of an app and is ignored ({reason}).")
        return None
