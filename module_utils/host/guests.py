# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Find what prevents the app from sharing a server with other apps of the role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Sequence

from ..deploy.paths import is_below

if TYPE_CHECKING:
    from .records import App
    from .wanted import Wanted


def guest_conflicts(wanted: Wanted, others: Sequence[App]) -> Iterator[str]:
    """Why the app cannot be a guest in the site that it asks for."""
    if not wanted.site_of:
        return
    is_so = f"streaming_api_nginx_site_of is '{wanted.site_of}', but"
    owner = next((app for app in others if app.name == wanted.site_of), None)
    guest = next((app for app in others if app.site_of == wanted.name), None)
    if guest:
        yield (
            f"{is_so} the app '{guest.name}' is in the site of {wanted.name}; allowed is an empty "
            f"text, until '{guest.name}' has gone elsewhere."
        )
    elif owner is None:
        yield (
            f"{is_so} no such app of this role is on the host; deploy '{wanted.site_of}' first, or "
            "choose another app."
        )
    elif owner.site_of:
        yield (
            f"{is_so} that app is in the site of '{owner.site_of}' itself; allowed is "
            f"'{owner.site_of}', or another app."
        )
    elif owner.shared is None:
        yield (
            f"{is_so} an older version of the role has written that site; deploy "
            f"'{wanted.site_of}' again first."
        )
    else:
        yield from _differences(wanted, owner)


def _differences(wanted: Wanted, owner: App) -> Iterator[str]:
    """What both must have in common."""
    whose = f"the app '{owner.name}', in whose site it is (streaming_api_nginx_site_of)"
    theirs = owner.shared or {}
    for name, value in wanted.shared.items():
        if name in theirs and theirs[name] != value:
            yield (
                f"{name} is {_shown(value)}, but {_shown(theirs[name])} for {whose}; "
                "allowed is the same for both."
            )
    known = [name.lower() for name in owner.server_names]
    strange = [name for name in wanted.server_names if name.lower() not in known]
    if strange or (known and not wanted.server_names):
        yield (
            f"streaming_api_nginx_server_names is {list(wanted.server_names)}, but "
            f"{owner.server_names} for {whose}; allowed is the same, or a part of it."
        )


def neighbour_conflicts(wanted: Wanted, others: Sequence[App]) -> Iterator[str]:
    """Paths and locations that another app on the same server has."""
    site = wanted.site_of or wanted.name
    for other in others:
        if (other.site_of or other.name) != site:
            continue
        is_so = f"streaming_api_nginx_path is '{wanted.path}', where the app '{other.name}'"
        if other.path == wanted.path:
            yield f"{is_so} is already, in the same site; choose another path."
        elif other.path.startswith(wanted.path):
            for location, variable in wanted.locations.items():
                if is_below(location, other.path):
                    yield (
                        f"{variable} takes '{location}', which is at the path of the app "
                        f"'{other.name}' in the same site ('{other.path}'); choose another "
                        f"location, or another path for '{other.name}' first."
                    )
        elif wanted.path.startswith(other.path):
            for location in other.locations:
                if is_below(location, wanted.path):
                    yield (
                        f"{is_so} has the location '{location}'; choose another path, or deploy "
                        f"'{other.name}' without that location first."
                    )


def _shown(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)
