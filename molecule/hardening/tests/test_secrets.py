"""A marked secret is in no output of a play, and on the host only where root alone can read it.

The app fails in several ways and tells its secrets each time; so does the hook of its build.
"""

from __future__ import annotations

import base64
import re
import subprocess
from typing import Any

import pytest
from plays import Plays
from testhost import Machine
from testinfra.host import Host

MARK = "mark3d"
SECRETS = {
    "DATABASE_URL": "redis://:mark3d+pa55/w0rd%22é@db:6379/0",
    "API_KEY": 'mark3d-"key"\\with\'all&<of>them',
}
# What a play says beside the secrets, so that the failure did come about.
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "the settings class": (
        {
            "streaming_api_app": "leak:settings",
            "streaming_api_app_factory": True,
            "streaming_api_extra_packages": ["pydantic-settings"],
        },
        "validation errors for Settings",
    ),
    "the hook of the build": (
        {
            "streaming_api_build_environment": {
                "ATTACK": "environment",
                "INDEX_TOKEN": "mark3d.build-t0ken",
            }
        },
        "could not be built",
    ),
    "the start": (
        {"streaming_api_app": "leak:starts", "streaming_api_start_timeout": 6},
        "did not answer on its socket",
    ),
    "the answers": (
        {
            "streaming_api_app": "leak:answers",
            "streaming_api_start_timeout": 6,
            "streaming_api_proof": True,
        },
        "answers 503",
    ),
}


def forms(mark: str) -> list[str]:
    """Return what betrays the mark: itself, in hexadecimal digits, in Base64 at any place."""
    found = [mark, mark.encode().hex(), mark.encode().hex().upper()]
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + mark.encode()).decode()
        found.append(encoded[(0, 2, 3)[before] :].rstrip("=")[:-1])
    return found


def test_the_forms_of_a_mark() -> None:
    assert all(any(form in text for form in forms(MARK)) for text in ("a mark3d b", "6d61726b3364"))
    for before in ("", "a", "ab", "abc"):
        encoded = base64.b64encode(f"{before}{MARK}-and more".encode()).decode()
        assert any(form in encoded for form in forms(MARK)), before


def leaks(text: str) -> list[str]:
    """Return the places of the mark in a text."""
    pattern = "|".join(map(re.escape, forms(MARK)))
    return [
        text[max(found.start() - 80, 0) : found.end() + 40] for found in re.finditer(pattern, text)
    ]


@pytest.mark.parametrize("case", CASES)
def test_a_failure_tells_no_secret(
    plays: Plays, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "3")
    variables, said = CASES[case]
    done = plays.run(streaming_api_secrets=SECRETS, **variables)
    assert not done.succeeded
    assert said in " ".join(f"{done.message} {done.output}".split())
    assert "***" in done.output  # the secrets were there to be told
    assert leaks(done.output) == []


def test_a_repository_tells_no_password(plays: Plays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "3")
    url = "http://bot:mark3d-passw0rd@127.0.0.1:9/app.git"  # where nobody listens
    done = plays.run(streaming_api_source=None, streaming_api_git_url=url)
    assert "http://127.0.0.1:9/app.git cannot be fetched" in done.message
    assert leaks(done.output) == []


def test_a_deploy_tells_no_secret(plays: Plays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "3")
    done = plays.deploy(streaming_api_secrets=SECRETS, streaming_api_proof=True)
    assert leaks(done.output) == []


def test_on_the_host_only_root_can_read_a_secret(host: Host) -> None:
    pattern = "|".join(map(re.escape, forms(MARK)))
    excluded = "--exclude-dir=proc --exclude-dir=sys --exclude-dir=dev --exclude-dir=journal"
    found = host.run(
        f"grep -raElZ {excluded} '{pattern}' / 2>/dev/null | xargs -0 stat -c '%U %a %n'"
    )
    files = dict(reversed(line.rsplit(" ", 1)) for line in found.stdout.splitlines())
    assert {name: mode for name, mode in files.items() if mode != "root 600"} == {}
    names = {re.sub("/[0-9a-f]{12}/", "/ID/", name) for name in files}
    assert names == {
        "/srv/victim/releases/ID/env",
        "/srv/victim/build.env",
        "/srv/mallory/releases/ID/env",
    }


@pytest.mark.parametrize(
    "command",
    [
        "cat /proc/[0-9]*/cmdline | tr '\\0' ' '",
        "journalctl --no-pager --output=json _PID=1",
        "journalctl --no-pager --output=json | grep -v mallory@ | grep ansible",
        "journalctl --no-pager --output=cat --unit='victim*'",
        "systemctl show 'victim@*' 'mallory@*' 'mallory-*'",
        "cat /etc/systemd/system/victim* /srv/victim/current/release.json /etc/streaming_api/*.json",
    ],
)
def test_what_a_host_says_has_no_secret(host: Host, command: str) -> None:
    said = host.run(command).stdout
    assert len(said) > 100
    assert leaks(said) == []


def test_the_facts_have_no_secret(machine: Machine) -> None:
    argv = ["ansible", "-i", machine.inventory, machine.name, "-b", "-m", "ansible.builtin.setup"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert len(done.stdout) > 1000
    assert leaks(done.stdout) == []
