"""The collection that users get: built once, installed once, in its own directory."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
NAME = "unbuffered.streaming"


@dataclass(frozen=True)
class Project:
    """The directory of another team, and its settings of Ansible."""

    directory: Path
    settings: Mapping[str, str]

    def run(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Ansible without this repository's settings."""
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
        }
        own = {
            "ANSIBLE_HOME": str(self.directory / ".ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "PWD": str(self.directory),
        }
        return subprocess.run(
            [BIN / command, *arguments],
            cwd=self.directory,
            env=inherited | own | self.settings,
            capture_output=True,
            text=True,
            check=False,
        )

    def play(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ansible-playbook against this machine, without ssh and sudo."""
        variables = ("ansible_connection=local", f"ansible_python_interpreter={sys.executable}")
        inventory = self.directory / "hosts.ini"
        inventory.write_text("[streaming_api]\nlocalhost ansible_become=false\n")
        extra = [f"--extra-vars={' '.join(variables)}", "--extra-vars=ansible_become=false"]
        return self.run("ansible-playbook", f"--inventory={inventory}", *extra, *arguments)


@pytest.fixture(scope="session")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("built")
    done = subprocess.run(
        [ROOT / "dev", "build", directory], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [built] = directory.iterdir()
    assert built.resolve() == Path(done.stdout.strip())
    return built


@pytest.fixture(scope="session")
def installed(tarball: Path) -> Project:
    """A project with the collection and nothing else of this repository."""
    collections = tarball.parent / "collections"
    project = Project(tarball.parent, {"ANSIBLE_COLLECTIONS_PATH": str(collections)})
    done = project.run(
        "ansible-galaxy", "collection", "install", "--offline", f"-p{collections}", str(tarball)
    )
    assert done.returncode == 0, done.stderr
    return project
