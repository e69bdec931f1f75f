"""A fault: a real stack with one thing wrong, and what has to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.faults.servers import Nginx
from tests.faults.stack import Stack

PROBE = "/.stream-probe"
OWN = "/stream"  # of an app that has a stream of its own, with the same query

PARALLEL = ("identity", "parallel")
IDLE = ("identity", "idle")
ALONE = ("identity",)

ASGI = {"worker-class": "asgi"}
BUFFERING = {"proxy_buffering": "on"}
GZIP = {"gzip": "on", "gzip_types": "*", "gzip_proxied": "any", "gzip_min_length": 1}
HTTP_1_0 = {"proxy_http_version": "1.0"}
CACHE = {**BUFFERING, "proxy_cache": "streams", "proxy_cache_valid": "200 1m"}
CACHE_PATH = {"proxy_cache_path": "cache keys_zone=streams:1m"}
NO_DELAY = {"option": "http-no-delay"}  # of HAProxy
COMPRESSION = {"compression algo": "gzip", "compression type": "text/event-stream"}  # of HAProxy
LONG = {"count": 50, "interval": 0.1}  # longer than what is done to it meanwhile

LAYERS = {"nginx": "nginx", "edge": "public", "client": "client"}


class Fault(NamedTuple):
    """A fault, by the id of the cause that has to be named first.

    ``stream`` is the query, ``disturbance`` what is done in the midst of the stream, ``client`` a
    command that reads it, ``more`` other options of the module. A ``risk`` has to be named, and
    nobody to be accused. ``at`` is the layer, where the cause's id does not say it.
    """

    cause: str
    stack: Stack
    passes: tuple[str, ...] = ("identity", "browser")
    path: str = PROBE
    stream: Mapping[str, Any] = {}
    more: Mapping[str, Any] = {}
    disturbance: str = ""
    client: tuple[str, ...] = ()
    risk: bool = False
    variant: str = ""
    at: str = ""

    @property
    def name(self) -> str:
        """What it is called in reports and in `-k`."""
        return f"{self.cause}-{self.variant}" if self.variant else self.cause

    @property
    def usual(self) -> bool:
        """Whether it is measured as most users do: with the usual passes, and nothing else."""
        usual = self.passes == Fault._field_defaults["passes"]
        return usual and not (self.client or self.disturbance)

    @property
    def default(self) -> bool:
        """Whether it is measured by the probe as a diagnosis does without any option."""
        return self.usual and self.path == PROBE and not (self.stream or self.more)

    @property
    def layer(self) -> str:
        """The layer where it can first be seen: the app's faults on its server's socket."""
        return self.at or LAYERS.get(self.cause.partition("-")[0], "gunicorn")


def behind(**location: Any) -> Stack:
    """A good app behind an Nginx whose location differs in this."""
    return Stack(nginx=Nginx(location))


def fronted(**location: Any) -> Stack:
    """A good app behind a good Nginx, and in front another one whose location differs in this."""
    return Stack(edge=Nginx(location))
