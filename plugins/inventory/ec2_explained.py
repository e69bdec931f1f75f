# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads inventories of EC2 for the plays of this repository: see inventory/aws_ec2.yml.

Ansible tries one inventory plugin after the other, and reports what each of them says. Of an
aws_ec2.yml that lacks a Python package, that is three errors about the syntax of INI and YAML.
"""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from ansible.plugins.inventory.auto import InventoryModule as Auto

DOCUMENTATION = """
    name: ec2_explained
    short_description: Reads aws_ec2.yml, or says in one sentence why it cannot
    description:
      - Loads the plugin that an inventory file names whose name ends with C(aws_ec2.yml) or
        C(aws_ec2.yaml), as the plugin P(ansible.builtin.auto#inventory) does.
      - If the file cannot be used, it ends the command with one sentence. Other files are left to
        other plugins.
    author:
      - The contributors of streaming_api
"""

# A module, and the package of PyPI that brings it.
NEEDS = {"ansible_collections.amazon.aws": "ansible", "boto3": "boto3"}

# What AWS's library says, and what to do about it.
REMEDIES = (
    (
        ("Unable to locate credentials", "Partial credentials", "config profile"),
        "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (
        ("AuthFailure", "UnauthorizedOperation", "ExpiredToken", "RequestExpired", "InvalidClient"),
        "the credentials must be valid and allow ec2:DescribeInstances",
    ),
    (
        ("endpoint URL", "a region", "InvalidRegion"),
        "set regions to the regions of your instances, such as eu-central-1",
    ),
)


class InventoryModule(Auto):  # type: ignore[misc]
    """Ansible's own ``auto``, for files whose name promises EC2."""

    NAME = "ec2_explained"

    def verify_file(self, path: str) -> bool:
        """Whether it is a file for amazon.aws.aws_ec2, which asks for such a name."""
        return path.endswith(("aws_ec2.yml", "aws_ec2.yaml")) and super().verify_file(path)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Fill the inventory; a failure ends the command, so that no other plugin tries."""
        try:
            reason = missing()
            if not reason:
                super().parse(inventory, loader, path, cache=cache)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is why the file is of no use
            reason = explained(str(error))
        if reason:
            self.display.error(f"{path} cannot be used: {reason}")
            raise SystemExit(1)


def missing() -> str:
    """What this Python lacks and how to install it, as the end of a sentence; empty if nothing."""
    install = " ".join(package for module, package in NEEDS.items() if not _has(module))
    return install and (
        "it needs the collection amazon.aws and boto3, and this Python does not have both; "
        f"install: {sys.executable} -m pip install {install}"
    )


def explained(error: str) -> str:
    """What the plugin says, in one line, with what to do about it if that is known."""
    words = " ".join(error.split())
    remedies = (remedy for signs, remedy in REMEDIES if any(sign in words for sign in signs))
    return "; ".join([words.rstrip("."), *list(remedies)[:1]])


def _has(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is not there either
        return False
