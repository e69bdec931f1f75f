"""Start processes of the laboratory, wait until they serve, end them for sure."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

READY_SECONDS = 20
Address = str | tuple[str, int]  # a unix socket's path, or host and port

PORTS = range(12000, 18000)  # below those of the test hosts and of outgoing connections
BLOCK = 500


def _own_ports() -> Iterator[int]:
    """A block of ports, again and again; no other laboratory takes from it while this one lives.

    To see that nobody has a port is not enough. A server listens some time after it has bound its
    port, and until then a second one can bind the same port, with `SO_REUSEADDR`.
    """
    for first in PORTS[::BLOCK]:
        with socket.socket(socket.AF_UNIX) as claim:
            try:
                claim.bind(f"\0laboratory-{first}")  # the kernel drops the name with this process
            except OSError:
                continue
            while True:
                yield from range(first, first + BLOCK)
    raise RuntimeError(f"every block of ports in {PORTS} belongs to a running laboratory")


_ports = _own_ports()


def free_port() -> int:
    """A TCP port of the loopback that nobody has."""
    while True:
        port = next(_ports)
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Process:
    """A server and its children, in a process group of their own; what they say is in `log`."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        directory: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                argv,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_ready(self, address: Address, *, tls: bool = False) -> None:
        """Return when a request is answered, whatever the answer."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            if answers(address, tls=tls):
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not answer at {address}:\n{self.log.read_text()}")

    def wait_bindable(self, host: str) -> None:
        """Return when this machine has the address."""
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            with socket.socket() as one, contextlib.suppress(OSError):
                one.bind((host, 0))
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.name} does not bring {host}:\n{self.log.read_text()}")

    @property
    def pid(self) -> int:
        """That of the first process of the group, which an operator would signal."""
        return self.process.pid

    def stop(self) -> None:
        """End the whole group; nothing of it is worth a goodbye."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def answers(address: Address, *, tls: bool = False) -> bool:
    """Whether somebody answers there."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as one:
        one.settimeout(2)
        try:
            one.connect(address)
            if tls:
                return shakes_hands(one)
            one.sendall(b"GET /ready HTTP/1.1\r\nHost: ready\r\nConnection: close\r\n\r\n")
            return bool(one.recv(1))
        except OSError:
            return False


def shakes_hands(connection: socket.socket) -> bool:
    """Whether TLS is spoken there."""
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    with trusting.wrap_socket(connection) as one:
        return bool(one.version())
