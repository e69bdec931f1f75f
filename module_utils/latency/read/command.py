# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what a command prints. It shows when a client library passes on what it has read."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

from ..timeline import COMPLETE, REFUSED, RESET
from .stream import Stream

if TYPE_CHECKING:
    from .loop import Loop
    from .request import Request


class Command(Stream):
    """The standard output of a command. Leaving it ends the command's process group."""

    def __init__(self, request: Request, loop: Loop) -> None:
        super().__init__(request)
        self._loop = loop
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: Any = None

    def start(self) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        try:
            self._process = subprocess.Popen(
                self.request.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            self.end(REFUSED, f"cannot run {self.request.command[0]}: {why}")
            return
        if self._process.stdout:
            self._loop.watch(self._process.stdout.fileno(), selectors.EVENT_READ, self._on_output)

    def _on_output(self, file: int, _mask: int) -> None:
        data = os.read(file, 1 << 16)
        if data:
            if self.headers_at is None:
                self.headers_at, self.status = self.now(), 200
            if not self.take(data):
                self.leave()
            return
        self._loop.watch(file, 0, self._on_output)
        self._finish()

    def _finish(self) -> None:
        """The output is closed. A command that still runs has nothing more to say."""
        try:
            code = self._process.wait(1) if self._process else 0
        except subprocess.TimeoutExpired:
            code = 0
        if not code:
            self.status = 200
            self.end(COMPLETE)
            return
        self._errors.seek(0)
        said = self._errors.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        how = f"exit status {code}" if code > 0 else f"signal {-code}"
        error = f"{self.request.command[0]} ended with {how}" + (f": {said[-1]}" if said else "")
        self.end(REFUSED if self.headers_at is None else RESET, error)

    def leave(self) -> None:
        if not self._process or not self._process.stdout:
            return
        if not self._process.stdout.closed:
            self._loop.watch(self._process.stdout.fileno(), 0, self._on_output)
            self._process.stdout.close()
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self._process.pid, number)
                self._process.wait(1)

    def close(self) -> None:
        self.leave()
        if self._process:
            self._process.wait()
        if self._errors:
            self._errors.close()
