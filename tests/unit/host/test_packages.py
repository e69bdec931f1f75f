"""Which packages are installed, as dpkg's status file tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.host.made_host import see


@pytest.mark.parametrize(
    ("package", "installed"),
    [
        ("bash", True),
        ("bas", False),
        ("fake", False),
        ("held", True),
        ("removed", False),
        ("broken", False),
        ("editor", False),
        ("awk", True),
        ("systemd-sysusers", True),
        ("systemd-tmpfiles", True),
        ("libc6", True),
        ("libc6:amd64", True),
        ("libc6:i386", True),
        ("libc6:arm64", False),
        ("bash:any", True),
        ("bash=5.2.15-2", True),
        ("bash=5.2.*", True),
        ("bash=5.3.*", False),
        ("held=1:1.0", True),
        ("libc6:i386=2.*", True),
        ("", False),
    ],
)
def test_packages(root: Path, package: str, installed: bool) -> None:
    assert see(root, packages=(package,))["missing_packages"] == [package] * (not installed)
