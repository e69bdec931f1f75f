"""Only requests with the token reach the probe, and the token appears nowhere."""

from __future__ import annotations

import pytest
from plays import Plays
from streamclient import read
from testhost import Machine
from testinfra.host import Host

OWN = "/api/stream?count=20&interval=0.05"


@pytest.fixture(scope="module")
def token(host: Host) -> str:
    return str(host.check_output("cat /etc/streaming_api/reference.probe-token"))


@pytest.mark.parametrize("path", ["/", "/chunked/", "/api/", "/no/such/path/"])
def test_requests_without_the_token_get_404(machine: Machine, path: str) -> None:
    assert read(f"{machine.url}{path}.stream-probe?count=1").status == 404


def test_requests_with_the_token_get_the_stream(host: Host, token: str) -> None:
    ask = "curl -s -H %s http://localhost/chunked/.stream-probe?count=3"
    assert host.check_output(ask, f"X-Stream-Probe-Token: {token}").count('"tick"') == 3


@pytest.mark.parametrize(
    "command",
    [
        "ps axww -o args",
        "cat /proc/*/environ | tr '\\0' '\\n'",
        "journalctl --no-pager --output=cat",
        "systemctl show 'reference@*'",
        "cat /etc/systemd/system/reference@* /srv/reference/current/[egrs]*.* /srv/reference/current/env",
        "cat /etc/nginx/nginx.conf /etc/nginx/conf.d/*",
    ],
)
def test_the_token_appears_nowhere(host: Host, token: str, command: str) -> None:
    assert len(token) > 40
    assert token not in host.run(command).stdout


def test_the_token_is_in_no_output(
    host: Host, monkeypatch: pytest.MonkeyPatch, plays: Plays, token: str
) -> None:
    monkeypatch.setenv("ANSIBLE_VERBOSITY", "3")
    output = plays.deploy().output  # goes back to the inventory's release, if another is live
    assert "probe_token" in output
    assert token not in output
    assert host.check_output("base64 -w0 /etc/streaming_api/reference.probe-token") not in output


def test_a_disabled_probe_leaves_no_trace(host: Host, machine: Machine, plays: Plays) -> None:
    before = host.check_output("readlink /srv/reference/current")
    plays.deploy(streaming_api_probe=False, streaming_api_proof_paths=[OWN])
    live = host.check_output("readlink /srv/reference/current").rpartition("/")[2]
    assert live != before
    assert not host.file("/srv/reference/current/stream_probe.py").exists
    assert "probe" not in host.check_output(f"systemctl cat reference@{live}.service")
    assert "probe" not in host.file("/srv/reference/current/gunicorn.conf.py").content_string
    answer = read(f"{machine.url}/.stream-probe")
    assert (answer.status, answer.headers["content-type"]) == (404, "application/json")  # the app's
    plays.deploy()
    assert host.check_output("readlink /srv/reference/current") == before
