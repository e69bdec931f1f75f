"""What playbooks/diagnose.yml says of a host that is not ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plays import Done, Plays
from testhost import Machine
from testinfra.host import Host

Diagnose = Callable[..., tuple[Done, Any]]


@pytest.fixture
def diagnose(machine: Machine, plays: Plays, tmp_path: Path) -> Diagnose:
    """Run it from the controller; returns the result and the JSON report, if there is one."""

    def run(path: str, **more: dict[str, str]) -> tuple[Done, Any]:
        report = tmp_path / "report.html"
        options = {"url": machine.url + path, "report": str(report), **more}
        done = plays.run("diagnose", **options)
        found = report.with_suffix(".json")
        assert found.exists() == report.exists()
        return done, json.loads(found.read_text())["diagnosis"] if found.exists() else None

    return run


@pytest.fixture
def from_the_host(machine: Machine) -> dict[str, str]:
    return {"host": machine.name, "app": "127.0.0.1:8000", "nginx_port": "80"}


def test_without_pycurl_there_it_says_so_and_installs_nothing(
    host: Host, diagnose: Diagnose, from_the_host: dict[str, str]
) -> None:
    host.run("apt-get purge -y python3-pycurl")
    done, found = diagnose("/usual/", **from_the_host)
    assert done.code == 2 and found is None
    assert "stranger could not measure." in done.output
    assert "-e install=true" in done.output
    assert not host.package("python3-pycurl").is_installed


def test_the_culprit_is_nginx_and_the_report_says_so(
    diagnose: Diagnose, from_the_host: dict[str, str]
) -> None:
    done, found = diagnose("/usual/", **from_the_host, install="true", origin="127.0.0.1")
    assert done.code == 2, done.output
    assert found and found["culprit"] == "nginx"
    assert [one["layer"] for one in found["layers"]] == ["gunicorn", "nginx", "origin", "public"]
    assert found["layers"][0]["verdict"] == "streaming"
    assert found["causes"][0]["layer"] == "nginx"
    assert found["causes"][0]["remedy"] in " ".join(done.output.split())


def test_what_streams_is_not_accused(diagnose: Diagnose, from_the_host: dict[str, str]) -> None:
    done, found = diagnose("/right/", **from_the_host, install="true")
    assert done.code == 0, done.output
    assert found and found["verdict"] == "streaming"


def test_from_outside_alone_it_is_seen_too(diagnose: Diagnose) -> None:
    done, found = diagnose("/usual/")
    assert done.code == 2, done.output
    assert found and found["culprit"] == "public"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"url": "ftp://x/"}, "say which stream: -e url=https://"),
        ({"unix_socket": "/run/a.sock"}, "say which host"),
        ({"report": "/nowhere/a.html"}, "there is no directory /nowhere"),
    ],
)
def test_bad_input_is_a_sentence_and_no_report(
    diagnose: Diagnose, more: dict[str, str], said: str
) -> None:
    done, found = diagnose("/right/", **more)
    assert done.code == 2 and found is None
    assert said in done.message
    assert "Measure from the controller" not in done.output
