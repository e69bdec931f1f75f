# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role is about to put on the host."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from .access import HostError


class Wanted(NamedTuple):
    """What the role is about to put on the host."""

    name: str
    user: str
    root: str = "/srv"
    ports: Mapping[str, int] = {}
    server_names: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    contents: Mapping[str, str] = {}
    nginx_lines: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    nginx_user: str = ""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Wanted:
        """From the module's options."""
        try:
            ports = {variable: int(port) for variable, port in options["ports"].items()}
        except (TypeError, ValueError):
            raise HostError(f"ports is {options['ports']}; allowed are whole numbers.") from None
        return cls(
            name=options["name"],
            user=options["user"] or options["name"],
            root=options["root"],
            ports=ports,
            server_names=tuple(options["server_names"]),
            packages=tuple(options["packages"]),
            files=tuple(options["files"]),
            contents=options["contents"],
            nginx_lines=tuple(options["nginx_lines"]),
            users=tuple(options["users"]),
            nginx_user=options["nginx_user"] or "",
        )
