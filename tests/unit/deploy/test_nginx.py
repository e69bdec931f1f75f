"""What the Nginx of a host can do."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy.nginx import PACKAGED, has_http2_directive
from plugins.module_utils.host.system import SUPPORTED


@pytest.mark.parametrize(
    ("version", "distribution", "has"),
    [
        ("1.18.0", "22.04", False),
        ("1.25.0", "12", False),
        ("1.25.1", "12", True),
        ("1.28", "12", True),
        ("1.9.15", "12", False),
        (None, "12", False),
        (None, "13", True),
        (None, "26.04", True),
    ],
)
def test_http2_is_a_directive(version: str | None, distribution: str, has: bool) -> None:
    facts = {"nginx": {"version": version}, "distribution": {"version": distribution}}
    assert has_http2_directive(facts) is has


def test_each_supported_distribution_brings_one() -> None:
    assert {*PACKAGED} == {version for versions in SUPPORTED.values() for version in versions}
