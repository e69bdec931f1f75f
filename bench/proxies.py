"""Proxies in front of the same source, each as it comes and at its best settings for streams.

Three loads: a crowd that opens within a second and then reads (delay, CPU, memory, the opening
itself), slow readers beside fast ones, and a reload amid opens. A direct run of the source in the
same round is what a proxy's delay is compared with. bench/peers.py has the proxies.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
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
from .processes import Usage, kernel_memory, tree, usage
from .standings import table
from .table import keep, say

__all__ = ["main", "table"]

CROWD = 500  # streams that open within a second
FEW = 300  # in a short run
RATE = 5  # events per second of each of them
SLOW, FAST = 100, 50  # readers that read nothing, and readers beside them
LARGE = 4096  # bytes of an event for these, so that buffers fill within seconds
OPENS = 200  # streams that open while the proxy reloads
STARTS = 0.6  # seconds until a generator opens its first stream, at most

Reach = dict[str, str]  # how a Load reaches the server


@contextlib.contextmanager
def source(directory: Path) -> Iterator[tuple[str, int, list[int]]]:
    """The event source on a unix socket and on a TCP port: its socket, port, processes."""
    socket, port = directory / "source.sock", free_port()
    with contextlib.ExitStack() as ending:
        pids = []
        for name, where in (("unix", f"unix:{socket}"), ("tcp", f"tcp:127.0.0.1:{port}")):
            argv = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "bench.source", where]
            one = Process(f"source-{name}", argv, directory)
            ending.callback(one.stop)
            one.wait_ready(str(socket) if name == "unix" else ("127.0.0.1", port))
            pids.append(one.pid)
        socket.chmod(0o777)  # for proxies that become somebody else
        yield str(socket), port, pids


@contextlib.contextmanager
def serving(
    peer: Peer, socket: str, source_port: int
) -> Iterator[tuple[Process, Place, Callable[[], object]]]:
    """A running proxy: its process, its place, and what reloads it."""
    with contextlib.ExitStack() as ending:
        directory = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="peer-")))
        directory.chmod(0o777)
        place = Place(free_port(), socket, f"127.0.0.1:{source_port}", directory)
        prepared = peer.prepare(place)
        for name, text in prepared.files.items():
            path = directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        process = Process("proxy", prepared.argv, directory)
        ending.callback(process.stop)
        process.wait_ready(("127.0.0.1", place.port))

        def reload() -> object:
            # A hot restart goes on as a process of its own.
            one = Process("reload", prepared.reload(process.pid), directory)
            ending.callback(one.stop)
            return one

        yield process, place, reload


def processes(proxy: Process) -> list[int]:
    """All of a proxy."""
    return tree(proxy.pid)


def crowd(reach: Reach, pids: list[int], streams: int, seconds: float) -> dict[str, Any]:
    """Readers that all come within a second, and stay."""
    load = Load(
        f"http://bench/?interval={1 / RATE}&count=100000",
        streams,
        interval=1 / RATE,
        opens_per_second=streams,
        settle=1.5,
        seconds=seconds,
        **reach,
    )
    idle, kernel = usage(pids), kernel_memory()
    generator = start(load)
    time.sleep(STARTS + 1 + load.settle)
    # The window has begun a little earlier; the rate is the same.
    before, began = usage(pids), time.monotonic()
    time.sleep(seconds - 1)
    after, wall = usage(pids), time.monotonic() - began
    kernel = kernel_memory() - kernel
    found = finish(generator)
    spent: Usage = after - before
    return {
        "found": dataclasses.asdict(found),
        "streams": streams,
        "cpu_us": 1e6 * spent.cpu / max(1, found.opened * RATE * wall),
        "memory": (after - idle).pss / max(1, found.opened),
        "kernel": kernel / max(1, found.opened),
    }


def slow(reach: Reach, pids: list[int], seconds: float) -> dict[str, Any]:
    """Fast readers alone, then with others beside them that read nothing."""
    load = Load(
        f"http://bench/?interval=0.05&size={LARGE}&count=100000",
        FAST,
        interval=0.05,
        settle=0.3,
        seconds=seconds,
        **reach,
    )
    alone = measure(load)
    before, kernel = usage(pids), kernel_memory()
    generator = start(
        dataclasses.replace(load, streams=FAST + SLOW, silent=SLOW, settle=load.settle + 2)
    )
    time.sleep(STARTS + (FAST + SLOW) / load.opens_per_second + 2 + seconds / 2)
    grown, kernel = usage(pids) - before, kernel_memory() - kernel
    beside = finish(generator)
    return {
        "alone": dataclasses.asdict(alone),
        "beside": dataclasses.asdict(beside),
        "memory": grown.pss / SLOW,
        "kernel": kernel / SLOW,
    }


def reloaded(reach: Reach, reload: Callable[[], object]) -> dict[str, Any]:
    """Streams that are open, and streams that open, while the proxy reloads."""
    load = Load(
        "http://bench/?interval=0.1&count=100000",
        OPENS,
        interval=0.1,
        opens_per_second=OPENS / 2,
        settle=1,
        seconds=1,
        **reach,
    )
    generator = start(load)
    time.sleep(STARTS + 0.8)
    reload()
    return {"found": dataclasses.asdict(finish(generator))}


def run(peer: Peer, socket: str, port: int, *, short: bool, whole: bool) -> dict[str, Any]:
    """One proxy in one round; ``whole``: with the slow readers and the reload."""
    found: dict[str, Any] = {"peer": peer.key}
    with serving(peer, socket, port) as (proxy, place, reload):
        reach = {"address": f"127.0.0.1:{place.port}"}
        found["crowd"] = crowd(reach, processes(proxy), FEW if short else CROWD, 2 if short else 3)
        if whole:
            found["slow"] = slow(reach, processes(proxy), 1.5)
            found["reload"] = reloaded(reach, reload)
    seen = Found.load(found["crowd"]["found"])
    say(f"    {peer.key}: p50 {1e3 * seen.delay.p50:.2f} ms, {seen.opened} opened")
    return found


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
    options = parser.parse_args()
    peers = [one for one in PEERS if options.only in one.key and not missing(one)]
    rounds = []
    with tempfile.TemporaryDirectory(prefix="proxies-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with source(directory) as (socket, port, _):
            for number in range(1 if options.short else options.rounds):
                say(f"  proxies: round {number + 1}")
                streams, seconds = (FEW, 2.0) if options.short else (CROWD, 3.0)
                direct = {
                    "peer": "direct",
                    "crowd": crowd({"address": f"127.0.0.1:{port}"}, [], streams, seconds),
                }
                # Slow readers and reloads do not vary much, and take longer than all else.
                whole = number % 3 == 0
                turn = peers[number % len(peers) :] + peers[: number % len(peers)]
                rounds.append(
                    [direct]
                    + [
                        run(
                            one,
                            socket,
                            port,
                            short=options.short,
                            whole=whole
                            and not (options.short and one.name != "Nginx" and not options.only),
                        )
                        for one in turn
                    ]
                )
    print(table(keep("proxies", rounds, short=options.short, versions=versions())))


if __name__ == "__main__":
    main()
