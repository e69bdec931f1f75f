"""Deploy the inventory's app with some variables changed, and hear what the play says."""

import dataclasses
import json

import pytest


@dataclasses.dataclass
class Deploy:
    """`message` is that of its failure, in one line; empty when it has not failed."""

    message: str
    output: str


@pytest.fixture(scope="session")
def deploy(machine, tmp_path_factory):
    """A function that takes the variables to change."""

    def deploy(variables):
        directory = tmp_path_factory.mktemp("deploy")
        said = directory / "said"
        said.write_text("")
        role = {"name": "streaming_api", "rolespec_validate": False}
        keep = {"content": "{{ ansible_failed_result.msg }}", "dest": str(said), "mode": "0600"}
        task = {
            "block": [{"ansible.builtin.import_role": role}],
            "rescue": [{"ansible.builtin.copy": keep, "delegate_to": "localhost", "become": False}],
        }
        play = {
            "hosts": "streaming_api",
            "become": True,
            "gather_facts": False,
            "vars": variables,
            "tasks": [task],
        }
        playbook = directory / "deploy.json"
        playbook.write_text(json.dumps([play]))
        done = machine.play(playbook)
        assert done.returncode == 0, done.stdout + done.stderr
        return Deploy(" ".join(said.read_text().split()), done.stdout)

    return deploy
