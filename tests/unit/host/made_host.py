"""A tree that looks like a host, and what the role learns of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugins.module_utils.deploy.places import UNIT_KINDS
from plugins.module_utils.host.access import Answer
from plugins.module_utils.host.look import look
from plugins.module_utils.host.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Callable


OS_RELEASE = """\
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
"""


DPKG_STATUS = """\
Package: systemd
Status: install ok installed
Architecture: amd64
Version: 252.39-1~deb12u1
Provides: systemd-sysusers (= 252.39-1~deb12u1), systemd-tmpfiles
Conffiles:
 /etc/systemd/system.conf 0123
Description: system and service manager
 Package: fake
 Status: install ok installed

Package: bash
Essential: yes
Status: install ok installed
Architecture: amd64
Multi-Arch: foreign
Version: 5.2.15-2

Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36-9

Package: held
Status: hold ok installed
Architecture: all
Version: 1:1.0

Package: removed
Status: deinstall ok config-files
Architecture: all
Version: 1.0
Provides: editor

Package: broken
Status: install ok half-configured
Architecture: all
Version: 1.0

Package: mawk
Status: install ok installed
Architecture: amd64
Version: 1.3.4
Provides: awk
"""


RECORD = {"user": "u", "root": "/srv", "ports": [80], "server_names": []}


TCP = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def quiet(command: list[str]) -> Answer:
    raise AssertionError(command)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def build(root: Path, release: str, manifest: str | None = "{}") -> None:
    """A release with its units; without its manifest it is not complete."""
    write(root, {f"/etc/systemd/system/chat@{release}.{kind}": "" for kind in UNIT_KINDS})
    if manifest is not None:
        write(root, {f"/srv/chat/releases/{release}/release.json": manifest})


def see(
    root: Path, /, run: Callable[[list[str]], Answer] = quiet, name: str = "chat", **wanted: Any
) -> dict[str, Any]:
    return look(Wanted(**{"name": name, "user": name, **wanted}), root, run)


def conflicts(root: Path, /, **wanted: Any) -> list[str]:
    found: list[str] = see(root, **wanted)["conflicts"]
    return found


def systemctl(states: dict[str, str]) -> Callable[[list[str]], Answer]:
    def answer(command: list[str]) -> Answer:
        assert command[:4] == ["systemctl", "show", "-p", "Id,ActiveState,StatusText"]
        return Answer(
            0,
            "\n".join(
                f"ActiveState={states.get(unit, 'inactive')}\nId={unit}\n"
                f"StatusText={'2 connections, 7 s left at most' if '-drain@' in unit else ''}\n"
                for unit in command[4:]
            ),
        )

    return answer


SITE = "upstream chat { server unix:/var/lib/streaming_api/traffic/chat.sock; }"


def point(root: Path, proven: str = "", traffic: str = "") -> None:
    """Make the links to the releases that are live and have the traffic; '' for none."""
    links = {"etc/streaming_api": proven, "var/lib/streaming_api/traffic": traffic}
    for directory, release in links.items():
        if release:
            (root / directory).mkdir(parents=True, exist_ok=True)
            (root / directory / "chat.sock").symlink_to(f"/run/chat/{release}.sock")
