"""For how many streams a host is set up, and what follows."""

from __future__ import annotations

import pytest

from plugins.module_utils.deploy.capacity import (
    BACKLOG,
    KERNEL,
    Machine,
    kernel,
    nginx_lines,
    streams,
    worries,
)

MIB, GIB = 2**20, 2**30
SERVER = Machine(memory=2 * GIB, files=524_288, somaxconn=4096, notsent=2**32 - 1)


@pytest.mark.parametrize(
    ("asked", "machine", "found"),
    [
        (0, SERVER, 16_384),
        (0, SERVER._replace(memory=512 * MIB), 4096),
        (0, SERVER._replace(memory=64 * GIB), 32_768),  # the most that nobody has asked for
        (0, SERVER._replace(memory=8 * MIB), 256),  # the least
        (0, SERVER._replace(files=20_000), 2992),
        (0, SERVER._replace(files=1024), 256),
        (7, SERVER, 7),
        (60_000, SERVER, 60_000),
    ],
)
def test_streams(asked: int, machine: Machine, found: int) -> None:
    assert streams(asked, machine) == found


@pytest.mark.parametrize(
    ("asked", "machine", "words"),
    [
        (0, SERVER._replace(memory=8 * MIB, files=1024), []),
        (16_384, SERVER, []),
        (16_385, SERVER, ["memory of this host carries about 16384"]),
        (5000, SERVER._replace(files=20_000), ["may open 20000 files", "holds 2992 streams"]),
    ],
)
def test_more_than_there_is(asked: int, machine: Machine, words: list[str]) -> None:
    found = worries(asked, machine)
    assert len(found) == bool(words)
    assert [word for word in words if word not in found[0]] == []


@pytest.mark.parametrize(
    ("claims", "machine", "connections", "files"),
    [
        ([4096], SERVER, 13_312, 26_624),
        ([4096, 100], SERVER, 13_612, 27_224),  # of all apps together
        ([100, 4096], SERVER, 13_612, 27_224),  # whichever is deployed
        ([36_000], SERVER._replace(files=20_000), 20_000, 20_000),
        ([BACKLOG], SERVER, 197_629, 395_258),
    ],
)
def test_the_lines_of_nginx(
    claims: list[int], machine: Machine, connections: int, files: int
) -> None:
    lines = {one["line"]: one["block"] for one in nginx_lines("auto", claims, machine)}
    assert lines == {
        "worker_processes auto;": "",
        f"worker_rlimit_nofile {files};": "",
        f"worker_connections {connections};": "events",
        "server_names_hash_bucket_size 128;": "http",
    }


PATHS = [each.path for each in KERNEL]


@pytest.mark.parametrize(
    ("somaxconn", "notsent", "names"),
    [
        (4096, 2**32 - 1, ["net.core.somaxconn", "net.ipv4.tcp_notsent_lowat"]),
        (65_535, 131_072, []),
        (200_000, 16_384, []),  # the user's are better
        (128, 16_384, ["net.core.somaxconn"]),
    ],
)
def test_the_kernel(somaxconn: int, notsent: int, names: list[str]) -> None:
    machine = SERVER._replace(somaxconn=somaxconn, notsent=notsent)
    assert [each.name for each in kernel(machine, PATHS)] == names


def test_what_the_host_refused_before_is_not_tried_at_each_deploy() -> None:
    machine = SERVER._replace(somaxconn=4096, notsent=2**32 - 1)
    assert [each.path for each in kernel(machine, PATHS[1:])] == PATHS[1:]
    assert kernel(machine, []) == []
