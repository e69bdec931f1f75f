"""The second host, and its Prometheus."""

from __future__ import annotations

import pytest
import testinfra
from testhost import Machine, until
from testinfra.host import Host
from watching import Prometheus


@pytest.fixture(scope="session")
def world(machine: Machine) -> Host:
    return testinfra.get_host(f"podman://{machine.container.removesuffix('app')}world")


@pytest.fixture(scope="session")
def prometheus(machine: Machine) -> Prometheus:
    found = Prometheus(f"http://127.0.0.1:{machine.http + 100}")
    until(lambda: found.ask("streaming_probe_last_round_timestamp_seconds"), 60)
    return found
