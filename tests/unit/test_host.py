"""What the role learns of a host, from trees that look like one and from this machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from plugins.module_utils.host import access
from plugins.module_utils.host.access import Answer, Host, HostError
from plugins.module_utils.host.listeners import listeners
from plugins.module_utils.host.look import look
from plugins.module_utils.host.wanted import Wanted
from tests.unit.ansible_module import run_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A supported host with nothing of ours."""
    write(
        tmp_path,
        {
            "/etc/os-release": OS_RELEASE,
            "/var/lib/dpkg/status": DPKG_STATUS,
            "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/:/bin/sh\n"
            "nobody:x:65534:65534::/:/bin/sh\nalice:x:1000:1000:Alice:/home/alice:/bin/bash\n",
            "/proc/net/tcp": TCP,
        },
    )
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path


def see(
    root: Path, /, run: Callable[[list[str]], Answer] = quiet, name: str = "chat", **wanted: Any
) -> dict[str, Any]:
    return look(Wanted(**{"name": name, "user": name, **wanted}), root, run)


def conflicts(root: Path, /, **wanted: Any) -> list[str]:
    found: list[str] = see(root, **wanted)["conflicts"]
    return found


# --- the system ---


def test_a_fresh_host(root: Path) -> None:
    assert see(root) == {
        "distribution": {
            "id": "debian",
            "version": "12",
            "codename": "bookworm",
            "pretty": "Debian GNU/Linux 12 (bookworm)",
        },
        "supported": True,
        "systemd": 252,
        "python": platform.python_version().rstrip("+"),
        "ipv6": False,
        "nginx": see(root)["nginx"],
        "euid": os.geteuid(),
        "missing_packages": [],
        "missing_files": [],
        "outdated_files": [],
        "missing_nginx_lines": [],
        "missing_users": [],
        "site_is_proven": True,
        "live": None,
        "history": [],
        "releases": [],
        "apps": [],
        "conflicts": [],
        "warnings": [],
    }


@pytest.mark.parametrize(
    ("text", "supported", "runs"),
    [
        ("ID=debian\nVERSION_ID=12", True, ""),
        ('ID=debian\nVERSION_ID="13"', True, ""),
        ("ID=ubuntu\nVERSION_ID='22.04'", True, ""),
        ('ID=ubuntu\nVERSION_ID="24.04"\n', True, ""),
        ('ID="ubuntu"\nVERSION_ID="26.04"\n', True, ""),
        ('NAME=Ubuntu\nID=ubuntu\nVERSION_ID="20.04"\n', False, "Ubuntu 20.04"),
        ('NAME="Debian GNU/Linux"\nID=debian\nVERSION_ID="11"', False, "Debian GNU/Linux 11"),
        ('NAME="Debian GNU/Linux"\nID=debian\n', False, "Debian GNU/Linux"),
        ('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=42', False, "Fedora Linux 42"),
        (
            'NAME="Linux Mint"\nID=linuxmint\nID_LIKE=ubuntu\nVERSION_ID="22"',
            False,
            "Linux Mint 22",
        ),
        ('NAME="A \\"B\\""\nID=x', False, 'A "B"'),
        ("# nothing\n", False, "an unknown system"),
    ],
)
def test_distributions(root: Path, text: str, supported: bool, runs: str) -> None:
    write(root, {"/etc/os-release": text})
    found = see(root)
    assert found["supported"] is supported
    problem = f"The host runs {runs}; supported are Ubuntu 22.04, 24.04, 26.04 and Debian 12, 13."
    assert found["conflicts"] == ([] if supported else [problem])


def test_os_release_may_be_in_usr_lib(root: Path) -> None:
    (root / "etc/os-release").unlink()
    write(root, {"/usr/lib/os-release": OS_RELEASE})
    assert see(root)["distribution"]["codename"] == "bookworm"


def test_a_host_without_systemd(root: Path) -> None:
    (root / "run/systemd/system").rmdir()
    found = see(root)
    assert found["systemd"] is None
    assert found["conflicts"] == [
        "The host is not run by systemd (/run/systemd/system is missing), which runs the app."
    ]


def test_systemd_tells_its_version_where_dpkg_does_not(root: Path) -> None:
    (root / "var/lib/dpkg/status").unlink()
    assert see(root, lambda _: Answer(0, "systemd 257 (257.9)\n+PAM"))["systemd"] == 257


@pytest.mark.parametrize(("text", "ipv6"), [("0001 01 80 10 80 lo\n", True), ("", False)])
def test_ipv6(root: Path, text: str, ipv6: bool) -> None:
    write(root, {"/proc/net/if_inet6": text})
    assert see(root)["ipv6"] is ipv6


@pytest.mark.parametrize(
    ("said", "version"),
    [
        (Answer(0, "nginx version: nginx/1.22.1\n"), "1.22.1"),
        (Answer(0, "nginx version: nginx/1.18.0 (Ubuntu)\n"), "1.18.0"),
        (Answer(127, "error while loading shared libraries"), None),
    ],
)
def test_nginx(root: Path, said: Answer, version: str | None) -> None:
    write(root, {"/usr/sbin/nginx": ""})
    asked = []

    def answer(command: list[str]) -> Answer:
        asked.append(command)
        return said

    found = see(root, answer)["nginx"]
    assert (found["installed"], found["version"]) == (True, version)
    assert asked == [["/usr/sbin/nginx", "-v"]]


@pytest.mark.parametrize(
    ("page", "enabled", "pristine"),
    [("welcome", True, True), ("mine", True, False), ("welcome", False, False)],
)
def test_the_welcome_page(root: Path, page: str, enabled: bool, pristine: bool) -> None:
    digest = hashlib.new("md5", b"welcome").hexdigest()  # noqa: S324
    conffiles = f"Package: nginx\nConffiles:\n /etc/nginx/sites-available/default {digest}\n"
    write(root, {"/usr/sbin/nginx": "", "/etc/nginx/sites-available/default": page})
    write(root, {"/var/lib/dpkg/status": conffiles})
    if enabled:
        (root / "etc/nginx/sites-enabled").mkdir()
        link = root / "etc/nginx/sites-enabled/default"
        link.symlink_to("../sites-available/default")
    assert see(root, lambda _: Answer(0, ""))["nginx"]["welcome_page"] is pristine


def test_what_a_build_needs(root: Path) -> None:
    write(root, {"/etc/passwd": "chat:x:990:990::/:/bin/false\n", "/opt/uv": ""})
    found = see(root, files=("/opt/uv", "/opt", "/srv/x"), users=("chat", "chat-build"))
    assert (found["missing_files"], found["missing_users"]) == (["/srv/x"], ["chat-build"])


def test_files_that_have_another_content(root: Path) -> None:
    write(root, {"/etc/same": "so\n", "/etc/other": "so", "/etc/directory/x": ""})
    wanted = ("/etc/same", "/etc/other", "/etc/none", "/etc/directory")
    contents = dict.fromkeys(wanted, hashlib.sha1(b"so\n").hexdigest())  # noqa: S324
    assert see(root, contents=contents)["outdated_files"] == [*wanted[1:]]


def test_lines_that_nginx_is_to_have(root: Path) -> None:
    wanted = ("worker_processes auto;", "worker_connections 16384;", "worker_rlimit_nofile 9;")
    assert see(root, nginx_lines=wanted)["missing_nginx_lines"] == [*wanted]
    main = "worker_processes auto;\n# worker_rlimit_nofile 9;\nevents {\n\tworker_connections 16384;\n}\n"
    write(root, {"/etc/nginx/nginx.conf": main})
    assert see(root, nginx_lines=wanted)["missing_nginx_lines"] == [wanted[2]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("user www-data;\n", []),
        ("# user nobody;\n", []),
        ("user  nginx;\n", ["streaming_api_nginx_user is 'www-data', but Nginx's workers run as 'nginx'"]),
    ],
)  # fmt: skip
def test_the_user_of_nginx(root: Path, text: str, said: list[str]) -> None:
    write(root, {"/etc/nginx/nginx.conf": text})
    found = conflicts(root, nginx_user="www-data")
    assert [sentence.partition(" and could")[0] for sentence in found] == said


def test_no_nginx(root: Path) -> None:
    found = see(root)["nginx"]
    assert (found["installed"], found["version"]) == (False, None)


@pytest.mark.parametrize(
    ("package", "installed"),
    [
        ("bash", True),
        ("bas", False),
        ("fake", False),
        ("held", True),
        ("removed", False),
        ("broken", False),
        ("editor", False),
        ("awk", True),
        ("systemd-sysusers", True),
        ("systemd-tmpfiles", True),
        ("libc6", True),
        ("libc6:amd64", True),
        ("libc6:i386", True),
        ("libc6:arm64", False),
        ("bash:any", True),
        ("bash=5.2.15-2", True),
        ("bash=5.2.*", True),
        ("bash=5.3.*", False),
        ("held=1:1.0", True),
        ("libc6:i386=2.*", True),
        ("", False),
    ],
)
def test_packages(root: Path, package: str, installed: bool) -> None:
    assert see(root, packages=(package,))["missing_packages"] == [package] * (not installed)


# --- releases ---


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


SOCKETS = [("01", "cccc"), ("03", "cccc"), ("02", "cccc"), ("03", "aaaa"), ("03", "other/aaaa")]


def test_releases(root: Path) -> None:
    here = "/srv/chat/releases"
    for release, created in {
        "aaaa": "2026-01-01T00:00:00Z",
        "bbbb": "2026-01-03T00:00:00Z",
        "cccc": "2026-01-02T00:00:00Z",
        "dddd": "2026-01-04T00:00:00Z",
        "eeee": "2026-01-05T00:00:00Z",
    }.items():
        write(root, {f"{here}/{release}/release.json": json.dumps({"created": created})})
    measured_by = {"probe": False, "proof_paths": ["/a"]}
    manifest = {"created": "2026-01-02T00:00:00Z", **measured_by}
    write(root, {f"{here}/cccc/release.json": json.dumps(manifest)})
    write(
        root,
        {
            f"{here}/ffff/venv/x": "",
            f"{here}/9999/release.json": "{",
            f"{here}/a-file": "",
            f"{here}/aaaa/withdrawn": "",
            f"{here}/8888/release.json": "{}",
            f"{here}/8888/withdrawn": "",
        },
    )
    write(root, {"/etc/streaming_api/chat.conf": "server unix:/run/chat/cccc.sock;"})
    states = {
        "chat@aaaa.service": "active",
        "chat@bbbb.service": "deactivating",
        "chat-drain@bbbb.service": "active",
        "chat-drain@aaaa.service": "active",
        "chat@cccc.service": "active",
        "chat@dddd.service": "failed",
        "chat@9999.socket": "active",
    }
    row = "0000: 00000002 00000000 00000000 0001"
    unix = [f"{row} {state} 77 /run/chat/{name}.sock" for state, name in SOCKETS]
    write(root, {"/proc/net/unix": "Num RefCount ...\n" + "\n".join([*unix, f"{row} 03 78"])})
    for pid, unit, kilobytes in ((7, "chat@cccc", 2), (8, "chat@cccc", 3), (9, "chats@cccc", 4)):
        write(root, {f"/proc/{pid}/cgroup": f"0::/system.slice/system-chat.slice/{unit}.service\n"})
        write(root, {f"/proc/{pid}/smaps_rollup": f"Rss: 99 kB\nPss: {kilobytes:>12} kB\n"})
    found = see(root, systemctl(states))
    assert found["live"] == "cccc"
    told = {one["id"]: {name: one.pop(name) for name in measured_by} for one in found["releases"]}
    assert told.pop("cccc") == measured_by
    assert all(one == {"probe": None, "proof_paths": None} for one in told.values())
    assert [tuple(release.values()) for release in found["releases"]] == [
        ("eeee", "kept", "2026-01-05T00:00:00Z", True, 0, None, None),
        ("dddd", "kept", "2026-01-04T00:00:00Z", True, 0, None, None),
        ("bbbb", "ending", "2026-01-03T00:00:00Z", True, 0, None, 7),
        ("cccc", "live", "2026-01-02T00:00:00Z", True, 2, 5 * 1024, None),
        ("aaaa", "draining", "2026-01-01T00:00:00Z", True, 1, None, 7),
        ("9999", "running", None, True, 0, None, None),
        ("ffff", "partial", None, False, 0, None, None),
        ("8888", "partial", None, False, 0, None, None),
    ]
    fields = ["id", "state", "created", "built", "connections", "memory_bytes", "seconds_left"]
    assert list(found["releases"][0]) == fields


def test_those_that_were_live_come_first(root: Path) -> None:
    for age, release in enumerate(["good", "bad1", "bad2", "next", "new"]):
        created = json.dumps({"created": f"2026-01-0{age + 1}"})
        write(root, {f"/srv/chat/releases/{release}/release.json": created})
    history = ["next", "good", "bad2", "bad1", "gone"]
    write(root, {"/etc/streaming_api/chat.json": json.dumps({"history": history})})
    found = see(root, systemctl({}))["releases"]
    assert [release["id"] for release in found] == [*history[:-1], "new"]


SITE = "upstream chat { server unix:/run/chat/%s.sock; }"


@pytest.mark.parametrize(
    ("proven", "site", "live", "is_proven"),
    [
        ("", "", None, True),
        ("", SITE % "bbbb", None, False),
        (SITE % "aaaa", SITE % "aaaa", "aaaa", True),
        (SITE % "aaaa", SITE % "bbbb", "aaaa", False),
        (SITE % "aaaa", "", "aaaa", False),
        ("server unix:/run/other/aaaa.sock;", "", None, False),
    ],
)
def test_what_is_live(
    root: Path, proven: str, site: str, live: str | None, is_proven: bool
) -> None:
    """What a play has written to the site that was killed before its proof has no say in it."""
    files = {"/etc/streaming_api/chat.conf": proven, "/etc/nginx/conf.d/chat.conf": site}
    write(root, {path: text for path, text in files.items() if text})
    found = see(root)
    assert (found["live"], found["site_is_proven"]) == (live, is_proven)


def test_nginx_workers(root: Path) -> None:
    """Of the host's own Nginx, not of one in a container on it."""
    title = "nginx: worker process"
    write(root, {"/usr/sbin/nginx": "", "/run/nginx.pid": "70\n"})
    for pid, parent, command in [
        (70, 1, "nginx: master process"),
        (71, 70, title),
        (72, 70, f"{title} is shutting down"),
        (73, 70, title),
        (74, 60, title),
    ]:
        write(root, {f"/proc/{pid}/cmdline": command, f"/proc/{pid}/stat": f"{pid} (nginx) S {parent} 0"})  # fmt: skip
    assert see(root, lambda _: Answer(0, "nginx/1.26.3"))["nginx"]["workers"] == [71, 73]


@pytest.mark.parametrize(("worker_age", "is_proven"), [(0.0, True), (60.0, False)])
@pytest.mark.parametrize("file", ["/etc/nginx/nginx.conf", "/etc/nginx/conf.d/chat.conf"])
def test_a_reload_that_never_came(
    root: Path, file: str, worker_age: float, is_proven: bool
) -> None:
    """What is written may not be what Nginx has: a play was killed between the two."""
    ticks = os.sysconf("SC_CLK_TCK")
    started = int((time.clock_gettime(time.CLOCK_BOOTTIME) - worker_age) * ticks)
    after = " ".join(["0"] * 17)
    write(
        root,
        {
            "/run/nginx.pid": "70\n",
            "/proc/71/cmdline": "nginx: worker process",
            "/proc/71/stat": f"71 (nginx) S 70 {after} {started} 0",
            "/etc/streaming_api/chat.conf": SITE % "aaaa",
            "/etc/nginx/conf.d/chat.conf": SITE % "aaaa",
            file: SITE % "aaaa",
        },
    )
    assert see(root)["site_is_proven"] is is_proven


def test_releases_of_one_second_are_sorted_by_their_files(root: Path) -> None:
    for age, release in enumerate(["bbbb", "cccc", "aaaa"]):
        manifest = f"/srv/chat/releases/{release}/release.json"
        write(root, {manifest: '{"created": "2026-01-01T00:00:00Z"}'})
        os.utime(root / manifest[1:], (100 - age, 100 - age))
    found = see(root, systemctl({}))["releases"]
    assert [release["id"] for release in found] == ["bbbb", "cccc", "aaaa"]


@pytest.mark.parametrize(
    ("record", "history"),
    [("{}", []), ("[]", []), ("{", []), ('{"history": ["bbbb", "aaaa"]}', ["bbbb", "aaaa"])],
)
def test_what_has_been_live(root: Path, record: str, history: list[str]) -> None:
    write(root, {"/etc/streaming_api/chat.json": record})
    assert see(root)["history"] == history


def test_what_runs_must_be_known(root: Path) -> None:
    """A release that drains and is taken for an old one would be removed."""
    (root / "srv/chat/releases/aaaa").mkdir(parents=True)
    with pytest.raises(HostError, match=r"^systemctl cannot tell .* \(Failed to connect to bus\)"):
        see(root, lambda _: Answer(1, "Failed to connect\nto bus\n"))


# --- other apps ---


def test_apps(root: Path) -> None:
    write(
        root,
        {
            "/etc/streaming_api/docs.json": json.dumps({"name": "docs", **RECORD}),
            "/etc/streaming_api/chat.json": json.dumps({"name": "chat", **RECORD}),
            "/etc/streaming_api/cut.json": '{"name": ',
            "/etc/streaming_api/list.json": "[]",
            "/etc/streaming_api/less.json": '{"name": "less"}',
            "/etc/streaming_api/port.json": json.dumps({"name": "p", **RECORD, "ports": ["x"]}),
            "/etc/streaming_api/notes.txt": "",
        },
    )
    found = see(root)
    docs = {"name": "docs", "user": "u", "root": "/srv", "ports": [80], "server_names": []}
    assert found["apps"] == [docs]
    assert [warning.split(" ")[0] for warning in found["warnings"]] == [
        f"/etc/streaming_api/{name}.json" for name in ("cut", "less", "list", "port")
    ]


@pytest.mark.parametrize(
    ("ports", "names", "theirs", "their_names", "problems"),
    [
        (
            {"streaming_api_nginx_http_port": 80},
            [],
            [80],
            [],
            [
                (
                    "streaming_api_nginx_http_port is 80, where the app 'docs' is the default server "
                    "already; choose another port, or streaming_api_nginx_server_names."
                )
            ],
        ),
        (
            {"streaming_api_nginx_http_port": 80, "streaming_api_nginx_https_port": 443},
            ["b.example.com", "A.example.com"],
            [443, 80],
            ["a.example.com", "c.example.com"],
            [
                (
                    "streaming_api_nginx_server_names has 'a.example.com', which the app 'docs' serves "
                    "on port 80 already; choose other names or another port."
                )
            ],
        ),
        ({"streaming_api_nginx_http_port": 8080}, [], [80], [], []),
        ({"streaming_api_nginx_http_port": 8080}, ["a"], [80], ["a"], []),
        ({"streaming_api_nginx_http_port": 80}, ["a"], [80], ["b"], []),
        ({"streaming_api_nginx_http_port": 80}, [], [80], ["b"], []),
        ({"streaming_api_nginx_http_port": 80}, ["a"], [80], [], []),
    ],
)
def test_sites(
    root: Path,
    ports: dict[str, int],
    names: list[str],
    theirs: list[int],
    their_names: list[str],
    problems: list[str],
) -> None:
    record = {
        **RECORD,
        "name": "docs",
        "user": "docs",
        "ports": theirs,
        "server_names": their_names,
    }
    write(root, {"/etc/streaming_api/docs.json": json.dumps(record)})
    assert conflicts(root, ports=ports, server_names=tuple(names)) == problems
    assert conflicts(root, name="docs", ports=ports, server_names=tuple(names)) == []


# --- names and users ---


@pytest.mark.parametrize(
    ("files", "unit"),
    [
        ([], None),
        (["/etc/systemd/system/chat@aaaa.service"], None),
        (["/etc/systemd/system/chat.timer", "/etc/systemd/system/chats.service"], None),
        (["/lib/systemd/system/chat.service"], "/lib/systemd/system/chat.service"),
        (["/usr/lib/systemd/system/chat@.service"], "/usr/lib/systemd/system/chat@.service"),
        (["/run/systemd/system/chat.socket"], "/run/systemd/system/chat.socket"),
        (
            ["/lib/systemd/system/chat.service", "/etc/systemd/system/chat.service"],
            "/etc/systemd/system/chat.service",
        ),
    ],
)
def test_units(root: Path, files: list[str], unit: str | None) -> None:
    write(root, dict.fromkeys(files, ""))
    problem = (
        f"streaming_api_name is 'chat', a unit of the host already ({unit}); choose another name."
    )
    assert conflicts(root) == ([problem] if unit else [])


def test_a_masked_unit_is_one(root: Path) -> None:
    mask = root / "etc/systemd/system/chat.service"
    mask.parent.mkdir(parents=True)
    mask.symlink_to("/dev/null")
    assert "(/etc/systemd/system/chat.service)" in conflicts(root)[0]


@pytest.mark.parametrize(
    ("files", "free"),
    [
        ({}, True),
        ({"/srv/chat/index.html": ""}, False),
        ({"/srv/chat": ""}, False),
        ({"/srv/chat/releases/.x": ""}, True),
        ({"/srv/chat/x": "", "/etc/streaming_api/chat.json": '{"name": "chat"}'}, False),
        (
            {
                "/srv/chat/x": "",
                "/etc/streaming_api/chat.json": json.dumps(
                    {**RECORD, "name": "chat", "user": "chat"}
                ),
            },
            True,
        ),
    ],
)
def test_directories(root: Path, files: dict[str, str], free: bool) -> None:
    write(root, files)
    problem = (
        "streaming_api_name is 'chat', and /srv/chat on the host holds something else already; "
        "choose another name, or another streaming_api_root."
    )
    assert conflicts(root) == ([] if free else [problem])


OTHERS_SITE = "server { listen 80; }"
NOT_ITS_OWN = (
    "on the host is not of the user 'chat', who could then write to all of it; "
    "choose another name, or give it to 'chat'."
)
OUR_SITE = "upstream chat { server unix:/run/chat/aaaa.sock; }"


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (
            {"/etc/nginx/conf.d/chat.conf": OTHERS_SITE},
            "/etc/nginx/conf.d/chat.conf on the host is a site of somebody else; choose another name.",
        ),
        ({"/etc/nginx/conf.d/chat.conf": OUR_SITE}, None),
        (
            {"/var/lib/chat/data": ""},
            f"/var/lib/chat {NOT_ITS_OWN}",
        ),
        (
            {"/var/cache/chat/data": ""},
            f"/var/cache/chat {NOT_ITS_OWN}",
        ),
    ],
)
def test_what_others_have_by_this_name(
    root: Path, files: dict[str, str], problem: str | None
) -> None:
    """Unless the record says that the app is there already."""
    write(root, files)
    assert conflicts(root) == ([f"streaming_api_name is 'chat', and {problem}"] if problem else [])
    record = {**RECORD, "name": "chat", "user": "chat"}
    write(root, {"/etc/streaming_api/chat.json": json.dumps(record)})
    assert conflicts(root) == []


def test_the_state_of_its_own_user_is_its_own(root: Path) -> None:
    write(root, {"/var/lib/chat/data": "", "/etc/passwd": f"chat:x:{os.getuid() or 990}:1::/:/x"})
    os.chown(root / "var/lib/chat", os.getuid() or 990, -1)
    assert [problem for problem in conflicts(root) if "/var/lib" in problem] == []


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({}, None),
        (
            {"user": "svc"},
            (
                "streaming_api_user is 'svc', but chat runs as 'chat' on the host, and what it has "
                "stored is that user's; allowed is 'chat', until the app is removed (docs/deploy.md)."
            ),
        ),
        (
            {"root": "/opt"},
            (
                "streaming_api_root is '/opt', but chat is in '/srv' on the host; "
                "allowed is '/srv', until the app is removed (docs/deploy.md)."
            ),
        ),
    ],
)
def test_the_app_stays_where_it_is(root: Path, wanted: dict[str, str], problem: str | None) -> None:
    record = {**RECORD, "name": "chat", "user": "chat"}
    write(root, {"/etc/streaming_api/chat.json": json.dumps(record)})
    assert conflicts(root, **wanted) == ([problem] if problem else [])


def test_an_empty_directory_is_free(root: Path) -> None:
    (root / "srv/chat").mkdir(parents=True)
    assert conflicts(root) == []


@pytest.mark.parametrize(
    ("user", "whose"),
    [
        ("new", None),
        ("www-data", None),
        ("alic", None),
        ("root", "the superuser on the host (uid 0)"),
        ("alice", "a person's account on the host (uid 1000)"),
        ("nobody", "a person's account on the host (uid 65534)"),
    ],
)
def test_users(root: Path, user: str, whose: str | None) -> None:
    problem = (
        f"streaming_api_user is '{user}', {whose}; "
        "choose a name that is free, or a system user (uid 1 to 999)."
    )
    assert conflicts(root, user=user) == ([problem] if whose else [])


# --- ports ---


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


# --- commands, and the module ---


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (["sh", "-c", "echo $LC_ALL; echo to stderr >&2; exit 3"], Answer(3, "C\nto stderr\n")),
        (["/gone/for/good"], Answer(127, "[Errno 2] No such file or directory: '/gone/for/good'")),
    ],
)
def test_commands(command: list[str], answer: Answer) -> None:
    assert access.run(command) == answer


def test_a_file_that_cannot_be_read(root: Path) -> None:
    (root / "etc/passwd").unlink()
    (root / "etc/passwd").mkdir()
    with pytest.raises(HostError, match=r"^/etc/passwd cannot be read \(Is a directory\)\.$"):
        see(root)


def run(capsys: pytest.CaptureFixture[str], *, check: bool = False, **arguments: Any) -> Any:
    from plugins.modules import stream_host  # noqa: PLC0415 - slow

    return run_module(stream_host, arguments, capsys, check=check)


def test_the_module_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ports = {"streaming_api_nginx_http_port": str(port)}
        result = run(capsys, name="no-such-app", ports=ports, packages=["no-such-package"])
        checked = run(capsys, name="no-such-app", ports=ports, check=True)
    name = Path("/proc/self/comm").read_text().strip()
    problem = f"streaming_api_nginx_http_port is {port}, where {name} listens already; choose a free port."
    assert problem in result["conflicts"]
    assert result["conflicts"] == checked["conflicts"]
    assert result["missing_packages"] == ["no-such-package"]
    assert result["python"].startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert (result["live"], result["releases"], result["changed"]) == (None, [], False)


def test_the_module_fails_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, name="chat", ports={"streaming_api_nginx_http_port": "http"})
    assert result["failed"] is True
    assert result["msg"] == (
        "ports is {'streaming_api_nginx_http_port': 'http'}; allowed are whole numbers."
    )


def test_the_user_is_called_as_the_app_is() -> None:
    options: dict[str, Any] = {"name": "chat", "user": None, "root": "/srv", "ports": {}}
    options.update(
        {key: [] for key in ("server_names", "packages", "files", "nginx_lines", "users")}
    )
    options.update({"nginx_user": None, "contents": {}})
    assert Wanted.of(options).user == "chat"
