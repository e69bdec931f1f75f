"""What is refused on a real host, in which words; a refusal changes nothing.

tests/unit/settings has all bad values. Here are some of each kind, and those that only a
host can find.
"""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from plays import Plays
from testinfra.host import Host

Cases = Mapping[str, tuple[dict[str, Any], list[str]]]

ROOT = Path(__file__).parents[3]

APP = "from starlette.applications import Starlette\n\napp = Starlette()\n"

# An app that would be deployed if nothing were wrong, with only what the role needs.
GOOD = {
    "streaming_api_name": "third",
    "streaming_api_package": "starlette",
    "streaming_api_app": "main:app",
    "streaming_api_files": {"main.py": APP},
    "streaming_api_nginx_server_names": ["third.example"],
    # the inventory is another app's
    "streaming_api_source": None,
    "streaming_api_health_path": "/",
    "streaming_api_nginx_locations": [{"path": "/"}],
}

# What is wrong, and words of the sentence: the variable, its value, what is allowed.
BAD: Cases = {
    "unknown name": ({"streaming_api_wokers": 3}, ["streaming_api_wokers is unknown", "streaming_api_gunicorn_workers"]),
    "wrong type": ({"streaming_api_gunicorn_workers": "many"}, ["streaming_api_gunicorn_workers", "many", "whole number"]),
    "list for text": ({"streaming_api_user": ["a"]}, ["streaming_api_user is ['a']", "a user's name"]),
    "unknown in a location": ({"streaming_api_nginx_locations": [{"path": "/", "gizp": 1}]}, ["streaming_api_nginx_locations[0].gizp", "gzip"]),
    "no unit name": ({"streaming_api_name": "my app"}, ["streaming_api_name", "my app", "lower-case"]),
    "no source": ({"streaming_api_package": None, "streaming_api_source": "/nowhere"}, ["streaming_api_source", "/nowhere", "directory"]),
    "no such attribute": (
        {"streaming_api_package": None, "streaming_api_source": f"{ROOT}/files/app", "streaming_api_app": "main:ap", "streaming_api_files": {}},
        ["streaming_api_app", "main:ap", "nearest is app"],
    ),
    "port of sshd": ({"streaming_api_nginx_http_port": 22}, ["streaming_api_nginx_http_port is 22", "sshd", "free port"]),
    "port of an app": ({"streaming_api_nginx_server_names": []}, ["streaming_api_nginx_http_port is 80", "'reference'", "streaming_api_nginx_server_names"]),
    "name of an app": (
        {"streaming_api_tls": "self_signed", "streaming_api_nginx_server_names": ["second.example"]},
        ["streaming_api_nginx_server_names", "second.example", "'second-app'"],
    ),
    "name of a unit": ({"streaming_api_name": "ssh"}, ["streaming_api_name is 'ssh'"]),
    "name of a host's unit": ({"streaming_api_name": "taken"}, ["streaming_api_name is 'taken'", "/etc/systemd/system/taken.service"]),
    "name of a site": ({"streaming_api_name": "foreign"}, ["streaming_api_name is 'foreign'", "/etc/nginx/conf.d/foreign.conf", "somebody else"]),
    "another user of an app": (
        {"streaming_api_name": "second-app", "streaming_api_user": "other"},
        ["streaming_api_user is 'other'", "second-app runs as 'second-app'", "allowed is 'second-app'"],
    ),
    "secret without a value": ({"streaming_api_secrets": {"KEY": None}}, ["streaming_api_secrets.KEY is ***", "text or a number"]),
    "a person's account": ({"streaming_api_user": "deploy"}, ["streaming_api_user is 'deploy'"]),
}  # fmt: skip

# These are found while the release is built, beside the live one. Nothing of it stays.
LATE: Cases = {
    "import fails": (
        {
            "streaming_api_name": "fourth",
            "streaming_api_files": {"main.py": f"{APP}import not_there\n"},
        },
        [
            "streaming_api_app is 'main:app', which cannot be imported: ModuleNotFoundError: No module named 'not_there'"
        ],
    ),
    "no such version": (
        {"streaming_api_name": "fourth", "streaming_api_package": "starlette==0.0.0"},
        ["fourth@", "install the app's dependencies", "starlette==0.0.0"],
    ),
    "no such python": (
        {"streaming_api_name": "fourth", "streaming_api_python": "/usr/bin/python2"},
        ["fourth@", "create the virtual environment", "/usr/bin/python2"],
    ),
    "nginx does not pass it on": (
        {
            "streaming_api_name": "fourth",
            "streaming_api_nginx_server_extra": "location = / { return 502; }",
        },
        ["fourth@", "answers on its socket, but not through Nginx", "502"],
    ),
    "nginx refuses": (
        {
            "streaming_api_name": "fourth",
            "streaming_api_nginx_server_extra": "no_such_directive on;",
        },
        ['unknown directive "no_such_directive"'],
    ),
}


def attempt(plays: Plays, cases: Cases) -> dict[str, str]:
    """The message of each refusal; empty for a case that was deployed."""
    return plays.refusals({case: {**GOOD, **changes} for case, (changes, _) in cases.items()})


def changed_files(host: Host) -> list[str]:
    """The files that are newer than the mark, without those that change by themselves."""
    found = host.check_output(
        "find /etc /opt /srv /usr /var -xdev -newercc /root/mark"
        r" \( -type f -o -type l -o -type d \)"
        " -not -path '/var/log/*'"
    )
    return str(found).splitlines()


@pytest.fixture(scope="module")
def refusals(host: Host, plays: Plays) -> Iterator[tuple[dict[str, str], list[str]]]:
    while host.check_output("systemctl list-units --no-legend '*-drain@*'"):
        time.sleep(0.5)  # their ends change files
    taken = "/etc/systemd/system/taken.service /etc/nginx/conf.d/foreign.conf"
    host.check_output(f"touch {taken} && sleep 0.1 && touch /root/mark")
    said = attempt(plays, BAD)
    yield said, changed_files(host)
    host.check_output(f"rm {taken} /root/mark")


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused_in_one_clear_sentence(
    refusals: tuple[dict[str, str], list[str]], case: str
) -> None:
    said = refusals[0][case]
    assert [word for word in BAD[case][1] if word not in said] == []
    assert len(said.splitlines()) == 1


def test_a_refusal_changes_nothing(refusals: tuple[dict[str, str], list[str]]) -> None:
    assert refusals[1] == []


@pytest.fixture(scope="module")
def failures(plays: Plays) -> dict[str, str]:
    return attempt(plays, LATE)


@pytest.mark.parametrize("case", LATE)
def test_a_release_that_cannot_be_built_is_refused(failures: dict[str, str], case: str) -> None:
    assert [word for word in LATE[case][1] if word not in failures[case]] == []


def test_nothing_of_it_stays(failures: dict[str, str], host: Host) -> None:
    """A release that had traffic for a moment first finishes the streams of that moment."""
    assert failures
    left = (
        "ls /srv/fourth/releases; systemctl list-units --all --no-legend 'fourth@*';"
        " ls /etc/systemd/system/fourth@* /etc/nginx/conf.d/fourth.conf"
    )
    deadline = time.monotonic() + 60
    while host.run(left).stdout and time.monotonic() < deadline:
        time.sleep(0.5)
    assert host.run(left).stdout == ""
    assert host.check_output("ls /srv/fourth/releases") == ""  # which is there
    host.check_output("nginx -t")


def test_an_unsupported_distribution_is_refused(host: Host, plays: Plays) -> None:
    release = 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID="42"\n'
    host.check_output("echo %s | base64 -d >/run/os-release", b64encode(release.encode()).decode())
    host.check_output("mount --bind /run/os-release /usr/lib/os-release")
    try:
        said = plays.refusal(**GOOD)
    finally:
        host.check_output("umount /usr/lib/os-release && rm /run/os-release")
    assert said.startswith("The host runs Fedora Linux 42; supported are Ubuntu 22.04")
