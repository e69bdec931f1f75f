# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The networks of an edge: read a list of them strictly, and write it as Nginx reads it.

The program that refreshes the list on a host uses this file too, so it needs only the standard
library of Python >= 3.8. Nobody need trust a list: what is no network is refused, and a list can do
no more than name networks.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Iterable, Union

DIRECTORY = "/etc/nginx/streaming_api"
NETWORKS = f"{DIRECTORY}/cloudflare-networks.conf"  # for a `geo` block
REAL_IP = f"{DIRECTORY}/cloudflare-real-ip.conf"  # for a server block
MOST = 500  # networks of a list
WIDEST = {4: 8, 6: 16}  # the shortest prefix of a network, by the version of IP
SHARE = 64  # one of so many addresses of a version of IP may be in a list
_HEADER = "# The addresses of Cloudflare. streaming_api-edge.timer keeps them current.\n"

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]


class NetworksError(Exception):
    """The list is refused; the message is one sentence."""


def read(text: str) -> list[str]:
    """The networks of a list, one on each line: sorted, without those that others contain.

    Lines that begin with # are comments.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise NetworksError("The list is empty.")
    if len(lines) > MOST:
        raise NetworksError(f"The list has {len(lines)} lines; allowed are {MOST}.")
    networks = [_network(line) for line in lines]
    found: list[Network] = []
    for version in (4, 6):
        own = [one for one in networks if one.version == version]
        collapsed: list[Network] = list(ipaddress.collapse_addresses(own))  # type: ignore[type-var]
        bits = 32 if version == 4 else 128
        if sum(one.num_addresses for one in collapsed) * SHARE > 2**bits:
            raise NetworksError(f"The list has more than 1/{SHARE} of all IPv{version} addresses.")
        found += collapsed
    return [str(one) for one in found]


def files(networks: Iterable[str]) -> dict[str, str]:
    """The files that Nginx includes, path to text."""
    listed = list(networks)
    return {
        NETWORKS: _HEADER + "".join(f"{one} 1;\n" for one in listed),
        REAL_IP: _HEADER + "".join(f"set_real_ip_from {one};\n" for one in listed),
    }


def _network(line: str) -> Network:
    shown = repr(line if len(line) <= 60 else line[:57] + "...")
    if not re.fullmatch(r"[0-9a-fA-F.:]+/\d{1,3}", line, re.ASCII):
        raise NetworksError(f"{shown} is not a network such as 192.0.2.0/24.")
    try:
        network = ipaddress.ip_network(line)
    except ValueError:
        raise NetworksError(f"{shown} is not a network such as 192.0.2.0/24.") from None
    shortest = WIDEST[network.version]
    if network.prefixlen < shortest:
        raise NetworksError(f"{shown} is too wide; allowed is /{shortest} or narrower.")
    return network
