"""The playbooks themselves, with a role that stands in for ours: what hosts do for each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
