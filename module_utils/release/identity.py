# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compute a release's id from everything that the release is made of."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Mapping

ID_DIGITS = 12

# About a tenth of a second and 32 MiB for each guess of a secret.
_SCRYPT_COST = 2**15
_SCRYPT_BLOCK = 8
_SCRYPT_MEMORY = 2 * 128 * _SCRYPT_COST * _SCRYPT_BLOCK


def parts(
    given: Mapping[str, Any], texts: Mapping[str, Any], facts: Mapping[str, Any], *, packed: bool
) -> dict[str, Any]:
    """What a release is made of besides its source and its secrets.

    ``given`` are the role's variables, ``texts`` its units, its Gunicorn settings and the
    files beside them. ``facts`` are those of ``stream_host``: a virtual environment fits one
    distribution and one minor version of Python. ``packed``: the source is on the controller, so
    its digest counts, not the name of a package.
    """
    minor = facts["python"].rpartition(".")[0]
    return {
        **texts,
        "environment": given["streaming_api_environment"],
        "files": given["streaming_api_files"],
        "package": "" if packed else given["streaming_api_package"] or "",
        "packages": [
            *given["streaming_api_gunicorn_packages"],
            *given["streaming_api_extra_packages"],
        ],
        "dependencies": given["streaming_api_dependencies"],
        "before_start": given["streaming_api_before_start"],
        "python": [given["streaming_api_python"], facts["distribution"]["id"], minor],
    }


def identify(
    source_digest: str | None,
    parts: Mapping[str, Any] | None = None,
    secrets: Mapping[str, Any] | None = None,
) -> str:
    """The release's id.

    The id is public. So the secrets go through a slow hash, salted with their names and all other
    parts. Otherwise one could find a weak secret by trying which one gives this id.
    """
    rest = _canonical({"source": source_digest, "parts": parts or {}})
    hidden = b""
    if secrets:
        salt = hashlib.sha256(_canonical(sorted(secrets)) + rest).digest()
        hidden = hashlib.scrypt(
            _canonical(secrets),
            salt=salt,
            n=_SCRYPT_COST,
            r=_SCRYPT_BLOCK,
            p=1,
            maxmem=_SCRYPT_MEMORY,
        )
    return hashlib.sha256(hashlib.sha256(rest).digest() + hidden).hexdigest()[:ID_DIGITS]


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
