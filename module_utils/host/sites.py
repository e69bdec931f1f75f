# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The servers of Nginx's configuration: who has which name on which port."""

from __future__ import annotations

import glob
import posixpath
import re
from typing import TYPE_CHECKING, Iterator, NamedTuple

from ..deploy.directives import Directive, directives
from .access import HostError

if TYPE_CHECKING:
    from .access import Host

DIRECTORY = "/etc/nginx"
ANY = ("*", "[::]")  # every address, of IPv4 and of IPv6
NAMELESS = ("", "_")


class Listen(NamedTuple):
    """``address`` is one of ANY, or an address of its own."""

    address: str
    port: int
    is_default: bool


class Server(NamedTuple):
    """A server block. ``file`` is the path that Nginx reads. ``names`` are in lower case."""

    file: str
    names: tuple[str, ...]
    listens: tuple[Listen, ...]

    @property
    def is_nameless(self) -> bool:
        return all(name in NAMELESS for name in self.names)


def servers(host: Host) -> list[Server]:
    """All servers, in the order in which Nginx reads them."""
    return [
        _server(file, block, host)
        for main, http in _expanded(f"{DIRECTORY}/nginx.conf", host)
        if http.name == "http"
        for file, block in _inside(main, http, host)
        if block.name == "server"
    ]


def _expanded(
    file: str, host: Host, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, Directive]]:
    """The directives of a file, those of the included files in their place.

    ``above`` are the files that include it: one that includes itself is read once.
    """
    if file in above:
        return
    try:
        text = host.text(file)
    except HostError:
        return  # Nginx says why when it reads it
    yield from _included(file, directives(text), host, (*above, file))


def _inside(file: str, block: Directive, host: Host) -> Iterator[tuple[str, Directive]]:
    yield from _included(file, block.block or (), host, ())


def _included(
    file: str, found: tuple[Directive, ...], host: Host, above: tuple[str, ...]
) -> Iterator[tuple[str, Directive]]:
    for one in found:
        if one.name != "include" or len(one.words) < 2:
            yield file, one
            continue
        root = str(host.path("/"))
        pattern = str(host.path(posixpath.join(DIRECTORY, one.words[1])))
        # As Nginx does, and Path.glob does not, it leaves out hidden files.
        for path in sorted(glob.glob(pattern)):  # noqa: PTH207
            yield from _expanded("/" + path[len(root) :].lstrip("/"), host, above)


def _server(file: str, block: Directive, host: Host) -> Server:
    inside = [one for _, one in _inside(file, block, host)]
    names = [word for one in inside if one.name == "server_name" for word in one.words[1:]]
    listens = [_listen(one.words) for one in inside if one.name == "listen"]
    found = tuple(one for one in listens if one)
    if not listens:
        found = (Listen("*", 80, is_default=False),)
    return Server(file, tuple(name.lower() for name in names) or ("",), found)


def _listen(words: tuple[str, ...]) -> Listen | None:
    """None for a Unix socket."""
    given = words[1] if len(words) > 1 else ""
    found = re.fullmatch(r"(?:(\[[^\]]*\]|[^:\[\]]*):)?(\d+)|(\[[^\]]*\]|[^:\[\]]+)", given)
    if given.startswith("unix:") or found is None:
        return None
    address = found.group(1) or found.group(3) or "*"
    if address == "0.0.0.0":  # noqa: S104 - read, not bound
        address = "*"
    is_default = "default_server" in words or "default" in words
    return Listen(address, int(found.group(2) or 80), is_default)
