"""The host's Nginx: its version, its settings, its workers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from plugins.module_utils.host.access import Answer
from tests.unit.host.made_host import see, write


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


def test_lines_of_its_main_file(root: Path) -> None:
    names = ("worker_processes", "worker_connections", "worker_rlimit_nofile")
    assert see(root, nginx_directives=names)["nginx_lines"] == []
    main = (
        "worker_processes auto;\n# worker_rlimit_nofile 9;\nevents {\n\tworker_connections 9;\n}\n"
    )
    write(root, {"/etc/nginx/nginx.conf": main})
    found = see(root, nginx_directives=names)["nginx_lines"]
    assert found == ["worker_processes auto;", "worker_connections 9;"]


def test_no_nginx(root: Path) -> None:
    found = see(root)["nginx"]
    assert (found["installed"], found["version"]) == (False, None)


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
