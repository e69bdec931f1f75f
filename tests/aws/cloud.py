"""A stand-in for AWS on the loopback, and commands of Ansible that see it and no other cloud."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
INVENTORY = ROOT / "inventory/aws_ec2.yml"
AWS = ROOT / ".cache/aws/bin"  # see check_aws in dev.d/sanity.sh

RUN = """
import boto3, json, sys
asked = json.loads(sys.argv[1])
ec2 = boto3.client("ec2", region_name=asked["region"])
network = {"CidrBlock": "10.7.0.0/16"}
subnet = ec2.create_subnet(VpcId=ec2.create_vpc(**network)["Vpc"]["VpcId"], **network)
made = ec2.run_instances(
    ImageId=ec2.describe_images()["Images"][0]["ImageId"],
    MinCount=asked["count"],
    MaxCount=asked["count"],
    NetworkInterfaces=[{
        "DeviceIndex": 0,
        "SubnetId": subnet["Subnet"]["SubnetId"],
        "AssociatePublicIpAddress": not asked["private"],
    }],
    TagSpecifications=[{
        "ResourceType": "instance",
        "Tags": [{"Key": key, "Value": value} for key, value in asked["tags"].items()],
    }],
)
ids = [one["InstanceId"] for one in made["Instances"]]
if asked["stopped"]:
    ec2.stop_instances(InstanceIds=ids)
found = ec2.describe_instances(InstanceIds=ids)["Reservations"][0]["Instances"]
print(json.dumps(found, default=str))
"""


@dataclass
class Cloud:
    """The stand-in.

    :ivar directory: the directory in which the commands run.
    :ivar instances: the running instances with our tag in eu-central-1, as AWS describes them, each
        with the tag's value as ``app``.
    """

    directory: Path
    url: str
    instances: list[dict[str, Any]] = field(default_factory=list)

    def run(
        self,
        count: int,
        tags: dict[str, str],
        *,
        region: str = "eu-central-1",
        private: bool = False,
        stopped: bool = False,
    ) -> None:
        """Start instances."""
        asked = {
            "count": count,
            "tags": tags,
            "region": region,
            "private": private,
            "stopped": stopped,
        }
        done = self.ansible("python", "-c", RUN, json.dumps(asked))
        assert done.returncode == 0, done.stderr
        if "streaming_api" in tags and region == "eu-central-1" and not stopped:
            self.instances += [
                {**one, "app": tags["streaming_api"]} for one in json.loads(done.stdout)
            ]

    def ansible(
        self, command: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment that has the plugin; an empty variable is none."""
        given = {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_DEPRECATION_WARNINGS": "false",  # of what amazon.aws does inside
            "ANSIBLE_HOME": str(self.directory / ".ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_ENDPOINT_URL": self.url,
            # No other way to credentials: neither the user's files nor the service of a cloud's machine.
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_MAX_ATTEMPTS": "1",
            "PWD": str(self.directory),
        }
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE_", "AWS_"))
        }
        return subprocess.run(
            [AWS / command, *arguments],
            cwd=self.directory,
            env={name: value for name, value in (inherited | given | environment).items() if value},
            capture_output=True,
            text=True,
            check=False,
        )


def through_session_manager(text: str) -> str:
    """The inventory with the lines that are commented out there, without their `#`."""
    before, rest = text.split("  # ansible_ssh_common_args")
    lines, after = rest.split("  # We do not recommend")
    return f"{before}  ansible_ssh_common_args{lines.replace('  # ', '  ')}  # {after}"


@contextlib.contextmanager
def cloud(directory: Path) -> Iterator[Cloud]:
    """A stand-in without instances, while the block runs."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with (directory / "cloud.log").open("w") as log:
        server = subprocess.Popen(
            [AWS / "moto_server", "--host=127.0.0.1", f"--port={port}"], stdout=log, stderr=log
        )
        try:
            for _ in range(1200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                    break
                assert server.poll() is None, (directory / "cloud.log").read_text()
                time.sleep(0.1)
            yield Cloud(directory, f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait()
