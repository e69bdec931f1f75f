"""A CA's certificate: on the first deploy, on the next ones, when it is renewed, and without the CA."""

from __future__ import annotations

import re
import subprocess
import time

import pytest
from plays import Plays
from streamclient import Reading, Stream
from testhost import Machine
from testinfra.host import Host

FILE = "/etc/ssl/streaming_api/reference-acme.pem"
DOWN = "https://ca.example:14001/dir"
RENEW = (
    "certbot renew --force-renewal --no-random-sleep-on-renew --cert-name streaming_api-reference"
)
OTHER = {
    "streaming_api_name": "other",
    "streaming_api_nginx_server_names": ["other.example"],
}


def served(machine: Machine, name: str) -> dict[str, str]:
    """Who issued the certificate of this name, its serial number, and the names in it."""
    asked = f"openssl s_client -connect 127.0.0.1:{machine.https} -servername {name} </dev/null"
    shown = "openssl x509 -noout -issuer -serial -ext subjectAltName"
    said = subprocess.run(
        ["sh", "-c", f"{asked} 2>/dev/null | {shown}"], check=True, capture_output=True, text=True
    ).stdout
    found = dict(
        line.split("=", 1) for line in said.splitlines() if line[:6] in {"issuer", "serial"}
    )
    return {**found, "names": " ".join(sorted(re.findall(r"DNS:([\w.]+)", said)))}


def test_the_first_deploy_got_it(machine: Machine, host: Host) -> None:
    found = served(machine, "chat.example")
    assert "Pebble" in found["issuer"]
    assert found["names"] == "chat.example"
    assert host.file(FILE).mode == 0o600
    assert host.service("certbot.timer").is_enabled


def test_the_next_deploy_changes_nothing(machine: Machine, plays: Plays) -> None:
    before = served(machine, "chat.example")
    done = plays.deploy()
    assert (done.changed, "certificate" in done.output) == (0, False)
    assert served(machine, "chat.example") == before


def test_a_stream_runs_on_while_it_is_renewed(machine: Machine, host: Host) -> None:
    before = served(machine, "chat.example")
    url = f"{machine.https_url}/api/stream?count=100000&interval=0.1"
    stream = Stream(url, name="chat.example", http2=True, timeout=0)
    with Reading(stream) as reading:
        host.check_output(RENEW)
        # A worker with the old certificate may take connections for a moment more.
        deadline = time.monotonic() + 30
        while (after := served(machine, "chat.example")) == before and time.monotonic() < deadline:
            time.sleep(0.1)
        reading.goes_on()
    assert "Pebble" in after["issuer"]
    assert after["serial"] != before["serial"]
    assert stream.is_whole and stream.http == "2"


def test_more_names_get_a_new_one(machine: Machine, plays: Plays) -> None:
    plays.deploy(streaming_api_nginx_server_names=["chat.example", "www.chat.example"])
    assert served(machine, "www.chat.example")["names"] == "chat.example www.chat.example"


def test_without_the_ca_it_keeps_what_it_has(machine: Machine, plays: Plays, host: Host) -> None:
    before = served(machine, "chat.example")
    done = plays.deploy(streaming_api_acme_directory=DOWN)
    told = " ".join(done.output.split())
    assert (
        f"reference got no certificate from {DOWN}: {DOWN} cannot be reached: Connection refused."
        " chat.example is served with the certificate that it had; the next deploy asks again."
    ) in told
    assert served(machine, "chat.example") == before
    host.run_expect([1], f"{RENEW} --server {DOWN}")
    assert served(machine, "chat.example") == before


@pytest.fixture(scope="module")
def without(plays: Plays) -> str:
    """What a first deploy says when the CA is down."""
    return " ".join(plays.deploy(**OTHER, streaming_api_acme_directory=DOWN).output.split())


def test_a_first_deploy_without_the_ca(machine: Machine, without: str) -> None:
    assert "other.example is served with a self-signed certificate" in without
    assert "Pebble" not in served(machine, "other.example")["issuer"]


@pytest.mark.usefixtures("without")
def test_a_name_that_the_ca_cannot_reach(plays: Plays) -> None:
    """The CA says why, and so does the play."""
    names = ["other.example", "nowhere.example"]
    said = plays.deploy(**{**OTHER, "streaming_api_nginx_server_names": names}).output
    assert "other got no certificate" in " ".join(said.split())
    assert "nowhere.example: " in said


@pytest.mark.usefixtures("without")
def test_the_next_deploy_gets_it(machine: Machine, plays: Plays) -> None:
    plays.deploy(**OTHER)
    assert "Pebble" in served(machine, "other.example")["issuer"]
    assert served(machine, "chat.example")["names"].startswith("chat.example")
