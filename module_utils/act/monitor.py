# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install the monitor, tell it what to watch, and start it again if something has changed."""

from __future__ import annotations

import posixpath
import secrets
from typing import Mapping, NamedTuple, Sequence

from ..deploy.monitor import CONFIGS, PROGRAM, UNIT
from ..deploy.places import UNITS
from . import units
from .editor import ROOT, ActError, Editor

LOCK = "/run/streaming_api/.monitor.lock"  # all apps of the host share the monitor
TOKEN_BYTES = 32


class Wanted(NamedTuple):
    """``program`` has the files of the monitor's program, path below its directory to text.

    ``texts`` has other files, path to text; an empty text removes the file. ``tokens`` are files
    with a token, which are made if they are missing.
    """

    program: Mapping[str, str]
    texts: Mapping[str, str]
    tokens: Sequence[str]


def install(wanted: Wanted, editor: Editor) -> None:
    """Bring all files up to date. Stop the monitor if it has no app to watch any more."""
    for path in wanted.tokens:
        if not (editor.text(path) or "").strip():
            editor.records()
            editor.write(path, f"{secrets.token_urlsafe(TOKEN_BYTES)}\n", ROOT, 0o600, shown=False)
    _write_program(wanted.program, editor)
    _write_texts(wanted.texts, editor)
    if not editor.changed or editor.check:
        return
    units.must("daemon-reload")
    if not any(editor.path(f"{UNITS}/{UNIT}.d").glob("*.conf")):
        units.systemctl("disable", "--now", "--quiet", UNIT)
        return
    units.must("enable", "--quiet", UNIT)
    said = units.systemctl("restart", UNIT)
    if said.status != 0:
        raise ActError(f"{UNIT} does not start: {units.journal(UNIT) or said.text}")


def _write_program(program: Mapping[str, str], editor: Editor) -> None:
    """The running monitor has read all its files, so they may change one by one."""
    new = {f"{PROGRAM}/{path}": text for path, text in program.items()}
    for path, text in new.items():
        editor.parents(path)
        editor.write(path, text, shown=False)
    here = editor.path(PROGRAM)
    for file in sorted(here.rglob("*.py")) if program and here.is_dir() else []:
        path = f"{PROGRAM}/{file.relative_to(here)}"
        if path not in new:
            editor.remove(path)


def _write_texts(texts: Mapping[str, str], editor: Editor) -> None:
    for path, text in texts.items():
        if not text:
            editor.remove(path)
            continue
        if posixpath.dirname(path) == CONFIGS:
            editor.records()
            editor.directory(CONFIGS, mode=0o700)
        editor.parents(path)
        editor.write(path, text)
