"""How many streams the deployed stack carries: the role's Nginx and Gunicorn, the reference app.

A host that the role deploys to, with the load generator on the same machine and CPUs. For each way
in (http, https, HTTP/2) and each number of streams: one event per second and stream, until a
promise breaks. In the same run, the reference app as it was at another commit.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .before import before
from .host import Inside, deploy, hosts
from .load import Found, Load, Spread, finish, start
from .processes import Usage, usage
from .sockets import socket_memory
from .table import keep, markdown, milliseconds, options, say, span

ROOT = Path(__file__).parents[1]
HOST = {"TEST_PREFIX": "bench-capacity", "TEST_PORT_OFFSET": "9600", "DEMO_PORT": "18480"}
GOAL = 18_000
DELAY = 0.030  # seconds: what 99 of 100 events must not exceed
SOURCES = 32  # client addresses: the role limits the streams of each

WAYS = {
    "http": Load("http://bench/", 0, address="127.0.0.1:80"),
    "https": Load("https://bench/", 0, address="127.0.0.1:443"),
    "HTTP/2": Load("https://bench/", 0, address="127.0.0.1:443", http="2"),
}


@dataclasses.dataclass(frozen=True)
class Step:
    """One load: which app, which way, how many streams."""

    app: str
    way: str
    streams: int
    interval: float = 1.0
    size: int = 0

    def load(self, seconds: float) -> Load:
        """What to generate. Streams last longer than the run."""
        way = WAYS[self.way]
        host = self.app if self.way == "http" else f"{self.app}-tls"
        query = f"count=100000&interval={self.interval}&size={self.size}"
        return dataclasses.replace(
            way,
            url=way.url.replace("bench", host) + f"api/stream?{query}",
            streams=self.streams,
            interval=self.interval,
            seconds=seconds,
            opens_per_second=500,
            settle=4,
            sources=SOURCES,
        )


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a step used. cpu: cores of Gunicorn, Nginx, generator. memory: bytes per stream."""

    gunicorn_cpu: float
    nginx_cpu: float
    generator_cpu: float
    gunicorn_memory: float
    nginx_memory: float
    socket_memory: float


def broken(found: Found, interval: float) -> list[str]:
    """The promises that a load saw broken; none is best."""
    counts = {"refused": found.refused - found.waiting, "without an event": found.waiting}
    counts |= {name: getattr(found, name) for name in ("cut", "lost", "repeated", "late")}
    problems = [f"{count} {name}" for name, count in counts.items() if count]
    if not found.delay.p99 <= DELAY:
        problems.append(f"p99 {milliseconds(found.delay.p99)}")
    if found.gap > interval + 1:
        problems.append(f"gap {milliseconds(found.gap)}")
    return problems


def broken_in(measured: Mapping[str, Any]) -> list[str]:
    """The same, of what `run` returns."""
    return broken(Found.load(measured["found"]), measured["interval"])


def were_refused(measured: Mapping[str, Any]) -> bool:
    """Whether streams were refused, not only left waiting."""
    found = Found.load(measured["found"])
    return found.refused > found.waiting


class Rig:
    """A host that nobody has loaded yet. Memory grows from here: Python keeps what it has freed."""

    def __init__(self, inside: Inside) -> None:
        time.sleep(3)  # old workers of Nginx end
        self.inside = inside
        gunicorns = inside.processes("gunicorn")
        self.groups = {"nginx": inside.processes("nginx")}
        for app in {app_of(pid) for pid in gunicorns}:
            self.groups[app] = [pid for pid in gunicorns if app_of(pid) == app]
        self.idle = self.usage()

    def usage(self) -> dict[str, Usage]:
        """What Nginx's processes use, and those of each app."""
        return {name: usage(pids) for name, pids in self.groups.items()}

    def open_files(self) -> list[int]:
        """Of each of Nginx's processes, the fullest first."""
        counts = [len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in self.groups["nginx"]]
        return sorted(counts, reverse=True)


def app_of(pid: int) -> str:
    """The app that a process of Gunicorn serves: its program lies in /srv/<app>/."""
    return Path(f"/proc/{pid}/cmdline").read_text().split("/srv/", 1)[1].split("/", 1)[0]


def run(rig: Rig, step: Step, seconds: float, within: tuple[str, ...] = ()) -> dict[str, Any]:
    """Load the host, and look at what its processes use meanwhile.

    `within` goes before the generator's command.
    """
    load, inside, idle = step.load(seconds), rig.inside, rig.idle
    app = step.app if step.way == "http" else f"{step.app}-tls"
    sockets = socket_memory()
    generator = start(load, (*within, *inside.network))
    # The window begins when all are open and `settle` has passed.
    time.sleep(load.streams / load.opens_per_second + load.settle + 1)
    before = rig.usage()
    began = time.monotonic()
    time.sleep(max(1, seconds - 3))
    wall = time.monotonic() - began
    after, files = rig.usage(), rig.open_files()
    sockets = socket_memory() - sockets
    found = finish(generator)
    wait_for_idle(inside)

    def memory(name: str) -> float:
        return (after[name] - idle[name]).pss / step.streams

    def cores(name: str) -> float:
        return (after[name] - before[name]).cpu / wall

    cost = Cost(
        gunicorn_cpu=cores(app),
        nginx_cpu=cores("nginx"),
        generator_cpu=found.cpu / found.seconds,
        gunicorn_memory=memory(app),
        nginx_memory=memory("nginx"),
        socket_memory=sockets / step.streams,
    )
    measured = {
        **dataclasses.asdict(step),
        "found": dataclasses.asdict(found),
        "cost": dataclasses.asdict(cost),
        "nginx_files": files,
    }
    say(
        f"  {step.app} {step.way} {step.streams}: p99 {milliseconds(found.delay.p99)}, "
        f"Gunicorn {cost.gunicorn_cpu:.2f} cores {cost.gunicorn_memory / 1024:.0f} KiB, "
        f"Nginx {cost.nginx_cpu:.2f} cores {cost.nginx_memory / 1024:.0f} KiB, "
        f"generator {cost.generator_cpu:.2f} cores; Nginx's open files {files}; "
        f"{', '.join(broken_in(measured)) or 'all kept'}"
    )
    return measured


def wait_for_idle(inside: Inside) -> None:
    """Wait until the apps have noticed that all readers have left."""
    for _ in range(120):
        if int(inside.sh("ss -xH state established | grep -c 'run/' || true")) < 200:
            return
        time.sleep(0.5)
    raise RuntimeError("Streams are still open a minute after their readers left.")


# One round.
STEPS = (
    Step("now", "http", 2000),
    Step("before", "http", 2000),
    Step("now", "http", 5000),
    Step("before", "http", 5000),
    *(Step("now", way, GOAL) for way in WAYS),
)
SHORT = tuple(Step("now", way, 1000) for way in WAYS)


def prepare(streams: int) -> Inside:
    """A host with the app as it is now, and beside it as it was before."""
    hosts(HOST, "destroy", "create", "prepare")
    for name, (source, tls) in {
        "now": (ROOT / "files/app", "none"),
        "now-tls": (ROOT / "files/app", "self_signed"),
        "before": (before(), "none"),
    }.items():
        say(f"capacity: deploying the app `{name}`")
        deploy(
            streaming_api_streams=streams,
            streaming_api_name=name,
            streaming_api_source=str(source),
            streaming_api_nginx_server_names=[name],
            streaming_api_tls=tls,
        )
    return Inside(HOST["TEST_PREFIX"])


def table(raw: dict[str, Any]) -> str:
    """A row for each load: the worst round."""
    rows = []
    seen: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for each in raw["rounds"]:
        key = tuple(each[field.name] for field in dataclasses.fields(Step))
        seen.setdefault(key, []).append(each)
    for (app, way, streams, interval, size), rounds in seen.items():
        delays = [Spread(**each["found"]["delay"]) for each in rounds]
        costs = [Cost(**each["cost"]) for each in rounds]
        problems = [problem for each in rounds for problem in broken_in(each)]
        problems += [
            f"one of Nginx's workers had {each['nginx_files'][0]:,} open files"
            for each in rounds
            if were_refused(each)
        ]
        # Processes keep what they have freed: the lowest round is the one that came first.
        gunicorn = min(c.gunicorn_memory for c in costs) / 1024
        nginx = min(c.nginx_memory for c in costs) / 1024
        rows.append(
            (
                app,
                way,
                f"{streams:,}",
                f"{1 / interval:g}/s{f', {size} B' if size else ''}",
                span([d.p50 for d in delays], milliseconds),
                span([d.p99 for d in delays], milliseconds),
                f"{max(c.gunicorn_cpu for c in costs):.2f}",
                f"{max(c.nginx_cpu for c in costs):.2f}",
                f"{max(c.generator_cpu for c in costs):.2f}",
                f"{gunicorn:.0f} + {nginx:.0f} KiB",
                f"{min(c.socket_memory for c in costs) / 1024:.0f} KiB",
                ", ".join(problems) or "all",
            )
        )
    head = (
        "app", "way", "streams", "events", "p50", "p99", "Gunicorn, cores", "Nginx, cores",
        "generator, cores", "Gunicorn's and Nginx's memory per stream", "sockets, both ends", "promises kept",
    )  # fmt: skip
    count = max(len(rounds) for rounds in seen.values())
    refused = (
        " A worker of Nginx may have as many connections as this machine lets a process open files. When "
        "fewer than a sixteenth of them are left, it closes connections that have not sent a request yet; "
        "so a worker near its limit refuses streams."
    )
    return (
        "`now` is the reference app, `before` the same with `fastapi.sse`, both with uvloop and "
        f"httptools. {count} interleaved rounds. Memory is that of the lowest round, since processes keep "
        "what they have freed. HTTP/2: one stream per connection, the most expensive form."
        + (refused if any(map(were_refused, raw["rounds"])) else "")
        + "\n\n"
        + markdown(head, rows)
    )


def main() -> None:
    wanted = options(__doc__)
    os.environ.update(HOST)
    steps = SHORT if wanted.short else STEPS
    rig = Rig(prepare(max(step.streams for step in steps) + 1000))
    rounds = []
    for number in range(wanted.rounds):
        say(f"capacity: round {number + 1}")
        rounds += [run(rig, step, 6 if wanted.short else 10) for step in steps]
    hosts(HOST, "destroy")
    print(table(keep("capacity", rounds, short=wanted.short)))


if __name__ == "__main__":
    main()
