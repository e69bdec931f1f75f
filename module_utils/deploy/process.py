# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The units of an app's background processes: workers, schedulers."""

from __future__ import annotations

import re
import shlex
from typing import Any, Mapping, Sequence

RELEASE = "@release@"  # stands for the release's id, which is not known before the texts are


def described(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a deploy needs to know about one process of the app ``name``.

    ``given`` is an item of streaming_api_processes. ``lines`` end the text of its unit.
    """
    words = shlex.split(given["command"])
    process = given["name"]
    own = {
        "ExecStart": f":/usr/bin/env -- {' '.join(_quoted(word) for word in words)}",
        "SyslogIdentifier": f"{name}-{process}",
        "KillSignal": f"SIG{given['stop_signal']}",
        "TimeoutStopSec": given["stop_timeout"],
        **given["settings"],
    }
    return {
        "name": process,
        "single": given["single"],
        # env takes what has an equals sign for a variable.
        "program": next((word for word in words if "=" not in word), words[0]),
        "lines": [
            "",
            "[Unit]",
            f"Description={name}, release {RELEASE}: {process}",
            "",
            "[Service]",
            *directives(own),
            "",
            "[Install]",
            "WantedBy=multi-user.target",
        ],
    }


def directives(settings: Mapping[str, Any]) -> list[str]:
    """Lines of a unit. A value may be a list, which gives a line for each item."""
    return [
        f"{name}={value}"
        for name, values in settings.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def _quoted(word: str) -> str:
    """A word of ExecStart=, where systemd expands % and, without the colon, $."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return escaped if re.fullmatch(r"[\w%+,./:=@-]+", word) else f'"{escaped}"'


def with_units(texts: Mapping[str, Any], processes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The texts of a release, with the units of its processes in ``processes``.

    The text ``process`` is what all these units have in common. A release without processes has
    nothing of either.
    """
    found = {name: text for name, text in texts.items() if name != "process"}
    if processes:
        found["processes"] = {
            one["name"]: {
                "single": one["single"],
                "text": "\n".join([texts["process"].rstrip("\n"), *one["lines"], ""]),
            }
            for one in processes
        }
    return found


def units(texts: Mapping[str, Any], release: str, *, single: bool) -> dict[str, str]:
    """The units of the processes that are single, or of those that are not, by process."""
    return {
        name: one["text"].replace(RELEASE, release)
        for name, one in texts.get("processes", {}).items()
        if one["single"] is single
    }
