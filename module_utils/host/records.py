# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what the role remembers about its apps, and which release is live."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple, Sequence

from ..deploy.places import GUEST_KINDS, GUESTS, RECORDS, Places
from .nginx import has_lost_reload

if TYPE_CHECKING:
    from pathlib import Path

    from .access import Host
    from .wanted import Wanted


OLD_STREAMS = 4096  # of a record that does not say


class App(NamedTuple):
    """An app that this role put on the host.

    ``path`` and the following are those of deploy.app. ``shared`` is None if an older version of
    the role has put the app there: then its server includes no guests.
    """

    name: str
    user: str
    root: str
    ports: list[int]
    server_names: list[str]
    streams: int
    path: str = "/"
    site_of: str = ""
    locations: Sequence[str] = ()
    shared: Mapping[str, Any] | None = None


def site_files(places: Places, path: Callable[[str], Path]) -> dict[str, str]:
    """The files that Nginx reads of an app, each with its proven copy; either may be missing.

    ``path`` says where a file of the host is.
    """
    read = path(GUESTS).glob(f"*/{places.name}.*")
    proven = path(RECORDS).glob(f"{places.name}.*.*")
    owners = {file.parent.name for file in read} | {file.name.split(".")[1] for file in proven}
    found = {places.site: places.proven_site}
    for of in sorted(owners):
        for kind in GUEST_KINDS:
            found[places.guest(of, kind)] = places.proven_guest(of, kind)
    return found


def site_is_proven(host: Host, wanted: Wanted) -> bool:
    """Whether Nginx has the proven site and sends requests to the live release.

    Also true without a site and without a release.
    """
    places = Places(wanted.name)
    files = site_files(places, host.path)
    if any(host.text(file) != host.text(proven) for file, proven in files.items()):
        return False
    if host.target(places.traffic) != host.target(places.proven_traffic):
        return False
    is_first = not host.text(places.proven_site)
    return is_first or not has_lost_reload(host, [*files, "/etc/nginx/nginx.conf"])


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
            str(record.get("path", "/")),
            str(record.get("site_of", "")),
            [str(location) for location in record.get("locations", [])],
            record.get("shared"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        warn(f"{RECORDS}/{file.name} is no record of an app and is ignored ({reason}).")
        return None
