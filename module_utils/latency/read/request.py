# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What to read, and how. The defaults here are those of the module's options."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit


class Request(NamedTuple):
    """One stream to read. Times are seconds, sizes bytes. 0 events or bytes mean no limit."""

    url: str = ""
    unix_socket: str = ""
    address: str = ""  # connect to this host[:port] instead of the URL's host
    command: tuple[str, ...] = ()  # read what this prints instead of a URL
    method: str = ""  # default: GET, or POST with a body
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    pieces: tuple[tuple[float, bytes], ...] = ()  # of the body: (seconds after start, bytes)
    accept_encoding: str = "identity"  # unless headers have an Accept-Encoding
    http: str = "auto"  # a key of curl.HTTP_VERSIONS
    validate_certs: bool = True
    ca_path: str = ""
    proxy: str = ""  # the proxies of the environment are never used
    connect: float = 10.0  # limit for TCP and TLS
    patience: float = 20.0  # limit of silence, and of the time to the headers
    seconds: float = 30.0  # limit of the whole stream
    seconds_of_events: float = 0.0  # limit from the first event on; 0 for none
    events: int = 0
    size_limit: int = 64 << 20
    pause: tuple[float, float] | None = None  # stop reading: (seconds after start, seconds)
    sent_field: str = "sent_monotonic"

    def header(self, name: str) -> str | None:
        """The header of this name, or None."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Target(NamedTuple):
    """A layer to read: its name, how to reach it, and the passes to make, by their names."""

    name: str
    request: Request
    passes: tuple[str, ...] = ("identity", "browser")


class Disturbance(NamedTuple):
    """A command to run while streams are read, ``after`` seconds from their start."""

    argv: tuple[str, ...]
    after: float = 0.5
    name: str = ""


def show(request: Request) -> str:
    """Where a request goes, for people. Of a command only the program: options can be secret."""
    if request.command:
        return request.command[0] + (" ..." if request.command[1:] else "")
    parts = urlsplit(request.url)
    url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    there = f"unix:{request.unix_socket}" if request.unix_socket else request.address
    return f"{url} at {there}" if there else url
