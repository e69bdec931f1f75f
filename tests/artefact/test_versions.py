"""The oldest ansible-core that we support is the oldest one that the tests run with."""

from __future__ import annotations

import re

import yaml

from .conftest import ROOT


def test_the_oldest_version_is_a_tested_one() -> None:
    lock = (ROOT / "requirements-dev.txt").read_text()
    versions = re.findall(r"(?m)^ansible-core==(\d+)\.(\d+)\.", lock)
    oldest = ".".join(min(versions, key=lambda version: [int(part) for part in version]))
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())
    role = yaml.safe_load((ROOT / "roles/streaming_api/meta/main.yml").read_text())
    assert runtime["requires_ansible"] == f">={oldest}.0"
    assert role["galaxy_info"]["min_ansible_version"] == oldest
