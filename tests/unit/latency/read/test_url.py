"""Where a layer is read: URLs, addresses, sockets, certificates."""

from __future__ import annotations

import pytest

from plugins.module_utils.latency.read import access
from plugins.module_utils.latency.read import url as urls
from plugins.module_utils.latency.read.request import Request, show

URL = "http://127.0.0.1:1/api/stream"
PROBE = "https://127.0.0.1:1/api/.stream-probe?count=9"


@pytest.mark.parametrize(
    ("asked_for", "shown"),
    [
        (Request("https://me:secret@a.example/x"), "https://a.example/x"),
        (Request(URL, unix_socket="/run/x"), f"{URL} at unix:/run/x"),
        (Request(URL, address="10.0.0.1:8"), f"{URL} at 10.0.0.1:8"),
        (Request(command=("/usr/bin/curl", "-H", "X-Api-Key: secret")), "/usr/bin/curl ..."),
        (Request(command=("client",)), "client"),
    ],
)
def test_where_a_layer_is_read_is_shown_without_a_password(asked_for: Request, shown: str) -> None:
    assert show(asked_for) == shown


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.0.0.1", "::10.0.0.1:"),
        ("10.0.0.1:8443", "::10.0.0.1:8443"),
        ("2001:db8::1", "::[2001:db8::1]:"),
        ("[2001:db8::1]:8443", "::[2001:db8::1]:8443"),
    ],
)
def test_another_address(address: str, expected: str) -> None:
    assert urls.connect_to(address) == expected


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://bücher.example:80/a", "http://xn--bcher-kva.example:80/a"),
        ("http://jörg:é@h/", "http://j%C3%B6rg:%C3%A9@h/"),
        ("http://h/straße/%20?q=é&r=%C3", "http://h/stra%C3%9Fe/%20?q=%C3%A9&r=%C3"),
        (PROBE, PROBE),
    ],
)
def test_a_url_is_asked_for_in_ascii(url: str, asked: str) -> None:
    assert urls.in_ascii(url) == asked


def test_a_socket_whose_path_is_too_long() -> None:
    assert access.problem_of(Request(URL, unix_socket="/run/" + "ü" * 51)) == ""
    problem = access.problem_of(Request(URL, unix_socket="/run/" + "ü" * 52))
    assert problem.startswith("the path of the socket is longer than 107 bytes: /run/")


def test_certificates_matter_for_tls_only() -> None:
    assert access.problem_of(Request(URL, ca_path="/no/such")) == ""
    assert "cannot read the certificates in /no/such" in access.problem_of(
        Request(PROBE, ca_path="/no/such")
    )
