"""Only names that a site has are answered."""

from __future__ import annotations

import pytest
from rawclient import NAME, get
from testhost import Machine

FOREIGN = ["127.0.0.1", "localhost", "evil.example", "_", "chat.example.evil.example", "www.chat.example"]  # fmt: skip


@pytest.mark.parametrize("host_header", FOREIGN)
def test_plain_http_closes_without_an_answer(machine: Machine, host_header: str) -> None:
    assert get(machine.http, host=host_header).raw == b""


@pytest.mark.parametrize("sni", ["", "localhost", "evil.example", "www.chat.example"])
def test_a_handshake_for_an_unknown_name_is_rejected(machine: Machine, sni: str) -> None:
    said = get(machine.https, tls=sni)
    assert said.raw == b""
    assert "unrecognized name" in said.error.lower().replace("_", " ")


@pytest.mark.parametrize("host_header", FOREIGN)
def test_a_foreign_host_over_the_right_certificate_is_misdirected(
    machine: Machine, host_header: str
) -> None:
    assert get(machine.https, "/seen", host=host_header, tls=NAME).status == 421


@pytest.mark.parametrize("host_header", [NAME, NAME.upper(), f"{NAME}:443", f"{NAME}."])
def test_the_name_of_the_app_is_answered(machine: Machine, host_header: str) -> None:
    assert get(machine.https, "/readyz", host=host_header, tls=NAME).status == 200
    assert get(machine.http, "/readyz", host=host_header).status == 301
