"""The two hosts: readers come to the edge, and some come to the origin directly."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
import testinfra
from rawclient import Said, get
from testhost import Machine
from testinfra.host import Host

LISTS = "/srv/lists/ips-v4"
REFRESH = "systemctl start streaming_api-edge.service"


@dataclasses.dataclass(frozen=True)
class Edge:
    """The host in front. `reader` is the address of this machine, as the edge sees it."""

    host: Host
    http: int  # its published port
    address: str
    reader: str

    def get(self, path: str, more: str = "") -> Said:
        """Ask the app through the edge, as a reader does."""
        return get(self.http, path, host="chat.example", more=more)

    def write_list(self, text: str) -> None:
        """Publish this list of addresses."""
        self.host.check_output("printf %%s '%s' >%s", text, LISTS)


@pytest.fixture(scope="session")
def edge(machine: Machine) -> Edge:
    host = testinfra.get_host(f"podman://{machine.container.removesuffix('origin')}edge")
    address = host.check_output("hostname -I | tr ' ' '\\n' | grep -m1 '[.]'")
    reader = host.check_output("ip -4 route show default | cut -d' ' -f3")
    return Edge(host, machine.http + 100, address, reader)


@pytest.fixture
def published(host: Host, edge: Edge) -> Iterator[Edge]:
    """The edge, whose list is as before at the end."""
    before = edge.host.check_output(f"cat {LISTS}")
    yield edge
    edge.write_list(f"{before}\n")
    host.check_output(REFRESH)
