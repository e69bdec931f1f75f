"""Where everything of an app is."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy.places import SINGLE, Places

CHAT = Places("chat")


def test_places() -> None:
    assert CHAT.directory("a1") == "/srv/chat/releases/a1"
    assert CHAT.unit_file("a1", "socket") == "/etc/systemd/system/chat@a1.socket"
    assert CHAT.drain("a1") == "chat-drain@a1.service"
    assert CHAT.counts("a1") == "/run/chat-a1"
    assert CHAT.drain_end("a1") == "/run/chat-drain-a1/until"
    assert CHAT.lock == "chat-deploy.service"
    assert Places("chat", "/opt/apps").current == "/opt/apps/chat/current"


@pytest.mark.parametrize(
    ("socket", "release"),
    [
        ("/run/chat/a1b2.sock", "a1b2"),
        ("/run/chats/a1b2.sock", None),
        ("/run/other/chat/a1b2.sock", None),
        ("/run/chat/a/b.sock", None),
        ("", None),
    ],
)
def test_the_release_of_a_socket(socket: str, release: str | None) -> None:
    assert CHAT.release_of(socket) == release


SOCKET = "/run/chat/aaaa.sock"


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([], {}),
        ([f"01 {SOCKET}"], {}),
        ([f"01 {SOCKET}", f"03 {SOCKET}", f"02 {SOCKET}"], {"aaaa": 2}),
        ([f"03 {SOCKET}", "03 /run/chat/bbbb.sock"], {"aaaa": 1, "bbbb": 1}),
        (
            [f"03 x{SOCKET}", f"03 {SOCKET}x", f"03 /x{SOCKET}", "03 /run/chats/b.sock", "03", ""],
            {},
        ),
        ([f"03 /a {SOCKET}"], {}),
    ],
)
def test_connections(rows: list[str], counts: dict[str, int]) -> None:
    """Each row of the table as `state path`."""
    head = "Num       RefCount Protocol Flags    Type St Inode Path\n"
    lines = (
        f"0000: 00000003 00000000 00000000 0001 {row.replace(' ', ' 12345 ')}\n" for row in rows
    )
    assert CHAT.connections(head + "".join(lines)) == counts


def test_the_socket_names_its_release() -> None:
    assert CHAT.release_of(CHAT.socket("0123456789ab")) == "0123456789ab"


def test_the_manifest_goes_first() -> None:
    """What is removed half is not complete."""
    assert CHAT.files("a1") == [
        "/srv/chat/releases/a1/release.json",
        "/etc/systemd/system/chat@a1.socket",
        "/etc/systemd/system/chat@a1.service",
        "/srv/chat/releases/a1",
    ]


UNITS = [
    "chat@aaaa.socket",
    "chat@aaaa.service",
    "chat@aaaa.worker.service",
    "chat@aaaa.e-mail.service",
    "chat@bbbb.worker.service",
    "chat@single.beat.service",
    "my-chat@aaaa.worker.service",
    "chats@aaaa.worker.service",
    "chat@aaaa.worker.service.d",
]


@pytest.mark.parametrize(
    ("release", "found"),
    [
        ("aaaa", ["chat@aaaa.e-mail.service", "chat@aaaa.worker.service"]),
        ("bbbb", ["chat@bbbb.worker.service"]),
        (SINGLE, ["chat@single.beat.service"]),
        ("cccc", []),
    ],
)
def test_the_processes_of_a_release(release: str, found: list[str]) -> None:
    assert CHAT.processes(release, UNITS) == found


def test_its_processes_go_before_what_they_run() -> None:
    *_, mail, worker, directory = CHAT.files("aaaa", UNITS)
    assert (mail, worker) == (
        "/etc/systemd/system/chat@aaaa.e-mail.service",
        "/etc/systemd/system/chat@aaaa.worker.service",
    )
    assert directory == "/srv/chat/releases/aaaa"
