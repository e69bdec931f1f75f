# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The end of the certificate that a server shows."""

from __future__ import annotations

import ssl
from contextlib import closing, suppress
from datetime import datetime
from typing import Iterable

import pycurl

PATIENCE = 5  # seconds


def certificate_end(host: str, port: int, server_name: str) -> float | None:
    """When the certificate for ``server_name`` ends, in seconds since 1970.

    Shake hands with ``host``, an address, and send no request. The certificate may be expired, or
    signed by anyone. None if there is no answer within ``PATIENCE``, or if the end is unknown.
    """
    with closing(pycurl.Curl()) as curl:
        try:
            for option, value in _options(host, port, server_name).items():
                curl.setopt(option, value)
            curl.perform()
            chain = curl.getinfo(pycurl.INFO_CERTINFO)
        except (pycurl.error, UnicodeError):
            return None
    return end_of(chain[0]) if chain else None


def end_of(certificate: Iterable[tuple[str, str]]) -> float | None:
    """The end of a certificate by the fields that libcurl gives, in seconds since 1970.

    Each TLS library has its own form of field and time: GnuTLS
    `Expire Date: 2026-03-01 12:00:00 GMT`, OpenSSL `Expire date: Mar  1 12:00:00 2026 GMT`. None
    if there is no such field, or if it is no time.
    """
    text = {name.lower(): value for name, value in certificate}.get("expire date", "")
    with suppress(ValueError):
        return float(ssl.cert_time_to_seconds(text))
    with suppress(ValueError):
        return datetime.strptime(f"{text}+0000", "%Y-%m-%d %H:%M:%S GMT%z").timestamp()
    return None


def _options(host: str, port: int, server_name: str) -> dict[int, object]:
    address = f"[{host}]" if ":" in host else host
    return {
        pycurl.URL: f"https://{server_name}:{port}/",
        pycurl.CONNECT_TO: [f"::{address}:{port}"],
        pycurl.CONNECT_ONLY: 1,  # the TLS handshake is part of it
        pycurl.OPT_CERTINFO: 1,
        pycurl.SSL_VERIFYPEER: 0,
        pycurl.SSL_VERIFYHOST: 0,
        pycurl.PROXY: "",  # whatever the environment says
        pycurl.NOSIGNAL: 1,
        pycurl.TIMEOUT: PATIENCE,
    }
