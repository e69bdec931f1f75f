# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""A result of stream_latency as the content of a file: HTML, JSON or text."""

from __future__ import annotations

import json
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from ..errors import ReportError
from ..measurement import Measurement
from ..redact import clean, redacted
from . import html, text

SUFFIXES = {".html": "html", ".htm": "html", ".json": "json", ".txt": "text"}
DIAGNOSIS = ("verdict", "culprit", "culprit_pass", "message", "layers", "causes", "risks", "notes")
LATER = ("next",)  # a result of an older module lacks it


class Report(NamedTuple):
    """A diagnosis, the measurements to draw, and the title."""

    diagnosis: Mapping[str, Any]
    measured: Sequence[Measurement]
    title: str
    made_at: str = ""

    @classmethod
    def of(
        cls,
        result: Mapping[str, Any],
        measured: Sequence[Mapping[str, Any]] | None = None,
        title: str = "",
        made_at: str = "",
    ) -> Report:
        """From a result of stream_latency. Raises ReportError if it has no diagnosis."""
        missing = [name for name in DIAGNOSIS if name not in result]
        if missing:
            said = f" It says: {clean(str(result['msg']))}" if result.get("msg") else ""
            raise ReportError(
                f"result is not a stream_latency result; missing: {missing[0]}.{said}"
            )
        known = (*DIAGNOSIS, *(name for name in LATER if name in result))
        diagnosis = {name: result[name] for name in known}
        given = result.get("measured") or [] if measured is None else measured
        try:
            measurements = [Measurement.of(one) for one in given]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ReportError("measured is not the measured of a stream_latency result.") from error
        urls = [layer["url"] for layer in diagnosis["layers"] if layer["url"]]
        return cls(diagnosis, measurements, title or "".join(urls[-1:]) or "a stream", made_at)

    def render(self, kind: str) -> str:
        """The content of the file. ``kind`` is html, json or text."""
        kinds: dict[str, Callable[[], str]] = {
            "html": lambda: html.render(
                self.diagnosis, self.measured, self.title, made_at=self.made_at
            ),
            "json": self._json,
            "text": lambda: text.render(self.diagnosis),
        }
        return kinds[kind]()

    def _json(self) -> str:
        """Indented, except the measurements: they have one line each and are for machines."""
        head = {"title": self.title, "made_at": self.made_at, "diagnosis": self.diagnosis}
        top = json.dumps(redacted(head), indent=2, ensure_ascii=False)
        lines = [json.dumps(redacted(one.as_json())) for one in self.measured]
        return top[:-2] + ',\n  "measured": [\n' + ",\n".join(lines) + "\n  ]\n}\n"


def kind_of(dest: str) -> str:
    """The kind of a file by its name. Raises ReportError for another ending."""
    for suffix, kind in SUFFIXES.items():
        if dest.lower().endswith(suffix):
            return kind
    raise ReportError(f"dest is {dest}; use a name in {', '.join(SUFFIXES)}, or set format.")
