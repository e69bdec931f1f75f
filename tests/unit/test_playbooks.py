"""The playbooks themselves, with a role that stands in for ours: what hosts do for each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLE = """
- ansible.builtin.fail:
    msg: it does not stream
  when: inventory_hostname == 'b'
- ansible.builtin.debug:
    msg: chat@0123456789ab is live on {{ inventory_hostname }}, port 80.
"""


@pytest.mark.parametrize(
    ("at_once", "deployed"), [("1", "a"), ("2", "a"), ("50%", "ac"), (None, "acdef")]
)
def test_a_release_that_fails_goes_no_further(
    tmp_path: Path, at_once: str | None, deployed: str
) -> None:
    """Host b refuses it, of a to f."""
    tasks = tmp_path / "roles/streaming_api/tasks/main.yml"
    tasks.parent.mkdir(parents=True)
    tasks.write_text(ROLE)
    (tmp_path / "hosts.ini").write_text("[streaming_api]\n" + "\n".join("abcdef"))
    inventory = tmp_path / "hosts.ini"
    argv = [f"{Path(sys.executable).parent}/ansible-playbook", "-i", str(inventory), "-c", "local"]
    argv += [f"-eansible_python_interpreter={sys.executable}", "-eansible_become=false"]
    argv += [f"-eat_once={at_once}"] if at_once else []
    done = subprocess.run(
        [*argv, str(ROOT / "playbooks/site.yml")],
        env={**os.environ, "ANSIBLE_ROLES_PATH": str(tasks.parents[2]), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lives = [host for host in "abcdef" if f"is live on {host}," in done.stdout]
    assert (done.returncode, "".join(lives)) == (2, deployed), done.stdout + done.stderr
    # Of a batch that has failed as a whole Ansible says so itself.
    told = "The deploy has failed on b; nothing has changed on"
    assert (told in done.stdout) is (at_once in ("2", "50%"))


TARGETS = """
streaming_api:
  hosts:
    one: {ansible_host: 192.0.2.1, streaming_api_monitor_listen: "0.0.0.0:9000", scrape_labels: {environment: test}}
    one-docs: {ansible_host: 192.0.2.1, streaming_api_monitor_listen: "0.0.0.0:9000", streaming_api_name: docs}
    two: {streaming_api_monitor_listen: "[2001:db8::1]:9797"}
    near: {}
    without: {streaming_api_monitor: false}
  vars: {streaming_api_monitor: true, streaming_api_name: chat, ansible_become: true}
"""


def test_prometheus_gets_the_monitors_as_targets(tmp_path: Path) -> None:
    """No host is reached: there are none."""
    (tmp_path / "hosts.yml").write_text(TARGETS)
    done = subprocess.run(
        [
            f"{Path(sys.executable).parent}/ansible-playbook",
            *("-i", "hosts.yml", str(ROOT / "playbooks/scrape_targets.yml")),
        ],
        cwd=tmp_path,
        env={**os.environ, "PWD": str(tmp_path), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {
        one["targets"][0]: one["labels"]
        for one in json.loads((tmp_path / "targets.json").read_text())
    }
    assert found == {
        "192.0.2.1:9000": {
            "instance": "one",
            "environment": "test",
            "__meta_streaming_apps": ",chat,docs,",
        },
        "[2001:db8::1]:9797": {"instance": "two", "__meta_streaming_apps": ",chat,"},
        "near:9797": {"instance": "near", "__meta_streaming_apps": ",chat,"},
    }
    warned = [line for line in done.stdout.splitlines() if "WARNING" in line]
    assert len(warned) == 1 and "The monitor of near listens on its loopback" in warned[0]
    assert "Set streaming_api_monitor_listen" in done.stdout
    assert "without is left out" in done.stdout


def test_the_targets_have_the_port_of_the_role() -> None:
    defaults = yaml.safe_load((ROOT / "roles/streaming_api/defaults/main.yml").read_text())
    listen = defaults.get("streaming_api_monitor_listen", "127.0.0.1:9797")
    assert f"default('{listen}')" in (ROOT / "playbooks/scrape_targets.yml").read_text()
