"""inventory/aws_ec2.yml without what it needs. With everything that it needs: tests/aws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.inventory.ec2_explained import explained

ROOT = Path(__file__).parents[2]


def inventory(*sources: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """What ansible-inventory says to these sources, with the settings of this repository."""
    return subprocess.run(
        [
            Path(sys.executable).parent / "ansible-inventory",
            *("--graph", *(f"--inventory={source}" for source in sources)),
        ],
        cwd=cwd,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE")},
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_HOME": str(cwd / ".ansible"),
            "ANSIBLE_NOCOLOR": "1",
            "PWD": str(cwd),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("beside", [[], ["hosts.ini"]])
def test_with_ansible_core_alone_one_sentence_says_what_to_install(
    tmp_path: Path, beside: list[str]
) -> None:
    (tmp_path / "hosts.ini").write_text("[streaming_api]\na\n")
    path = ROOT / "inventory/aws_ec2.yml"
    done = inventory(*beside, str(path), cwd=tmp_path)
    [line] = done.stderr.splitlines()
    assert line == (
        f"[ERROR]: {path} cannot be used: it needs the collection amazon.aws and boto3, and this Python does "
        f"not have both; install: {Path(sys.executable).parent / 'python'} -m pip install ansible boto3"
    )
    assert (done.returncode, done.stdout) == (1, "")


def test_a_directory_with_such_a_file_is_told_the_same(tmp_path: Path) -> None:
    (tmp_path / "hosts").mkdir()
    (tmp_path / "hosts/my.aws_ec2.yml").write_text("plugin: amazon.aws.aws_ec2\n")
    (tmp_path / "hosts/hosts.ini").write_text("[streaming_api]\na\n")
    done = inventory("hosts", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "hosts/my.aws_ec2.yml cannot be used: it needs the collection" in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hosts", "[streaming_api]\na\n"),
        ("hosts.ini", "[streaming_api]\na\n"),
        ("hosts.yml", "streaming_api: {hosts: {a: }}\n"),
        ("ec2.yml", "streaming_api: {hosts: {a: }}\n"),
    ],
)
def test_other_inventories_are_read_without_a_word(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    done = inventory(name, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "@streaming_api:\n  |  |--a" in done.stdout


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            "Failed to describe instances: Unable to locate credentials",
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
        ),
        ("The config profile (x) could not be found", "set AWS_PROFILE, or "),
        ("An error occurred (AuthFailure) when calling ...", "the credentials must be valid and "),
        ('Could not connect to the endpoint URL: "https://x"', "set regions to the regions"),
        ("You must specify a region.", "You must specify a region; set regions to"),
        ("Invalid\n  filter 'x'.", "Invalid filter 'x'"),
    ],
)
def test_what_aws_says_comes_with_what_to_do(error: str, says: str) -> None:
    told = explained(error)
    assert says in told
    assert "\n" not in told
    assert told.startswith(" ".join(error.split()).rstrip("."))
