"""Proxies in front of the same source, each as it comes and at its best settings for streams.

Three loads: a crowd that opens within a second and then reads (delay, CPU, memory, the opening
itself), slow readers beside fast ones, and a reload amid opens. A direct run of the source in the
same round is what a proxy's delay is compared with. bench/peers.py has the proxies.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.faults.process import Process, free_port
from tests.faults.servers import ROOT

from .load import Found, Load, finish, measure, start
from .peers import PEERS, Peer, Place, missing
from .processes import Usage, tree, usage
from .sockets import socket_memory
from .standings import DIRECT, table
from .table import keep, say

__all__ = ["main", "table"]

CROWD = 500  # streams that open within a second
FEW = 300  # in a short run
RATE = 10  # events per second of each of them
SLOW, FAST = 100, 50  # readers that read nothing, and readers beside them
LARGE = 4096  # bytes of an event for these, so that buffers fill within seconds
OPENS = 200  # streams that open while the proxy reloads
FILLING = 1.2  # seconds in which they fill
STARTS = 0.6  # seconds until a generator opens its first stream, at most


@contextlib.contextmanager
def source(directory: Path) -> Iterator[tuple[str, int]]:
    """The event source on a unix socket and on a TCP port."""
    path, port = directory / "source.sock", free_port()
    with contextlib.ExitStack() as ending:
        for name, where in (("unix", f"unix:{path}"), ("tcp", f"tcp:127.0.0.1:{port}")):
            argv = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "bench.source", where]
            one = Process(f"source-{name}", argv, directory)
            ending.callback(one.stop)
            one.wait_ready(str(path) if name == "unix" else ("127.0.0.1", port))
        path.chmod(0o777)  # for proxies that become somebody else
        yield str(path), port


@contextlib.contextmanager
def serving(
    peer: Peer, path: str, source_port: int
) -> Iterator[tuple[Process, Place, Callable[[], object]]]:
    """A running proxy: its process, its place, and what reloads it."""
    with contextlib.ExitStack() as ending:
        directory = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="peer-")))
        directory.chmod(0o777)
        place = Place(free_port(), path, f"127.0.0.1:{source_port}", directory)
        prepared = peer.prepare(place)
        for name, text in prepared.files.items():
            file = directory / name
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        process = Process("proxy", prepared.argv, directory)
        ending.callback(process.stop)
        wait_serving(place.port)

        def reload() -> object:
            # A hot restart goes on as a process of its own.
            one = Process("reload", prepared.reload(process.pid), directory)
            ending.callback(one.stop)
            return one

        yield process, place, reload


def wait_serving(port: int) -> None:
    """Return when the source's answer comes through, or is held."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as one:
            one.sendall(b"GET /ready HTTP/1.1\r\nHost: ready\r\n\r\n")
            try:
                if one.recv(64).split(b" ")[1:2] == [b"200"]:
                    return
            except TimeoutError:
                return
        time.sleep(0.05)
    raise RuntimeError(f"Nobody passes on at port {port}.")


def used(proxy: Process | None) -> Usage:
    """By all processes of a proxy; some start more of them under load."""
    return usage(tree(proxy.pid)) if proxy else Usage()


def crowd(address: str, proxy: Process | None, streams: int, seconds: float) -> dict[str, Any]:
    """Readers that all come within a second, and stay."""
    load = Load(
        f"http://bench/?interval={1 / RATE}&count=100000",
        streams,
        interval=1 / RATE,
        opens_per_second=streams,
        settle=0.8,
        seconds=seconds,
        address=address,
    )
    idle = used(proxy)
    generator = start(load)
    time.sleep(STARTS + 1 + load.settle)
    # The window has begun a little earlier; the rate is the same.
    before, began = used(proxy), time.monotonic()
    time.sleep(seconds - 0.5)
    after, wall = used(proxy), time.monotonic() - began
    found = finish(generator)
    spent: Usage = after - before
    return {
        "found": dataclasses.asdict(found),
        "streams": streams,
        "cpu_us": 1e6 * spent.cpu / max(1, found.opened * RATE * wall),
        "memory": (after - idle).pss / max(1, found.opened),
    }


def slow(address: str, proxy: Process, seconds: float) -> dict[str, Any]:
    """Fast readers alone, then with others beside them that read nothing."""
    load = Load(
        f"http://bench/?interval=0.05&size={LARGE}&count=100000",
        FAST,
        interval=0.05,
        settle=0.3,
        seconds=seconds,
        address=address,
    )
    alone = measure(load)
    before, kernel = used(proxy), socket_memory()
    generator = start(
        dataclasses.replace(load, streams=FAST + SLOW, silent=SLOW, settle=load.settle + FILLING)
    )
    time.sleep(STARTS + (FAST + SLOW) / load.opens_per_second + FILLING + seconds / 2)
    grown, kernel = used(proxy) - before, socket_memory() - kernel
    beside = finish(generator)
    return {
        "alone": dataclasses.asdict(alone),
        "beside": dataclasses.asdict(beside),
        "memory": grown.pss / SLOW,
        "kernel": kernel / SLOW,
    }


def reloaded(address: str, reload: Callable[[], object]) -> dict[str, Any]:
    """Streams that are open, and streams that open, while the proxy reloads."""
    load = Load(
        "http://bench/?interval=0.1&count=100000",
        OPENS,
        interval=0.1,
        opens_per_second=OPENS / 2,
        settle=0.5,
        seconds=0.7,
        address=address,
    )
    generator = start(load)
    time.sleep(STARTS + 0.8)
    reload()
    return {"found": dataclasses.asdict(finish(generator))}


def versions() -> dict[str, str]:
    """Those of the proxies."""
    commands = {
        "Nginx": ["nginx", "-v"],
        "HAProxy": ["haproxy", "-v"],
        "Apache": [
            "sh",
            "-c",
            "LD_LIBRARY_PATH=$(echo .cache/fronts/usr/lib/*-linux-gnu) .cache/fronts/usr/sbin/apache2 -v",
        ],
        "Caddy": [".cache/peers/bin/caddy", "version"],
        "Envoy": [".cache/peers/bin/envoy", "--version"],
        "Traefik": [".cache/peers/bin/traefik", "version"],
    }
    found = {}
    for name, argv in commands.items():
        with contextlib.suppress(OSError):
            done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
            found[name] = (done.stdout or done.stderr).strip().splitlines()[0]
    return found


def main() -> None:
    """Measure, keep the raw data, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="one round, and fewer streams")
    parser.add_argument("--only", default="", help="proxies whose name has this")
    parser.add_argument(
        "--whole", default="deploys", help="proxies with slow readers and a reload in a short run"
    )
    options = parser.parse_args()
    peers = [one for one in PEERS if options.only in one.key and not missing(one)]
    rounds = []
    with tempfile.TemporaryDirectory(prefix="proxies-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with source(directory) as (path, port):
            crowd(f"127.0.0.1:{port}", None, FEW, 1.0)  # the kernel's first sockets cost more
            for number in range(1 if options.short else options.rounds):
                say(f"  proxies: round {number + 1}")
                turn = number % len(peers)
                rounds.append(one_round(peers[turn:] + peers[:turn], path, port, number, options))
    print(table(keep("proxies", rounds, short=options.short, versions=versions())))


def one_round(
    peers: list[Peer], path: str, port: int, number: int, options: argparse.Namespace
) -> list[dict[str, Any]]:
    """A direct run, and each proxy. Slow readers and reloads take long, and vary little."""
    streams, seconds = (FEW, 1.5) if options.short else (CROWD, 2.0)
    found = [{"peer": DIRECT, "crowd": crowd(f"127.0.0.1:{port}", None, streams, seconds)}]
    for peer in peers:
        one: dict[str, Any] = {"peer": peer.key}
        with serving(peer, path, port) as (proxy, place, _):
            one["crowd"] = crowd(f"127.0.0.1:{place.port}", proxy, streams, seconds)
        if number % 3 == 0 and (not options.short or options.whole in peer.key):
            # Started anew: memory that the crowd has left would hide what slow readers need.
            with serving(peer, path, port) as (proxy, place, reload):
                one["slow"] = slow(f"127.0.0.1:{place.port}", proxy, 1.0)
                one["reload"] = reloaded(f"127.0.0.1:{place.port}", reload)
        found.append(one)
        seen = Found.load(one["crowd"]["found"])
        say(f"    {peer.key}: p50 {1e3 * seen.delay.p50:.2f} ms, {seen.opened} opened")
    return found


if __name__ == "__main__":
    main()
