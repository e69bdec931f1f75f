"""The TLS of the host, as scanners see it, and the findings of configuration checkers."""

from __future__ import annotations

import json

import pytest
from rawclient import NAME, get
from scanners import GIXY_NEXT, GIXY_NG, gixy, sslyze
from testhost import Machine
from testinfra.host import Host

# What the checkers may say, and why we do it anyhow.
DISTRIBUTION = (
    "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;",
    "ssl_prefer_server_ciphers on;",
)
EXCEPTIONS = {
    # Nginx would hold a stream back to fill its buffers: this role exists to switch that off.
    "proxy_buffering_off",
}


def test_mozillas_intermediate_profile(machine: Machine) -> None:
    assert sslyze(machine, "intermediate") == []


def test_the_scanner_would_notice(machine: Machine) -> None:
    found = " ".join(sslyze(machine, "modern"))
    assert "TLSv1.2" in found or "tls_versions" in found


def test_browsers_keep_to_https(machine: Machine) -> None:
    for path, status in {"/readyz": 200, "/nothing": 404, "/chunked/stream?count=1": 200}.items():
        said = get(machine.https, path, tls=NAME)
        assert said.status == status
        assert said.headers["strict-transport-security"] == "max-age=63072000"
        assert said.head.lower().count("strict-transport-security") == 1
    assert "strict-transport-security" not in get(machine.http).headers


def test_testssl(host: Host, machine: Machine) -> None:
    """Protocols, ciphers, forward secrecy and the known vulnerabilities: nothing above 'OK'."""
    host.check_output(
        "type testssl >/dev/null 2>&1 || { apt-get update -qq && "
        "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends testssl.sh; }"
    )
    asked = "--quiet --color 0 --warnings off --ip 127.0.0.1 -p -s -f"
    if machine.distro == "debian13":  # an RSA key has more of them
        asked += " -U"
    host.run(
        f"rm -f /tmp/testssl.json; nice testssl {asked} --jsonfile /tmp/testssl.json https://{NAME}:443"
    )
    found = json.loads(host.check_output("cat /tmp/testssl.json"))
    assert "TLS1_2" in {one["id"] for one in found}  # it has seen the server
    bad = [
        one for one in found if one["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL")
    ]
    assert [f"{one['id']}: {one['finding']}" for one in bad] == []


@pytest.mark.parametrize("checker", [GIXY_NG, GIXY_NEXT])
def test_what_checkers_of_configurations_say(host: Host, checker: str) -> None:
    dump = str(host.check_output("nginx -T 2>/dev/null"))
    # What the distribution says to all servers of the host holds for ours no more: sslyze has seen
    # that. Other sites may want it.
    ours = [one for one in gixy(checker, dump) if one["config"].strip() not in DISTRIBUTION]
    assert {one["plugin"] for one in ours} - EXCEPTIONS == set()
    bad = "\n# configuration file /etc/nginx/conf.d/zz.conf:\nserver { location /i { alias /data/; } }\n"
    assert "alias_traversal" in {one["plugin"] for one in gixy(checker, dump + bad)}
