"""The test hosts behave like real hosts; the other tests rely on that."""

from __future__ import annotations

import pytest
from testinfra.host import Host

# As the role's units do; without CAP_SYS_ADMIN in the container systemd skips it silently.
SANDBOX = ["ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "DynamicUser=yes"]


def test_playbooks_come_as_an_ordinary_user_with_sudo(host: Host) -> None:
    with host.sudo("deploy"):
        assert host.check_output("id -un") == "deploy"
        assert host.check_output("sudo -n id -un") == "root"


def test_nothing_but_systemd_is_the_init(host: Host) -> None:
    assert host.check_output("cat /proc/1/comm") == "systemd"
    assert host.check_output("systemctl --failed --no-legend") == ""


@pytest.mark.parametrize("path", ["/", "/usr", "/etc"])
def test_the_sandbox_of_a_unit_is_real(host: Host, path: str) -> None:
    properties = " ".join(f"-p {setting}" for setting in SANDBOX)
    run = host.run(f"systemd-run --quiet --wait --pipe {properties} touch {path}/x")
    assert run.rc != 0
    assert "Read-only file system" in run.stderr


def test_a_unit_in_a_sandbox_runs(host: Host) -> None:
    properties = " ".join(f"-p {setting}" for setting in SANDBOX)
    assert host.check_output(f"systemd-run --quiet --wait --pipe {properties} echo ok") == "ok"
