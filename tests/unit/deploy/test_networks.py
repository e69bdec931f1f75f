"""A list of networks: nothing else gets into Nginx's configuration."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy import cloudflare, networks
from plugins.module_utils.deploy.networks import NetworksError, read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.0/24\n", ["192.0.2.0/24"]),
        ("# a comment\r\n\r\n 192.0.2.0/24 \r\n", ["192.0.2.0/24"]),
        ("2001:db8::/32\n192.0.2.7/32", ["192.0.2.7/32", "2001:db8::/32"]),
        ("198.51.100.0/24\n192.0.2.0/24\n192.0.2.0/25", ["192.0.2.0/24", "198.51.100.0/24"]),
        ("10.0.0.0/8", ["10.0.0.0/8"]),
    ],
)
def test_a_list(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("\n# 192.0.2.0/24\n", "is empty"),
        ("<html>\n", "'<html>' is not a network"),
        ("192.0.2.0/24\n192.0.2.1/24", "'192.0.2.1/24' is not a network"),
        ("192.0.2.0/255.255.255.0", "is not a network"),
        ("192.0.2.0", "is not a network"),
        ("192.0.2.0/33", "is not a network"),
        ("192.0.2.0/24; include /etc/shadow", "is not a network"),
        ("192.0.2.0/24 1;}", "is not a network"),
        ("\uff11\uff12.0.0.0/8", "is not a network"),
        ("fe80::%eth0/64", "is not a network"),
        ("0.0.0.0/0", "'0.0.0.0/0' is too wide; allowed is /8 or narrower"),
        ("0.0.0.0/7", "is too wide"),
        ("::/0", "is too wide; allowed is /16 or narrower"),
        ("2000::/3", "is too wide"),
        ("\n".join(f"{n}.0.0.0/8" for n in (1, 5, 9, 11, 13)), "more than 1/64 of all IPv4"),
        ("\n".join(f"192.0.2.{n % 256}/32" for n in range(501)), "501 lines; allowed are 500"),
        ("x" * 100, "'" + "x" * 57 + "...' is not"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(NetworksError) as refused:
        read(text)
    assert why in str(refused.value)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


def test_what_nginx_includes() -> None:
    files = networks.files(["192.0.2.0/24", "2001:db8::/32"])
    assert files[networks.NETWORKS].splitlines()[1:] == ["192.0.2.0/24 1;", "2001:db8::/32 1;"]
    assert files[networks.REAL_IP].splitlines()[1:] == [
        "set_real_ip_from 192.0.2.0/24;",
        "set_real_ip_from 2001:db8::/32;",
    ]


def test_the_list_that_the_role_brings() -> None:
    found = read(cloudflare.NETWORKS)
    assert len(found) == len(cloudflare.NETWORKS.split())
    assert {"104.16.0.0/13", "2606:4700::/32"} <= set(found)
