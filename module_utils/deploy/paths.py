# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where an app is on its server: at a path, and perhaps in the site of another app.

A path begins and ends with a slash. The app's locations are below its path. An app in the site of
another app is a guest there: it has no server of its own.
"""

from __future__ import annotations

import re
from typing import Any, Mapping

from .directives import directives

TOP = "/"
AUTO = "auto"
_PLAIN = re.compile(r"(?P<kind>=|\^~)?\s*(?P<path>/.*)")
# What an app and its guests must have in common, since it is the server's.
SHARED = ("tls", "tls_hsts", "edge", "nginx_http_port")
SHARED_WITH_TLS = (*SHARED, "nginx_https_port")


def stripped(given: Mapping[str, Any]) -> str:
    """What Nginx takes away from the begin of each path; '' for nothing.

    ``given`` are the role's variables, their names without the prefix.
    """
    return bare(given["nginx_path"]) if given["nginx_strip_path"] else ""


def root_path(given: Mapping[str, Any]) -> str:
    """What the app is told to put before its paths in links; '' for nothing."""
    asked = str(given["root_path"])
    return stripped(given) if asked == AUTO else asked


def bare(path: str) -> str:
    """The path without the slash at its end: '' for the top."""
    return path[:-1]


def placed(path: str, location: str) -> str:
    """A location of the app as its server has it. A regular expression stays as it is."""
    found = _PLAIN.fullmatch(location)
    if path == TOP or not found:
        return location
    kind = f"{found['kind']} " if found["kind"] else ""
    return f"{kind}{bare(path)}{found['path']}"


def target(given: Mapping[str, Any], location: str) -> str:
    """What Nginx puts in the place of the location's own path; '' if it changes no path."""
    found = _PLAIN.fullmatch(location)
    return found["path"] if found and stripped(given) else ""


def is_regular(location: str) -> bool:
    return location.startswith("~")


def is_below(location: str, path: str) -> bool:
    """Whether a location, as its server has it, takes requests of the app at this path."""
    found = _PLAIN.fullmatch(location)
    if not found:
        return False  # regular expressions come after the app's path
    is_bare = found["kind"] == "=" and found["path"] == bare(path)
    return is_bare or found["path"].startswith(path)


def taken(given: Mapping[str, Any]) -> dict[str, str]:
    """The locations of the app as its server has them, each with the variable that sets it."""
    path = given["nginx_path"]
    found: dict[str, str] = {}
    for index, location in enumerate(given["nginx_locations"]):
        label = f"streaming_api_nginx_locations[{index}].path"
        found[placed(path, location["path"])] = label
    for one in directives(given["nginx_server_extra"]) if not given["nginx_site_of"] else ():
        if one.name == "location":
            found[" ".join(one.words[1:])] = "streaming_api_nginx_server_extra"
    return found


def shared(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the app and its guests must have in common, by the variables' full names."""
    names = SHARED if given["tls"] == "none" else SHARED_WITH_TLS
    return {f"streaming_api_{name}": given[name] for name in names}
