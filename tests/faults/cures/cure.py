"""A cure: the words of a remedy, and what a machine does to a stack when it takes them literally."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.faults.cases import Fault
from tests.faults.servers import Gunicorn

Change = Callable[[Fault], Fault]
FIELDS = {"gunicorn": "app", "nginx": "nginx", "public": "edge"}  # of a stack, by layer


class Cure(NamedTuple):
    """What turns a faulty stack, or the request, into one that has to stream.

    ``words`` are in the remedy that the diagnosis names: test_faults makes sure.
    """

    words: str
    change: Change


Cures = Mapping[str, tuple[Cure, ...] | str]  # or why no machine can apply the remedy


def product(fault: Fault) -> str:
    """The kind of server that is at fault."""
    field = FIELDS.get(fault.layer)
    return type(getattr(fault.stack, field)).__name__ if field else ""


def served(server: Any, at: str = "") -> Change:
    """Another server in place of the one at fault, or at this layer."""

    def change(fault: Fault) -> Fault:
        return fault._replace(stack=fault.stack._replace(**{FIELDS[at or fault.layer]: server}))

    return change


def stacked(**fields: Any) -> Change:
    """The stack with other fields."""
    return lambda fault: fault._replace(stack=fault.stack._replace(**fields))


def configured(**settings: Any) -> Change:
    """The server at fault with other settings."""

    def change(fault: Fault) -> Fault:
        server = getattr(fault.stack, FIELDS[fault.layer])
        return served(server._replace(**settings))(fault)

    return change


def added(setting: str, text: str) -> Change:
    """The server at fault with this after what it has in a setting."""

    def change(fault: Fault) -> Fault:
        server = getattr(fault.stack, FIELDS[fault.layer])
        return configured(**{setting: f"{getattr(server, setting)}\n{text}"})(fault)

    return change


def directed(part: str, **directives: Any) -> Change:
    """Other directives in a part of the configuration; None removes one."""

    def change(fault: Fault) -> Fault:
        server = getattr(fault.stack, FIELDS[fault.layer])
        return configured(**{part: {**getattr(server, part), **directives}})(fault)

    return change


def location(**directives: Any) -> Change:
    """Other directives in Nginx's location."""
    return directed("location", **directives)


def run(app: str) -> Change:
    """Another app, by the server that is good for it."""
    return served(Gunicorn(app), "gunicorn")


def asked(path: str = "", **options: Any) -> Change:
    """Another request."""

    def change(fault: Fault) -> Fault:
        return fault._replace(path=path or fault.path, more={**fault.more, **options})

    return change


def read_by(*client: str) -> Change:
    """Another client."""
    return lambda fault: fault._replace(client=client)
