"""The server that most tests share."""

from collections.abc import Iterator

import pytest
from rig import Server, running


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Run a server with the default settings."""
    with running() as server:
        yield server
