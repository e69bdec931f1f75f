"""Which process has a port."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from plugins.module_utils.host.access import Host
from plugins.module_utils.host.listeners import listeners
from tests.unit.host.made_host import TCP, conflicts, quiet, write

if TYPE_CHECKING:
    from collections.abc import Iterator


def tcp(*sockets: tuple[int, str, int]) -> str:
    return TCP + "".join(
        f"{row:4}: 0100007F:{port:04X} 00000000:0000 {state} 00000000:00000000 00:00000000 "
        f"00000000     0        0 {inode} 1 0000000000000000 100 0 0 10 0\n"
        for row, (port, state, inode) in enumerate(sockets)
    )


def process(root: Path, pid: int, name: str, *inodes: int) -> None:
    write(root, {f"/proc/{pid}/comm": f"{name}\n", f"/proc/{pid}/fd/0": ""})
    for inode in inodes:
        (root / f"proc/{pid}/fd/{inode}").symlink_to(f"socket:[{inode}]")


@pytest.mark.parametrize(
    ("table", "processes", "name"),
    [
        (tcp((22, "0A", 7)), [(1, "systemd", 9), (50, "sshd", 7)], "sshd"),
        (tcp((22, "0A", 7)), [(1, "systemd", 7)], "systemd"),
        (tcp((22, "0A", 7)), [(1, "systemd", 7), (50, "sshd", 7)], "sshd"),
        (tcp((22, "0A", 7)), [(1, "systemd", 7), (50, "nginx", 7)], None),
        (tcp((22, "0A", 7)), [(50, "nginx", 7), (51, "nginx", 7)], None),
        (tcp((22, "0A", 7), (22, "0A", 8)), [(50, "nginx", 7), (40, "caddy", 8)], "caddy"),
        (tcp((22, "0A", 7)), [], "another process"),
        (tcp((80, "0A", 7), (23, "0A", 8)), [(50, "sshd", 7, 8)], None),
        (tcp((22, "01", 7)), [(50, "sshd", 7)], None),
        (tcp(), [], None),
    ],
)
@pytest.mark.parametrize("file", ["/proc/net/tcp", "/proc/net/tcp6"])
def test_ports(
    root: Path,
    file: str,
    table: str,
    processes: list[tuple[Any, ...]],
    name: str | None,
) -> None:
    write(root, {file: table})
    for each in processes:
        process(root, *each)
    problem = (
        f"streaming_api_nginx_http_port is 22, where {name} listens already; choose a free port."
    )
    assert conflicts(root, ports={"streaming_api_nginx_http_port": 22}) == (
        [problem] if name else []
    )


def test_each_port_has_its_variable(root: Path) -> None:
    write(root, {"/proc/net/tcp": tcp((80, "0A", 7), (443, "0A", 8))})
    process(root, 50, "caddy", 7, 8)
    ports = {
        "streaming_api_nginx_http_port": 80,
        "streaming_api_nginx_https_port": 443,
        "other": 81,
    }
    assert [conflict.split(",")[0] for conflict in conflicts(root, ports=ports)] == [
        "streaming_api_nginx_http_port is 80",
        "streaming_api_nginx_https_port is 443",
    ]


@pytest.fixture(params=["127.0.0.1", "::1"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    if family == socket.AF_INET6 and not Path("/proc/net/if_inet6").read_text():
        pytest.skip("this machine has no IPv6")
    with socket.create_server((request.param, 0), family=family) as server:
        yield server


def test_a_real_listener_is_found(listener: socket.socket) -> None:
    address = listener.getsockname()
    with socket.create_connection(address[:2]) as client:
        other_end = client.getsockname()[1]
        found = listeners(Host(Path("/"), quiet), [address[1], other_end])
    assert found == {address[1]: [Path("/proc/self/comm").read_text().strip()]}
    listener.close()
    assert listeners(Host(Path("/"), quiet), [address[1]]) == {}
