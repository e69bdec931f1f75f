"""A supported host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.host.made_host import DPKG_STATUS, OS_RELEASE, TCP, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A supported host with nothing of ours."""
    write(
        tmp_path,
        {
            "/etc/os-release": OS_RELEASE,
            "/var/lib/dpkg/status": DPKG_STATUS,
            "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/:/bin/sh\n"
            "nobody:x:65534:65534::/:/bin/sh\nalice:x:1000:1000:Alice:/home/alice:/bin/bash\n",
            "/proc/net/tcp": TCP,
        },
    )
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path
