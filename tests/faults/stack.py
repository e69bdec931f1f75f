"""Put servers in front of each other, and tell where each layer can be read."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.faults.network import Network
from tests.faults.process import Address, Process, free_port
from tests.faults.servers import APPS, TOKEN, Front, Gunicorn, Nginx, Script

LOOPBACK = "127.0.0.1"


class Stack(NamedTuple):
    """An app server, the host's proxy in front of it, what is in front of that, and the network
    between the outermost of them and its reader.

    ``names`` are those of the certificate, instead of the addresses; ``scheme`` is how the
    outermost server is asked, instead of as it wants. ``starving`` is a layer whose server seldom
    gets a CPU.
    """

    app: Gunicorn | Script = Gunicorn()
    nginx: Front | None = Nginx()
    edge: Front | None = None
    network: Network | None = None
    names: tuple[str, ...] = ()
    scheme: str = ""
    starving: str = ""


class Place(NamedTuple):
    """Where a layer is read."""

    url: str
    unix_socket: str = ""
    http: str = "auto"


class Running(NamedTuple):
    """A stack that serves."""

    places: dict[str, Place]  # by layer, in order from the app outwards
    processes: dict[str, Process]
    certificate: Path

    def disturbing(self, what: str) -> list[str]:
        """The command for what an operator does to it, or its other users do."""
        return {
            "stop": ["kill", "-TERM", str(self.processes["gunicorn"].pid)],
            "reload": ["kill", "-HUP", str(self.processes["nginx"].pid)],
            "requests": [
                "curl",
                "--unix-socket",
                self.places["gunicorn"].unix_socket,
                "http://app/[1-20]",
            ],
        }[what]

    def logs(self) -> str:
        """The last that each process has said."""
        found = []
        for name, process in self.processes.items():
            found += [f"--- {name}", *process.log.read_text(errors="replace").splitlines()[-15:]]
        return "\n".join(found)


@contextlib.contextmanager
def running(stack: Stack, directory: Path) -> Iterator[Running]:
    """Start it, and end it for sure."""
    directory.chmod(0o711)  # for servers that become somebody else
    certificate = directory / "cert.pem"
    network = stack.network
    addresses = [LOOPBACK, *([network.far] if network else [])]
    names = stack.names or [f"IP:{one}" for one in addresses]
    make_certificate(certificate, directory / "key.pem", names)
    found = Running({}, {}, certificate)
    with contextlib.ExitStack() as ending:
        if network:
            carrier = found.processes["network"] = Process("network", network.argv(), directory)
            ending.callback(carrier.stop)
            carrier.wait_bindable(network.near)

        def start(
            layer: str,
            argv: list[str],
            where: Path,
            place: Place,
            address: Address,
            *,
            tls: bool = False,
        ) -> None:
            name = {"public": "edge"}.get(layer, layer)
            process = Process(name, argv, where, {"PROBE_TOKEN": TOKEN})
            ending.callback(process.stop)
            process.wait_ready(address, tls=tls)
            found.processes[name] = process
            found.places[layer] = place

        path = directory / "app.sock"
        start(
            "gunicorn", stack.app.argv(path), directory, Place("http://app", str(path)), str(path)
        )
        upstream = f"unix:{path}"
        servers = {"nginx": stack.nginx, "public": stack.edge}
        outermost = "public" if stack.edge else "nginx"
        for layer, server in servers.items():
            if server is None:
                continue
            port = free_port()
            far = network if layer == outermost else None
            host, asked = (far.near, far.far) if far else (LOOPBACK, LOOPBACK)
            where = directory / layer
            where.mkdir()
            where.chmod(0o777)  # for those who become somebody else
            config = where / "config"
            config.write_text(server.config(f"{host}:{port}", upstream))
            scheme = (layer == outermost and stack.scheme) or server.scheme
            place = Place(f"{scheme}://{asked}:{port}", http=server.http_version)
            tls = server.scheme == "https"
            start(layer, server.argv(config), where, place, (host, port), tls=tls)
            upstream = f"{host}:{port}"
        if stack.starving:
            victim = found.processes[{"public": "edge"}.get(stack.starving, stack.starving)]
            argv = [sys.executable, str(APPS / "starving.py"), str(victim.pid)]
            found.processes["starving"] = Process("starving", argv, directory)
            ending.callback(found.processes["starving"].stop)
        yield found


def make_certificate(certificate: Path, key: Path, names: Sequence[str]) -> None:
    """One for these names that is its own authority."""
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=laboratory -addext"
    )
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        [*command.split(), f"subjectAltName={','.join(names)}", *files],
        check=True,
        capture_output=True,
    )
