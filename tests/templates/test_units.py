"""The release's files: units that systemd accepts, settings that Gunicorn accepts."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.deploy import process
from plugins.module_utils.deploy.places import Places
from tests.templates.conftest import ROLE, Render

UNIT = "chat-app@0123456789ab"


def verify(directory: Path, service: str, socket: str) -> str:
    """What systemd says of the pair, whose program is not on this machine."""
    lines = [line if not line.startswith("ExecStart=") else "ExecStart=/bin/true" for line in service.splitlines()]  # fmt: skip
    (directory / f"{UNIT}.service").write_text("\n".join(lines) + "\n")
    (directory / f"{UNIT}.socket").write_text(socket)
    units = [str(directory / f"{UNIT}.{kind}") for kind in ("service", "socket")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "\n".join(line for line in done.stderr.splitlines() if UNIT in line)


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"streaming_api_service_writable_paths": ["/data", "/mnt/b"]},
        {"streaming_api_service_settings": {"MemoryMax": "1G", "ReadOnlyPaths": ["/a", "/b"]}},
        {"streaming_api_root": "/opt/apps", "streaming_api_user": "chat"},
        {"streaming_api_service_network": False},
        {"streaming_api_count_streams": False},
    ],
)
def test_systemd_reads_them(render: Render, tmp_path: Path, variables: dict[str, Any]) -> None:
    service = render("app.service.j2", **variables)
    assert verify(tmp_path, service, render("app.socket.j2", **variables)) == ""


def test_systemd_would_notice(render: Render, tmp_path: Path) -> None:
    service = render("app.service.j2", streaming_api_service_settings={"MemoryMaximum": "1G"})
    assert "MemoryMaximum" in verify(tmp_path, service, render("app.socket.j2"))


@pytest.mark.parametrize(
    ("variables", "there"),
    [
        ({"streaming_api_stop_timeout": "60"}, "TimeoutStopSec=70"),
        ({}, "LimitNOFILE=524288"),
        ({"streaming_api_service_settings": {"LimitNOFILE": 1024}}, "LimitNOFILE=1024"),
        ({}, "MemoryMax=75%"),
        ({"streaming_api_service_memory_max": "2G"}, "MemoryMax=2G"),
        ({"streaming_api_service_tasks_max": "512"}, "TasksMax=512"),
        ({"streaming_api_service_cpu_weight": "50"}, "CPUWeight=50"),
        ({}, "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6"),
        ({"streaming_api_service_network": "no"}, "PrivateNetwork=yes"),
        ({"streaming_api_service_writable_paths": ["/data"]}, "ReadWritePaths=/data"),
        ({"streaming_api_service_settings": {"MemoryMax": "1G"}}, "MemoryMax=1G"),
        ({"streaming_api_service_settings": {"Nice": [5, 6]}}, "Nice=6"),
    ],
)
def test_a_setting_reaches_the_service(
    render: Render, variables: dict[str, Any], there: str
) -> None:
    assert there in render("app.service.j2", **variables).splitlines()


@pytest.mark.parametrize("single", [False, True])
def test_systemd_reads_a_background_process(render: Render, tmp_path: Path, single: bool) -> None:
    own = {"streaming_api_service_settings": {"ExecStartPre": "/bin/false", "Restart": "no"}}
    common = render("process.service.j2", **own)
    assert "ExecStartPre" not in common
    given = {
        "name": "worker",
        "command": """sh -c 'echo "$HOME" 5%; sleep 1'""",
        "single": single,
        "stop_signal": "INT",
        "stop_timeout": 9,
        "settings": {"MemoryMax": "1G"},
    }
    texts = process.with_units({"process": common}, [process.described("chat-app", given)])
    [text] = process.units(texts, "0123456789ab", single=single).values()
    assert "WorkingDirectory=/srv/chat-app/releases/0123456789ab/src" in text.splitlines()
    assert "@release@" not in text
    unit = tmp_path / f"{UNIT}.worker.service"
    unit.write_text(text)
    argv = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "chat-app" in line] == []


def test_it_has_the_apps_sandbox(render: Render) -> None:
    """Whatever the app's service has, but what belongs to its streams."""
    app, other = (
        set(render(name).splitlines()) for name in ("app.service.j2", "process.service.j2")
    )
    alone = {line.partition("=")[0] for line in app - other if "=" in line}
    assert alone == {
        *("Description", "Wants", "After", "ExecStart", "Type", "WantedBy", "Also"),
        *("WorkingDirectory", "EnvironmentFile"),  # %i there, the id here
        *("Restart", "TimeoutStartSec", "TimeoutStopSec", "LimitNOFILE"),
        *("RuntimeDirectory", "RuntimeDirectoryMode", "RuntimeDirectoryPreserve"),
        *("LoadCredential", "SetCredential"),
    }


def test_an_app_has_a_network_unless_it_wants_none(render: Render) -> None:
    assert "PrivateNetwork" not in render("app.service.j2")


def test_systemd_reads_the_drain_unit(render: Render, tmp_path: Path) -> None:
    timeouts = {"streaming_api_drain_timeout": "600", "streaming_api_stop_timeout": 9}
    text = render("drain.service.j2", **timeouts)
    assert " --timeout=600 --keep=3 %i" in text
    assert "TimeoutStopSec=29" in text.splitlines()
    unit = tmp_path / "chat-app-drain@.service"
    unit.write_text(text.replace("ExecStart=", "ExecStart=/bin/true "))
    argv = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "chat-app-drain" in line] == []


EDGE = ("edge.service", "edge-fetch.service", "edge.timer")


def test_systemd_reads_the_units_of_the_edge(render: Render, tmp_path: Path) -> None:
    for name in EDGE:
        text = render(f"{name.replace('-', '_')}.j2", streaming_api_edge="cloudflare")
        (tmp_path / f"streaming_api-{name}").write_text(text)
    assert (
        "fetch https://www.cloudflare.com/ips-v4 https://www"
        in (tmp_path / "streaming_api-edge-fetch.service").read_text()
    )
    files = [str(tmp_path / f"streaming_api-{name}") for name in EDGE]
    argv = ["systemd-analyze", "verify", "--man=no", *files]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "streaming_api-edge" in line] == []


def settings(text: str) -> dict[str, str]:
    """The assignments of a gunicorn.conf.py, as source text."""
    return {
        target.id: ast.unparse(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_the_counts_are_where_the_monitor_reads_them(render: Render) -> None:
    name, release = UNIT.split("@")
    directory = Places(name).counts(release).replace("/run/", "").replace(release, "%i")
    lines = render("app.service.j2").splitlines()
    assert f"RuntimeDirectory={directory}" in lines
    assert "RuntimeDirectoryMode=0755" in lines
    assert "Runtime" not in render("app.service.j2", streaming_api_count_streams="no")


PROBED, COUNTED = "stream_probe:serve('{}')", 'stream_counts:serve("{}")'
NO_PROBE = {"streaming_api_probe": "no", "streaming_api_proof": False}
NO_COUNTS = {"streaming_api_count_streams": "no"}
GUNICORN: list[tuple[dict[str, Any], str, str]] = [
    ({}, "worker_class", "Worker"),
    ({}, "workers", "len(os.sched_getaffinity(0))"),
    ({}, "wsgi_app", repr(PROBED.format(COUNTED.format("main:app")))),
    (NO_COUNTS, "wsgi_app", repr(PROBED.format("main:app"))),
    (NO_PROBE, "wsgi_app", repr(COUNTED.format("main:app"))),
    ({**NO_PROBE, **NO_COUNTS}, "wsgi_app", "'main:app'"),
    ({}, "max_requests", "0"),
    ({"streaming_api_gunicorn_workers": "3"}, "workers", "3"),
    (
        {"streaming_api_app_factory": True},
        "wsgi_app",
        repr(PROBED.format(COUNTED.format("main:app()"))),
    ),
    (
        {"streaming_api_app_factory": "false"},
        "wsgi_app",
        repr(PROBED.format(COUNTED.format("main:app"))),
    ),
    ({**NO_PROBE, **NO_COUNTS, "streaming_api_app_factory": True}, "wsgi_app", "'main:app()'"),
    ({"streaming_api_gunicorn_worker_class": "asgi"}, "worker_class", "'asgi'"),
    (
        {"streaming_api_gunicorn_worker_class": "asgi", "streaming_api_root_path": "/v1"},
        "root_path",
        "'/v1'",
    ),
    ({"streaming_api_stop_timeout": "60"}, "graceful_timeout", "65"),
    ({"streaming_api_gunicorn_settings": {"loglevel": "debug"}}, "loglevel", "'debug'"),
    ({"streaming_api_gunicorn_settings": {"sendfile": False}}, "sendfile", "False"),
    ({"streaming_api_gunicorn_settings": {"print_config": ["A=b"]}}, "print_config", "['A=b']"),
    ({"streaming_api_gunicorn_settings": {"statsd_host": None}}, "statsd_host", "None"),
]


@pytest.mark.parametrize("worker", ["uvicorn", "asgi"])
@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({}, None),
        ({"streaming_api_nginx_path": "/a/b/"}, "/a/b"),
        ({"streaming_api_nginx_path": "/a/", "streaming_api_root_path": ""}, None),
        ({"streaming_api_root_path": "/v1"}, "/v1"),
    ],
)
def test_the_app_is_told_its_path(
    render: Render, worker: str, variables: dict[str, Any], told: str | None
) -> None:
    given = {"streaming_api_gunicorn_worker_class": worker, **variables}
    text = render("gunicorn.conf.py.j2", **given)
    found = re.findall(r"root_path\W+?(/\w+(?:/\w+)*)", text)
    assert found == ([told] if told else [])
    ast.parse(text)


@pytest.mark.parametrize(("variables", "name", "value"), GUNICORN)
def test_gunicorn(render: Render, variables: dict[str, Any], name: str, value: Any) -> None:
    assert settings(render("gunicorn.conf.py.j2", **variables))[name] == value


@pytest.mark.parametrize(
    ("variables", "names"),
    [
        ({}, ["stream_counts.py", "stream_probe.py", "stream_slots.py"]),
        (NO_COUNTS, ["stream_probe.py"]),
        (NO_PROBE, ["stream_counts.py", "stream_slots.py"]),
        ({**NO_PROBE, **NO_COUNTS}, []),
    ],
)
def test_what_is_beside_the_settings(
    render: Render, tmp_path: Path, variables: dict[str, Any], names: list[str]
) -> None:
    """And what is not wanted is nowhere named."""
    template = tmp_path / "modules.j2"
    template.write_text("{{ __streaming_api_texts.modules | to_json }}")
    modules = json.loads(render(template, **variables))
    assert sorted(modules) == names
    for name, text in modules.items():
        assert text == (ROLE / "files" / name).read_text()
    said = render("gunicorn.conf.py.j2", **variables) + render("app.service.j2", **variables)
    assert ("stream_probe" in said, "stream_counts" in said) == (
        "stream_probe.py" in names,
        "stream_counts.py" in names,
    )
    assert ("sys.path" in said) == bool(names)


@pytest.mark.parametrize(
    ("unit", "kept"),
    [
        ("chat-app@0123456789ab.service", True),
        ("chat-app@0123456789ab.worker.service", True),
        ("chat-app@single.worker.service", True),
        ("chat-app-drain@0123456789ab.service", True),
        ("chat-app-deploy.service", True),
        ("chat-app.service", True),
        ("chat-apps@0123456789ab.service", False),
        ("my-chat-app@0123456789ab.service", False),
    ],
)
def test_needrestart_leaves_them_alone(render: Render, unit: str, kept: bool) -> None:
    text = render("needrestart.conf.j2")
    assert "# Ansible managed" in text.splitlines()
    [pattern] = re.findall(r"override_rc\}\{qr\((.*)\)\} = 0;$", text, re.MULTILINE)
    assert bool(re.search(pattern, unit)) is kept


@pytest.mark.parametrize("page", [False, True])
def test_systemd_reads_the_monitor(render: Render, tmp_path: Path, page: bool) -> None:
    own = {"streaming_api_monitor": True, "streaming_api_status_page": page}
    unit = render("monitor.service.j2", **own)
    (tmp_path / "streaming_api-monitor.service").write_text(
        re.sub("^ExecStart=.*", "ExecStart=/bin/true", unit, flags=re.MULTILINE)
    )
    drop_ins = tmp_path / "streaming_api-monitor.service.d"
    drop_ins.mkdir()
    added = render("monitor_app.conf.j2", **own)
    (drop_ins / "chat-app.conf").write_text(added)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "streaming_api-monitor.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert [line for line in done.stderr.splitlines() if "monitor" in line] == []
    assert ("chat-app.status-token" in added) is page
    assert "LoadCredential=chat-app.json:/etc/streaming_api/monitor/chat-app.json" in added
