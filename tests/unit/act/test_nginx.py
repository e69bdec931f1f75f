"""The lines of Nginx's main file, its check and its reload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.act import nginx, units
from plugins.module_utils.act.editor import ActError
from plugins.module_utils.act.nginx import with_lines
from plugins.module_utils.act.units import Said
from plugins.module_utils.deploy.capacity import Machine, nginx_lines
from plugins.module_utils.host.access import Answer, Host
from tests.unit.act.conftest import Systemd

STOCK = """\
user www-data;
worker_processes auto;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
include /etc/nginx/modules-enabled/*.conf;

events {
	worker_connections 768;
	# multi_accept on;
}

http {
	sendfile on;
	types_hash_max_size 2048;
	# server_tokens off;

	# server_names_hash_bucket_size 64;
	# server_name_in_redirect off;

	include /etc/nginx/mime.types;
}
"""
OURS = nginx_lines("auto", [4096], Machine(2**30, 524_288, 4096, 0))


def test_debians_own_file() -> None:
    found = with_lines(STOCK, OURS)
    assert found == (
        STOCK.replace("\tworker_connections 768;", "    worker_connections 13312;")
        .replace("\t# server_names_hash_bucket_size 64;", "    server_names_hash_bucket_size 128;")
        .replace("events {", "worker_rlimit_nofile 26624;\nevents {")
    )
    assert with_lines(found, OURS) == found


CONNECTIONS = [{"line": "worker_connections 9;", "block": "events"}]
PROCESSES = [{"line": "worker_processes 2;", "block": ""}]


@pytest.mark.parametrize(
    ("text", "lines", "after"),
    [
        # the last one with this directive
        ("worker_processes 1;\n", PROCESSES, "worker_processes 2;\n"),
        ("#worker_processes 1;\nworker_processes 3;\n", PROCESSES, "#worker_processes 1;\nworker_processes 2;\n"),
        ("# worker_processes 1;\n", PROCESSES, "worker_processes 2;\n"),
        # none
        ("user a;\nevents {\n}\n", PROCESSES, "user a;\nworker_processes 2;\nevents {\n}\n"),
        ("events {\n}\n", CONNECTIONS, "events {\n    worker_connections 9;\n}\n"),
        ("user a;\n", PROCESSES, "user a;\nworker_processes 2;\n"),
        # other directives that begin so
        ("worker_processes_x 1;\nevents {\n}\n", PROCESSES, "worker_processes_x 1;\nworker_processes 2;\nevents {\n}\n"),
        # however it is indented
        ("events {\n\tworker_connections 9;\n}\n", CONNECTIONS, "events {\n\tworker_connections 9;\n}\n"),
        ("worker_processes 2;", [], "worker_processes 2;\n"),
    ],
)  # fmt: skip
def test_lines(text: str, lines: list[dict[str, str]], after: str) -> None:
    assert with_lines(text, lines) == after
    assert with_lines(after, lines) == after


# --- the check ---


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [(0, "warning", ""), (1, "[emerg] x\n", "[emerg] x"), (1, "", "It ended with status 1 and said nothing.")],
)  # fmt: skip
def test_the_check_sees_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, error: str, said: str
) -> None:
    own = tmp_path / "nginx"
    for name in ("conf.d", "sites-enabled", "sites-available"):
        (own / name).mkdir(parents=True)
    (own / "nginx.conf").write_text("old")
    (own / "sites-available/default").touch()
    (own / "sites-enabled/default").symlink_to(own / "sites-available/default")
    monkeypatch.setattr(nginx, "DIRECTORY", str(own))
    seen: dict[str, str] = {}

    def run(command: list[str], **_: Any) -> Said:
        copy = Path(command[-1])
        assert command[:3] == ["unshare", "--mount", "sh"]
        files = (path for path in copy.rglob("*") if path.is_file())
        seen.update({str(path.relative_to(copy)): path.read_text() for path in files})
        return Said(status, "", error)

    monkeypatch.setattr(units, "run", run)
    files = {f"{own}/nginx.conf": "new", f"{own}/conf.d/chat.conf": "site"}
    without = [f"{own}/sites-enabled/default", f"{own}/sites-enabled/none"]
    assert nginx.check(files, without) == said
    assert seen == {"nginx.conf": "new", "conf.d/chat.conf": "site", "sites-available/default": ""}
    assert (own / "nginx.conf").read_text() == "old"
    assert (own / "sites-enabled/default").exists()


# --- the reload ---


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[dict[int, list[str]]]:
    """Nginx's workers at each look; the last for good."""
    given: list[dict[int, list[str]]] = [{}]
    monkeypatch.setattr(nginx, "workers", lambda _: given.pop(0) if len(given) > 1 else given[0])
    monkeypatch.setattr(nginx.time, "sleep", lambda _: None)
    return given


def load(*, reload: bool) -> bool:
    host = Host(Path("/nowhere"), lambda _: Answer(1, ""))
    return nginx.load(host, ["/etc/nginx/nginx.conf"], reload=reload)


SHOW = "systemctl show"
RUNS = "ActiveState=active\nUnitFileState=enabled\n"


@pytest.mark.parametrize(
    ("state", "reload", "lost", "asked"),
    [
        (RUNS, False, False, []),
        (RUNS, True, False, ["reload nginx.service"]),
        (RUNS, False, True, ["reload nginx.service"]),
        (RUNS.replace("=active", "=inactive"), True, False, ["enable --now --quiet nginx.service"]),
        (RUNS.replace("=enabled", "=disabled"), False, False, ["enable --now --quiet nginx.service"]),
        (
            RUNS.replace("=enabled", "=disabled"),
            True,
            False,
            ["enable --now --quiet nginx.service", "reload nginx.service"],
        ),
    ],
)  # fmt: skip
def test_nginx_is_started_or_reloaded(
    systemd: Systemd,
    workers: list[dict[int, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    reload: bool,
    lost: bool,
    asked: list[str],
) -> None:
    workers[:] = [{1: []}, {1: [], 2: []}, {2: []}]
    monkeypatch.setattr(nginx, "has_lost_reload", lambda *_: lost)
    systemd.answer(SHOW, state)
    assert load(reload=reload) is (asked not in ([], ["enable --now --quiet nginx.service"]) or "inactive" in state)  # fmt: skip
    assert systemd.asked_to("enable", "reload") == asked


def test_workers_that_never_change(
    systemd: Systemd, workers: list[dict[int, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The master refused what it read, and its workers go on."""
    workers[:] = [{1: []}]
    monkeypatch.setattr(nginx, "TAKES_OVER", 0.01)
    systemd.answer(SHOW, RUNS)
    with pytest.raises(ActError, match="error log says why") as failed:
        load(reload=True)
    assert failed.value.failure == {"kind": "reload"}
