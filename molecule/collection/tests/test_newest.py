"""The same collection with the newest ansible-core that requirements-dev.txt has.

It may need a newer Python than this machine has, so the host is its own controller here.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamclient import read
from testhost import Machine
from testinfra.host import Host

Run = Callable[[str], Any]

ROOT = Path(__file__).parents[3]
BUILT = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "built"
HOME = "/root/controller"
VERSION = max(
    re.findall(r"(?m)^ansible-core==([\d.]+)", (ROOT / "requirements-dev.txt").read_text()),
    key=lambda version: [int(part) for part in version.split(".")],
)


@pytest.fixture(scope="module")
def controller(host: Host, machine: Machine) -> Run:
    """Install ansible-core and the collection on the host; return a function that runs commands."""
    [tarball] = BUILT.glob("*.tar.gz")
    host.check_output(f"rm -rf {HOME} && mkdir -p {HOME}")
    for source in (BUILT, ROOT / "molecule/collection/converge.yml"):
        subprocess.run(["podman", "cp", source, f"{machine.container}:{HOME}/"], check=True)
    inventory = "[streaming_api]\nitself ansible_connection=local ansible_python_interpreter=/usr/bin/python3"
    host.check_output("printf %%s %s >%s/hosts.ini", inventory, HOME)
    host.check_output(f"python3 -m venv {HOME}/venv")
    host.check_output(f"{HOME}/venv/bin/pip install --quiet ansible-core=={VERSION}")

    def run(command: str) -> Any:
        return host.run(
            f"cd {HOME} && MOLECULE_EPHEMERAL_DIRECTORY={HOME} LC_ALL=C.UTF-8 venv/bin/{command}"
        )

    installed = run(f"ansible-galaxy collection install --offline built/{tarball.name}")
    assert installed.rc == 0, installed.stderr
    return run


def test_it_is_that_version(controller: Run) -> None:
    assert f"core {VERSION}]" in controller("ansible --version").stdout


def test_the_docs_render(controller: Run) -> None:
    for kind, name in (("module", "stream_latency"), ("role", "streaming_api")):
        done = controller(f"ansible-doc -t {kind} unbuffered.streaming.{name}")
        assert done.rc == 0, done.stderr
        assert f"> {kind.upper()}" in done.stdout


def test_it_finds_nothing_to_change_after_the_oldest(controller: Run) -> None:
    done = controller("ansible-playbook -i hosts.ini --check --diff converge.yml")
    assert done.rc == 0, done.stdout + done.stderr
    assert "changed=0 " in done.stdout
    assert "WARNING" not in done.stderr


def test_it_deploys(controller: Run, machine: Machine) -> None:
    settings = '-e streaming_api_name=newest -e \'{"streaming_api_nginx_server_names": ["newest.example"]}\''
    done = controller(f"ansible-playbook -i hosts.ini converge.yml {settings}")
    assert done.rc == 0, done.stdout + done.stderr
    assert "DEPRECATION" not in done.stderr
    reading = read(f"{machine.https_url}/ticks", name="newest.example", http2=True)
    assert (reading.status, reading.http) == (200, "2")
    assert len(reading.times) > 25  # of 50; a busy reader gets some together
