"""inventory/aws_ec2.yml against a stand-in for AWS, with the real plugin amazon.aws.aws_ec2.

The addresses that the stand-in invents belong to strangers: nothing here connects to a host of that
inventory, and molecule/apps, which does, replaces the addresses.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.cloud import AWS, INVENTORY, Cloud, cloud, through_session_manager

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not AWS.is_dir(), reason="./dev sanity installs what this needs")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Three instances of two apps, and three that are none of ours."""
    with cloud(tmp_path_factory.mktemp("cloud")) as made:
        made.run(2, {"streaming_api": "chat", "Name": "web"})
        made.run(1, {"streaming_api": "my-docs"}, private=True)
        made.run(1, {"Name": "web"})
        made.run(1, {"streaming_api": "chat"}, stopped=True)
        made.run(1, {"streaming_api": "chat"}, region="us-east-1")
        yield made


@pytest.fixture(scope="module")
def listed(aws: Cloud) -> dict[str, Any]:
    done = aws.ansible("ansible-inventory", "-i", str(INVENTORY), "--list")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = inventory_of(done.stdout)
    return found


def inventory_of(text: str) -> Any:
    """The output of ansible-inventory. What comes from elsewhere is marked there: no template in it
    is run.
    """
    return json.loads(text, object_hook=lambda found: found.get("__ansible_unsafe", found))


def names(aws: Cloud, app: str) -> set[str]:
    return {f"{app}-{one['InstanceId']}" for one in aws.instances if one["app"] == app}


def test_hosts_are_the_running_instances_with_the_tag(aws: Cloud, listed: dict[str, Any]) -> None:
    assert set(listed["streaming_api"]["hosts"]) == names(aws, "chat") | names(aws, "my-docs")
    assert len(listed["_meta"]["hostvars"]) == 3


def test_each_app_has_a_group(aws: Cloud, listed: dict[str, Any]) -> None:
    assert set(listed["app_chat"]["hosts"]) == names(aws, "chat")
    assert set(listed["app_my_docs"]["hosts"]) == names(aws, "my-docs")


def test_a_host_has_the_public_address_or_else_the_private_one(
    aws: Cloud, listed: dict[str, Any]
) -> None:
    addresses = {name: host["ansible_host"] for name, host in listed["_meta"]["hostvars"].items()}
    assert addresses == {
        f"{one['app']}-{one['InstanceId']}": one.get("PublicIpAddress") or one["PrivateIpAddress"]
        for one in aws.instances
    }
    assert any(address.startswith("10.") for address in addresses.values())


def test_variables_come_from_a_second_inventory(aws: Cloud) -> None:
    (aws.directory / "chat.yml").write_text("app_chat: {vars: {streaming_api_name: chat}}\n")
    [name, _] = names(aws, "chat")
    done = aws.ansible(
        *("ansible-inventory", "-i", str(INVENTORY), "-i", "chat.yml", "--host", name)
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = inventory_of(done.stdout)
    assert (told["streaming_api_name"], told["ansible_user"]) == ("chat", "ubuntu")
    assert "tags" not in told  # of which Ansible warns at each run


def test_ssh_goes_through_the_session_manager_if_one_wants(aws: Cloud) -> None:
    mine = aws.directory / "ssm.aws_ec2.yml"
    mine.write_text(through_session_manager(INVENTORY.read_text()))
    done = aws.ansible("ansible-inventory", "-i", str(mine), "--list")
    assert (done.returncode, done.stderr) == (0, "")
    hosts = inventory_of(done.stdout)["_meta"]["hostvars"]
    assert {host["ansible_ssh_common_args"] for host in hosts.values()} == {
        "-o ProxyCommand='aws ssm start-session --region eu-central-1 "
        f"--target {one['InstanceId']} --document-name AWS-StartSSHSession --parameters portNumber=%p'"
        for one in aws.instances
    }


NO_KEYS = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}


@pytest.mark.parametrize(
    ("changed", "environment", "says"),
    [
        ({}, NO_KEYS, "Unable to locate credentials"),
        (
            {},
            {**NO_KEYS, "AWS_PROFILE": "nobody"},
            "The config profile (nobody) could not be found",
        ),
        ({}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "Could not connect to the endpoint URL"),
        ({"regions: [eu-central-1]": "regions: 7 7"}, {}, "region"),
        ({"default(aws_tags)": "default(aws_togs)"}, {}, "aws_togs"),
        ({"plugin: amazon.aws.aws_ec2": "plugin: amazon.aws.aws_ec3"}, {}, "amazon.aws.aws_ec3"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    aws: Cloud, changed: dict[str, str], environment: dict[str, str], says: str
) -> None:
    text = INVENTORY.read_text()
    for old, new in changed.items():
        text = text.replace(old, new)
    mine = aws.directory / "mine.aws_ec2.yml"
    mine.write_text(text)
    done = aws.ansible("ansible-inventory", "-i", str(mine), "--list", **environment)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith(f"[ERROR]: {mine} cannot be used: ")
    assert says in line
