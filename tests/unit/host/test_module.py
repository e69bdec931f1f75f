"""The module stream_host."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.host.wanted import Wanted
from tests.unit.ansible_module import run_module


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
        {key: [] for key in ("server_names", "packages", "files", "nginx_directives", "users")}
    )
    options["nginx_user"] = None
    assert Wanted.of(options).user == "chat"
