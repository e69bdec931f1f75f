# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""All transfers of libcurl, in our loop."""

from __future__ import annotations

import contextlib
import selectors
import time
from typing import TYPE_CHECKING, Any

from .curl import pycurl

if TYPE_CHECKING:
    from .loop import Loop
    from .transfer import Transfer

MAX_CONCURRENT_STREAMS = 16
MULTIPLEX = 2


class Multi:
    """The transfers of libcurl, in our loop. With ``shared``, all use one connection."""

    def __init__(self, loop: Loop, *, shared: bool = False) -> None:
        self.loop = loop
        self.shared = shared
        self.transfers: dict[Any, Transfer] = {}
        self.muted: set[int] = set()
        self.file: int | None = None  # that libcurl now reads or writes
        self._wanted: dict[int, int] = {}
        self._running = 0
        self._due: float | None = None
        self._multi: Any = None

    def add(self, transfer: Transfer) -> None:
        """Begin a transfer as soon as the loop runs."""
        if not self._multi:
            self._multi = pycurl.CurlMulti()
            self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
            self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
            if self.shared:
                self._multi.setopt(pycurl.M_PIPELINING, MULTIPLEX)  # the default since 7.62
                self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, 1)
                # We want to see the server's limit, so ours is high. libcurl has one since 7.67.
                with contextlib.suppress(pycurl.error, TypeError):
                    self._multi.setopt(MAX_CONCURRENT_STREAMS, 10_000)
            self._tick()
        self.transfers[transfer.curl] = transfer
        self._running += 1
        self._multi.add_handle(transfer.curl)

    def remove(self, transfer: Transfer) -> None:
        """End a transfer in any state."""
        if self.transfers.pop(transfer.curl, None):
            self._multi.remove_handle(transfer.curl)

    def act(self, file: int | None = None, mask: int = 0) -> None:
        """Let libcurl work: on a socket, or without one on its timeouts."""
        where = pycurl.SOCKET_TIMEOUT if file is None else file
        self.file = file
        _, running = self._multi.socket_action(where, mask)
        self.file = None
        if running == self._running:
            return
        self._running = running
        more = 1
        while more:
            more, good, bad = self._multi.info_read()
            for curl in good:
                self._over(curl, 0, "")
            for curl, code, text in bad:
                self._over(curl, code, text)

    def mute(self, files: set[int], *, on: bool) -> None:
        """Stop watching sockets, or watch them again."""
        self.muted = self.muted | files if on else self.muted - files
        for file in files:
            self._watch(file)

    def close(self) -> None:
        if self._multi:
            self._multi.close()
            self._multi = None  # which refers to this object; the garbage collector does not see it

    def _over(self, curl: Any, code: int, text: str) -> None:
        transfer = self.transfers.get(curl)
        if transfer:
            transfer.over(code, text)

    def _on_socket(self, what: int, file: int, *_: object) -> None:
        self._wanted[file] = 0 if what == pycurl.POLL_REMOVE else what
        self._watch(file)

    def _watch(self, file: int) -> None:
        wanted = 0 if file in self.muted else self._wanted.get(file, 0)
        events = selectors.EVENT_READ if wanted & pycurl.POLL_IN else 0
        events |= selectors.EVENT_WRITE if wanted & pycurl.POLL_OUT else 0
        self.loop.watch(file, events, self._on_ready)

    def _on_ready(self, file: int, mask: int) -> None:
        self.act(
            file,
            (pycurl.CSELECT_IN if mask & selectors.EVENT_READ else 0)
            | (pycurl.CSELECT_OUT if mask & selectors.EVENT_WRITE else 0),
        )

    def _on_timer(self, milliseconds: int) -> None:
        self._due = None
        if milliseconds >= 0:
            self._due = time.monotonic() + milliseconds / 1000
            self.loop.later(self._due, self._on_due)

    def _on_due(self) -> None:
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            self.act()

    def _tick(self) -> None:
        """Let libcurl check its timeouts. pycurl does not report each new timer."""
        self.act()
        self.loop.later(time.monotonic() + 0.05, self._tick)
