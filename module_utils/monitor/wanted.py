# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the monitor is asked to watch.

systemd gives the service a directory of credentials. Of each app it has ``<app>.json``, which the
deploy wrote, ``<app>.probe-token`` and ``<app>.status-token``. A token is empty if there is none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Mapping, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

CONFIG, PROBE_TOKEN, STATUS_TOKEN = "json", "probe-token", "status-token"


class Way(NamedTuple):
    """A path through Nginx to measure, such as ``/api/``.

    ``layers`` are options of the module stream_latency, from the app outwards. The first one is the
    socket of the live release; the monitor adds the socket's path.
    """

    path: str
    layers: tuple[Mapping[str, Any], ...]


class Certified(NamedTuple):
    """Where Nginx shows the app's certificate."""

    port: int
    server_name: str


class Wanted(NamedTuple):
    """An app to watch. ``interval`` is the number of seconds between two rounds."""

    app: str
    root: str
    interval: float
    ways: tuple[Way, ...]
    thresholds: Mapping[str, Any] = {}
    certified: Certified | None = None
    probe_token: str = ""
    status_token: str = ""

    @classmethod
    def of(cls, fields: Mapping[str, Any], **tokens: str) -> Wanted:
        """From JSON, as ``fields`` wrote it."""
        return cls(
            **{
                **fields,
                **tokens,
                "ways": tuple(Way(way["path"], tuple(way["layers"])) for way in fields["ways"]),
                "certified": Certified(**fields["certified"]) if fields["certified"] else None,
            }
        )

    def fields(self) -> dict[str, Any]:
        """For JSON, without the tokens."""
        found = {
            **self._asdict(),
            "ways": [way._asdict() for way in self.ways],
            "certified": self.certified._asdict() if self.certified else None,
        }
        return {name: value for name, value in found.items() if not name.endswith("_token")}


def read(directory: Path) -> list[Wanted]:
    """All apps of the directory, by name. An app without a config is no longer watched."""
    found = []
    for file in sorted(directory.glob(f"*.{CONFIG}")):
        text = file.read_text(encoding="utf-8").strip()
        if text:
            tokens = {
                "probe_token": _text(file.with_suffix(f".{PROBE_TOKEN}")),
                "status_token": _text(file.with_suffix(f".{STATUS_TOKEN}")),
            }
            found.append(Wanted.of(json.loads(text), **tokens))
    return found


def _text(file: Path) -> str:
    return file.read_text(encoding="ascii").strip() if file.exists() else ""
