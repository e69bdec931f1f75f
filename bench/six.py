"""The six Nginx settings and the combinations of them that bench/settings.py reads. No I/O here.

Two of the six are pairs. The timeouts are two settings here. The version of HTTP that belongs to
upstream keepalive is an aspect of each cell, so that the others are seen with both versions.

A cell is one stream through one Nginx location. Times are a sixtieth of the real ones: Nginx's
default of 60 s stands as 1 s, 300 s as 5 s, a silence of two minutes as 2 s.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from tests.faults.servers.nginx import lines

UPSTREAM = "http://upstream/"  # an upstream block with `keepalive`
SETTINGS: dict[str, dict[str, str]] = {
    "proxy_buffering off": {"proxy_buffering": "off"},
    "proxy_cache off": {"proxy_cache": "off"},
    "upstream keepalive": {"proxy_pass": UPSTREAM, "proxy_set_header": 'Connection ""'},
    "chunked_transfer_encoding off": {"chunked_transfer_encoding": "off"},
    "proxy_read_timeout 300s": {"proxy_read_timeout": "5s"},
    "proxy_send_timeout 300s": {"proxy_send_timeout": "5s"},
    "gzip off": {"gzip": "off"},
}
ALL = frozenset(SETTINGS)
NONE: frozenset[str] = frozenset()

# What a location inherits. Nothing else in Debian's nginx.conf and default site concerns a proxy.
HOSTS: dict[str, dict[str, str]] = {
    "stock": {"gzip": "on"},  # for text/html only
    "tuned": {
        "gzip": "on",
        "gzip_types": "*",
        "gzip_proxied": "any",
        "proxy_cache": "streams",
        "proxy_cache_valid": "200 1m",
    },  # as some tutorials for fast sites have it
}
CHOICES = (
    ALL,
    NONE,
    *(frozenset({one}) for one in SETTINGS),
    *(ALL - {one} for one in SETTINGS),
)
POLITE = (NONE, ALL - {"proxy_buffering off"})  # with the app's header X-Accel-Buffering: no
FORMATS = ("sse", "ndjson", "text")


class Cell(NamedTuple):
    """One combination. ``http`` is the version that Nginx speaks to the app."""

    nginx: str
    worker: str
    host: str
    chosen: frozenset[str]
    http: str
    format: str
    gzip: bool  # accepted by the reader
    polite: bool = False
    large: bool = False  # events are larger than one of Nginx's buffers

    @property
    def key(self) -> str:
        """Names the cell in the raw data."""
        return "|".join(
            (
                self.nginx, self.worker, self.host, written(self.chosen), self.http, self.format,
                "gzip" if self.gzip else "identity", "polite" if self.polite else "",
                "large" if self.large else "",
            )
        )  # fmt: skip

    @classmethod
    def of(cls, key: str) -> Cell:
        """The cell of this name."""
        nginx, worker, host, chosen, http, format_, encoding, polite, large = key.split("|")
        own = (nginx, worker, host, read(chosen), http, format_)
        return cls(*own, encoding == "gzip", bool(polite), bool(large))

    @property
    def location(self) -> tuple[str, frozenset[str], str]:
        """Cells with the same one share a location of an Nginx."""
        return self.host, self.chosen, self.http


def written(chosen: frozenset[str]) -> str:
    """All, none, or +/- one setting."""
    if chosen in (ALL, NONE):
        return "all" if chosen else "none"
    return f"+{next(iter(chosen))}" if len(chosen) == 1 else f"-{next(iter(ALL - chosen))}"


def read(text: str) -> frozenset[str]:
    """What `written` wrote."""
    if text in ("all", "none"):
        return ALL if text == "all" else NONE
    return frozenset({text[1:]}) if text[0] == "+" else ALL - {text[1:]}


def cells(nginx: str, worker: str) -> list[Cell]:
    """Those of one stack."""
    chosen = [(one, False) for one in CHOICES] + [(one, True) for one in POLITE]
    return [
        Cell(nginx, worker, host, those, http, format_, gzip, polite, large)
        for host, http, format_, gzip, large in itertools.product(
            HOSTS, ("1.0", "1.1"), FORMATS, (False, True), (False, True)
        )
        for those, polite in chosen
    ]


def locations(socket: str) -> Iterator[tuple[tuple[str, frozenset[str], str], dict[str, str]]]:
    """The directives of each location, for an app on this unix socket."""
    for host, chosen, http in itertools.product(HOSTS, CHOICES, ("1.0", "1.1")):
        directives = {"proxy_pass": f"http://unix:{socket}:/", "proxy_http_version": http}
        directives |= {"proxy_read_timeout": "1s", "proxy_send_timeout": "1s"} | HOSTS[host]
        for one, changed in SETTINGS.items():
            directives |= changed if one in chosen else {}
        yield (host, chosen, http), directives


def site(socket: str) -> str:
    """All locations as Nginx reads them; number N is /N/."""
    return "\n".join(
        f"location /{number}/ {{\n{lines(directives, {})}\n}}"
        for number, (_, directives) in enumerate(locations(socket))
    )


# What a combination is told apart by, with the words for its values.
ASPECTS: dict[str, dict[object, str]] = {
    "http": {"1.0": "HTTP/1.0 to the app", "1.1": "HTTP/1.1 to the app"},
    "gzip": {False: "reader without gzip", True: "reader accepts gzip"},
    "large": {False: "small events", True: "events of 5 KB"},
    "worker": {},
    "format": {},
    "host": {"stock": "stock host", "tuned": "tuned host"},
    "nginx": {},
}


def describe(some: Collection[Cell], of: Collection[Cell]) -> str:
    """Which of the cells these are, in as few words as tell it exactly.

    It splits by the aspect that needs the fewest parts.
    """
    if not some:
        return "none"
    parts = _parts(list(some), list(of))
    return "; ".join(", ".join(part) or "all" for part in parts)


def _parts(some: list[Cell], of: list[Cell]) -> list[list[str]]:
    said: list[str] = []
    fitting = of
    for aspect, words in ASPECTS.items():
        values = _values(some, aspect)
        if values != _values(of, aspect):
            said.append(" or ".join(words.get(one, str(one)) for one in sorted(values, key=str)))
            fitting = [one for one in fitting if getattr(one, aspect) in values]
    if len(fitting) == len(some):
        return [said]
    splits = []
    for aspect in ASPECTS:
        values = _values(some, aspect)
        if len(values) > 1:
            splits.append(
                [
                    part
                    for value in sorted(values, key=str)
                    for part in _split(some, of, aspect, value)
                ]
            )
    return min(splits, key=len)


def _split(some: Iterable[Cell], of: Iterable[Cell], aspect: str, value: object) -> list[list[str]]:
    within = [one for one in some if getattr(one, aspect) == value]
    parts = _parts(within, [one for one in of if getattr(one, aspect) == value])
    word = ASPECTS[aspect].get(value, str(value))
    return [[word, *part] for part in parts]


def _values(of: Iterable[Cell], aspect: str) -> set[object]:
    return {getattr(one, aspect) for one in of}
