"""Which system the host runs, and whether the role supports it."""

from __future__ import annotations

from pathlib import Path

import pytest

from plugins.module_utils.host.access import Answer
from tests.unit.host.made_host import OS_RELEASE, see, write


@pytest.mark.parametrize(
    ("text", "supported", "runs"),
    [
        ("ID=debian\nVERSION_ID=12", True, ""),
        ('ID=debian\nVERSION_ID="13"', True, ""),
        ("ID=ubuntu\nVERSION_ID='22.04'", True, ""),
        ('ID=ubuntu\nVERSION_ID="24.04"\n', True, ""),
        ('ID="ubuntu"\nVERSION_ID="26.04"\n', True, ""),
        ('NAME=Ubuntu\nID=ubuntu\nVERSION_ID="20.04"\n', False, "Ubuntu 20.04"),
        ('NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="11"', False, "Debian GNU/Linux 11"),
        ('NAME="Debian GNU/Linux"\nID=debian\n', False, "Debian GNU/Linux"),
        ('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=42', False, "Fedora Linux 42"),
        (
            'NAME="Linux Mint"\nID=linuxmint\nID_LIKE=ubuntu\nVERSION_ID="22"',
            False,
            "Linux Mint 22",
        ),
        ('NAME="A \\"B\\""\nID=x', False, 'A "B"'),
        ("# nothing\n", False, "an unknown system"),
    ],
)
def test_distributions(root: Path, text: str, supported: bool, runs: str) -> None:
    write(root, {"/etc/os-release": text})
    found = see(root)
    assert found["supported"] is supported
    problem = f"The host runs {runs}; supported are Ubuntu 22.04, 24.04, 26.04 and Debian 12, 13."
    assert found["conflicts"] == ([] if supported else [problem])


def test_os_release_may_be_in_usr_lib(root: Path) -> None:
    (root / "etc/os-release").unlink()
    write(root, {"/usr/lib/os-release": OS_RELEASE})
    assert see(root)["distribution"]["codename"] == "bookworm"


def test_a_host_without_systemd(root: Path) -> None:
    (root / "run/systemd/system").rmdir()
    found = see(root)
    assert found["systemd"] is None
    assert found["conflicts"] == [
        "The host is not run by systemd (/run/systemd/system is missing), which runs the app."
    ]


def test_systemd_tells_its_version_where_dpkg_does_not(root: Path) -> None:
    (root / "var/lib/dpkg/status").unlink()
    assert see(root, lambda _: Answer(0, "systemd 257 (257.9)\n+PAM"))["systemd"] == 257


@pytest.mark.parametrize(("text", "ipv6"), [("0001 01 80 10 80 lo\n", True), ("", False)])
def test_ipv6(root: Path, text: str, ipv6: bool) -> None:
    write(root, {"/proc/net/if_inet6": text})
    assert see(root)["ipv6"] is ipv6
