"""The two hosts: readers come to the edge, and some come to the origin directly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import testinfra
from edgehost import LISTS, Edge, refresh
from testhost import Machine
from testinfra.host import Host


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
    refresh(host)
