# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the monitor watches of an app, and where its files are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, NamedTuple
from urllib.parse import urlsplit

from ..monitor.wanted import Certified, Wanted, Way
from . import proof
from .places import RECORDS, TOOLS, UNITS

if TYPE_CHECKING:
    from .app import App

UNIT = "streaming_api-monitor.service"
PACKAGES = ("python3-prometheus-client", "python3-pycurl")
PROGRAM = f"{TOOLS}/monitor"
CONFIGS = f"{RECORDS}/monitor"


class Monitor(NamedTuple):
    """The monitor of an app. All fields but the files are empty without one.

    ``program`` changes with the monitor's own files. ``config`` is what it watches, for JSON, and
    ``config_file`` where that is. ``drop_in`` is the file that adds the app to the monitor's unit.
    ``status_token`` is the file with the token of the status page, ``page`` the URL that Nginx asks
    for that page.
    """

    program: str = ""
    config: Mapping[str, Any] = {}
    config_file: str = ""
    drop_in: str = ""
    status_token: str = ""
    page: str = ""


def monitor(app: App, given: Mapping[str, Any], program: str) -> Monitor:
    """``program`` is the version of the monitor's files.

    ``given`` are the role's variables, their names without the prefix.
    """
    name = app.name
    files: dict[str, Any] = {
        "config_file": f"{CONFIGS}/{name}.json",
        "drop_in": f"{UNITS}/{UNIT}.d/{name}.conf",
    }
    if not given["monitor"]:
        return Monitor(**files)
    wanted = Wanted(
        app=name,
        root=app.root,
        interval=given["monitor_interval"],
        ways=_ways(app, given),
        thresholds=given["proof_thresholds"],
        certified=Certified(app.port, app.server_name) if app.scheme == "https" else None,
    )
    page = f"http://{_reached(given['monitor_listen'])}/status/{name}"
    return Monitor(
        program=program,
        config=wanted.fields(),
        status_token=f"{RECORDS}/{name}.status-token" if given["status_page"] else "",
        page=page if given["status_page"] else "",
        **files,
    )


def _reached(listen: str) -> str:
    """Where the host itself reaches the address that the monitor listens on."""
    host, _, port = listen.rpartition(":")
    loopback = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - the user listens there
    return f"{loopback.get(host, host)}:{port}"


def _ways(app: App, given: Mapping[str, Any]) -> tuple[Way, ...]:
    """The probe in each location; in the first one also from outside."""
    choice = proof.Choice(probe=given["probe"], paths=[])
    found: list[Way] = []
    for stream in proof.through_nginx(choice, app.locations):
        layers = [proof.layer_gunicorn(app, "", stream), proof.layer_nginx(app, stream)]
        # The token leaves the host over verified TLS only.
        if not found and urlsplit(given["public_url"]).scheme == "https":
            url = f"{given['public_url'].rstrip('/')}{proof.below(app, stream)}"
            layers.append({"name": "public", "url": url})
        found.append(Way(stream.path[: -len(proof.PROBE)] + "/", tuple(layers)))
    return tuple(found)
