"""Many connections of one address: crowd.py HTTP_PORT HTTPS_PORT COUNT.

A third wants a stream, a third says nothing, a third begins a header. Says what each was answered
when all are there, and again at the end of its input, when it leaves.
"""

from __future__ import annotations

import contextlib
import json
import resource
import ssl
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rawclient import NAME, connect

STREAM = f"GET /api/stream?count=1000&interval=5 HTTP/1.1\r\nHost: {NAME}\r\n\r\n"
HEADER = f"GET / HTTP/1.1\r\nHost: {NAME}\r\nA: "
KINDS = {"stream": (STREAM, True), "silent": ("", False), "header": (HEADER, False)}


class One:
    """A connection, and what became of it."""

    def __init__(self, kind: str, http: int, https: int) -> None:
        text, tls = KINDS[kind]
        self.kind, self.said = kind, "refused"
        with contextlib.suppress(OSError):
            self._end: Any = connect(https if tls else http, tls=NAME if tls else None)
            self.said = "open"
            self._end.sendall(text.encode())
            self._end.settimeout(0)

    def look(self) -> tuple[str, str]:
        """The status of the answer, or whether the connection is open; and whether it was cut."""
        try:
            while self.said != "refused" and not self.said.endswith("closed"):
                piece = self._end.recv(4096)
                if not piece:
                    self.said = "closed" if self.said == "open" else f"{self.said} closed"
                    break
                if piece.startswith(b"HTTP/1.1 "):
                    self.said = piece[9:12].decode()
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError:
            self.said = "closed"
        return self.kind, self.said


def main() -> None:
    """Come, say so, stay, leave."""
    http, https, count = map(int, sys.argv[1:])
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    kinds = [kind for kind in KINDS for _ in range(count // len(KINDS))]
    with ThreadPoolExecutor(8) as pool:
        crowd = list(pool.map(lambda kind: One(kind, http, https), kinds))
    while True:
        found = Counter(" ".join(one.look()) for one in crowd)
        print(json.dumps(found), flush=True)
        if not sys.stdin.readline():
            break


if __name__ == "__main__":
    main()
