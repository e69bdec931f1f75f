"""What the collection deployed: an app from a wheel, with a certificate that was given."""

from __future__ import annotations

import ssl
import subprocess

from rawclient import connect
from streamclient import read
from testhost import Machine
from testinfra.host import Host


def test_it_serves(machine: Machine) -> None:
    reading = read(f"{machine.https_url}/ticks", name="wheel.example", http2=True)
    assert (reading.status, reading.http) == (200, "2")
    assert len(reading.times) > 25  # of 50; a busy reader gets some together


def test_its_certificate_is_the_given_one(host: Host, machine: Machine) -> None:
    with connect(machine.https, tls="wheel.example") as end:
        served = ssl.DER_cert_to_PEM_cert(end.getpeercert(binary_form=True))
    argv = ["openssl", "x509", "-noout", "-ext", "subjectAltName"]
    told = subprocess.run(argv, input=served, capture_output=True, text=True, check=True)
    assert "DNS:wheel.example" in told.stdout
    [file] = host.check_output("ls /etc/ssl/streaming_api").split()
    assert host.file(f"/etc/ssl/streaming_api/{file}").mode == 0o600
