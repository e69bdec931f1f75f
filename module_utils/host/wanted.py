# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The app that the role wants to put on the host."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

from .access import HostError


class Wanted(NamedTuple):
    """The app that the role wants to put on the host."""

    name: str
    user: str
    root: str = "/srv"
    ports: Mapping[str, int] = {}
    server_names: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    nginx_directives: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    nginx_user: str = ""
    keeps_welcome: bool = False
    texts: Mapping[str, str] = {}
    # Where the app is on its server, see deploy.paths.
    path: str = "/"
    site_of: str = ""
    locations: Mapping[str, str] = {}
    shared: Mapping[str, Any] = {}

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Wanted:
        """From the module's options."""
        ports = options.get("ports") or {}
        try:
            numbers = {variable: int(port) for variable, port in ports.items()}
        except (AttributeError, TypeError, ValueError):
            raise HostError(f"ports is {ports}; allowed are whole numbers.") from None

        def words(option: str) -> tuple[str, ...]:
            return tuple(options.get(option) or ())

        return cls(
            name=options["name"],
            user=options.get("user") or options["name"],
            root=options.get("root") or cls._field_defaults["root"],
            ports=numbers,
            server_names=words("server_names"),
            packages=words("packages"),
            files=words("files"),
            nginx_directives=words("nginx_directives"),
            users=words("users"),
            nginx_user=options.get("nginx_user") or "",
            keeps_welcome=bool(options.get("keeps_welcome")),
            texts=options.get("texts") or {},
            path=options.get("path") or cls._field_defaults["path"],
            site_of=options.get("site_of") or "",
            locations=options.get("locations") or {},
            shared=options.get("shared") or {},
        )
