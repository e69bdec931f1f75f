"""inventory/aws_ec2.yml leads to a host, by ssh: its instance is invented (tests/aws), the host is this one.

An address that the stand-in for AWS invents belongs to a stranger. So each command here replaces it by
one of the loopback.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from testhost import Machine

from tests.aws.cloud import AWS, INVENTORY, ROOT, Cloud, cloud, through_session_manager

# What AWS's own command does, to a port of the loopback: it connects ssh's input and output.
RELAY = """#!{python}
import os, socket, sys, threading
assert sys.argv[1:3] == ["ssm", "start-session"] and "portNumber=22" in sys.argv, sys.argv
end = socket.create_connection(("127.0.0.1", {port}))
def up():
    while data := os.read(0, 65536):
        end.sendall(data)
    end.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := end.recv(65536):
    while data:
        data = data[os.write(1, data) :]
"""

pytestmark = pytest.mark.skipif(not AWS.is_dir(), reason="./dev sanity installs what this needs")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("cloud")) as made:
        made.run(1, {"streaming_api": "mcp"})
        yield made


@pytest.fixture
def port(machine: Machine) -> int:
    """Where the host's sshd is published."""
    command = ["podman", "port", machine.container, "22/tcp"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(said.strip().rpartition(":")[2])


def pinned(port: int, address: str = "127.0.0.1") -> str:
    """Replaces what leads to the host; variables of the command line win over an inventory's."""
    key = ROOT / ".cache/hosts/id_ed25519"
    replaced = {"ansible_host": address, "ansible_port": port, "ansible_user": "deploy"}
    replaced["ansible_ssh_private_key_file"] = str(key)
    replaced["ansible_ssh_extra_args"] = "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    return f"-e{json.dumps(replaced)}"


def test_a_playbook_reaches_the_instance(aws: Cloud, port: int) -> None:
    [instance] = aws.instances
    done = aws.ansible(
        *("ansible-playbook", "-i", str(INVENTORY), pinned(port)),
        str(ROOT / "playbooks/status.yml"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"mcp on mcp-{instance['InstanceId']}" in done.stdout
    assert re.search(r"[0-9a-f]{12}  live ", done.stdout)


def test_it_is_reached_through_the_session_manager(aws: Cloud, port: int, tmp_path: Path) -> None:
    command = tmp_path / "aws"
    command.write_text(RELAY.format(python=AWS / "python", port=port))
    command.chmod(0o755)
    mine = aws.directory / "ssm.aws_ec2.yml"
    mine.write_text(through_session_manager(INVENTORY.read_text()))
    done = aws.ansible(
        *("ansible", "-i", str(mine), "app_mcp", "-m", "ansible.builtin.ping"),
        # Without the session nothing would answer there.
        pinned(22, "127.0.0.9"),
        PATH=f"{tmp_path}:/usr/bin:/bin",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"ping": "pong"' in done.stdout or "ping: pong" in done.stdout
