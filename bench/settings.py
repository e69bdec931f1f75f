"""Which of the six Nginx settings matter, one by one, and which are folklore.

Each setting is left out of the six, and set alone, on two hosts: `stock` inherits what Debian's
nginx.conf has (gzip for text/html only), `tuned` compresses every type and has a cache. Each
combination is read once as a stream, once with a silence, once with its app killed, once again
from the cache; the project's own core judges. bench/six.py has the combinations.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from plugins.module_utils.latency import timeline
from plugins.module_utils.latency.judge.verdict import judge
from plugins.module_utils.latency.measurement import Pass
from plugins.module_utils.latency.read.reader import read_all
from plugins.module_utils.latency.read.request import Disturbance, Request
from plugins.module_utils.latency.read.url import with_query
from plugins.module_utils.latency.thresholds import Thresholds
from plugins.module_utils.latency.timeline import Timeline
from tests.faults.process import answers, free_port
from tests.faults.servers import ROOT, Gunicorn, Nginx
from tests.faults.stack import Running, Stack, running

from .processes import tree, usage
from .six import FORMATS, Cell, cells, locations, site
from .table import keep, say
from .verdicts import table

__all__ = ["main", "table"]

PROGRAMS = ("nginx", str(ROOT / ".cache/nginx-trixie/nginx"))
WORKERS = {"uvicorn": "uvicorn_worker.UvicornWorker", "asgi": "asgi"}
AT_ONCE = 384  # streams of four stacks; Gunicorn's asgi worker refuses more than 100 at once
STREAM = {"count": 10, "interval": 0.1}
ALLOWED = Thresholds(delay_p50=0.05)  # half an interval: many streams are read at once
LARGE = {"size": 5000}  # bytes, more than the 4 KiB of one of Nginx's buffers
SILENT = {"count": 1, "interval": 0.1, "silence": 2.0}
KILLED = {"count": 20, "interval": 0.3}
KILLED_AFTER = 1.5  # seconds
BRIEF = {"count": 1, "interval": 0.02}


class Bench(NamedTuple):
    """A running stack: an Nginx, and a Gunicorn that listens on TCP as well."""

    nginx: str  # its version
    worker: str
    running: Running
    port: int

    def requests(self, chosen: Collection[Cell], **stream: Any) -> Iterator[tuple[Cell, Request]]:
        """What to read for each cell of this stack."""
        numbers = {name: n for n, (name, _) in enumerate(locations(""))}
        for cell in chosen:
            if (cell.nginx, cell.worker) != (self.nginx, self.worker):
                continue
            base = f"{self.running.places['nginx'].url}/{numbers[cell.location]}/stream"
            polite = {"polite": 1} if cell.polite else {}
            # A cache's key has no location in it, but the query.
            own = {"format": cell.format, "cell": cell.key, **(LARGE if cell.large else {})}
            url = with_query(base, {**own, **stream, **polite})
            yield cell, Request(url=url, accept_encoding="gzip" if cell.gzip else "identity")

    @property
    def workers(self) -> list[int]:
        """The processes of the app, without Gunicorn's master."""
        return tree(self.running.processes["gunicorn"].pid)[1:]

    def ready(self) -> bool:
        """Whether the app answers."""
        return answers(self.running.places["gunicorn"].unix_socket)


@contextlib.contextmanager
def stacks(directory: Path) -> Iterator[list[Bench]]:
    """Every Nginx with every worker class."""
    with contextlib.ExitStack() as ending:
        found = []
        for program in PROGRAMS:
            if "/" in program and not Path(program).exists():
                say(f"settings: {Path(program).parent.name} is not there; it is left out")
                continue
            version = version_of(program)
            for worker, path in WORKERS.items():
                where = directory / f"{version}-{worker}"
                where.mkdir(parents=True)
                port = free_port()
                settings = {
                    "worker-class": path,
                    "bind": f"127.0.0.1:{port}",
                }
                stack = Stack(
                    Gunicorn("bare:app", settings),
                    nginx(program, str(where / "app.sock"), port),
                )
                here = ending.enter_context(running(stack, where))
                found.append(Bench(version, worker, here, port))
        yield found


def version_of(program: str) -> str:
    """The version of an Nginx."""
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=True).stderr
    return said.rpartition("/")[2].split()[0]


def nginx(program: str, socket: str, port: int) -> Nginx:
    """An Nginx with all locations, and four that tell what upstream keepalive costs and saves."""
    good = 'proxy_http_version 1.1; proxy_set_header Connection "";'
    costs = {
        "/cost/unix/with/": f"proxy_pass http://upstream/; {good}",
        "/cost/unix/without/": f"proxy_pass http://unix:{socket}:/;",
        "/cost/tcp/with/": f"proxy_pass http://tcp/; {good}",
        "/cost/tcp/without/": f"proxy_pass http://127.0.0.1:{port}/;",
    }
    more = [f"location {path} {{ {directives} }}" for path, directives in costs.items()]
    return Nginx(
        http={
            "proxy_cache_path": "cache keys_zone=streams:1m",
            "upstream tcp": f"{{ server 127.0.0.1:{port}; keepalive 16; }}",
        },
        more="\n".join([site(socket), *more]),
        program=program,
    )


def measure(benches: Sequence[Bench], chosen: Sequence[Cell], number: int) -> dict[Cell, str]:
    """The outcome of each cell, in one word for each question."""
    found: dict[Cell, dict[str, str]] = {cell: {} for cell in chosen}
    small = [cell for cell in chosen if not cell.large]
    for question, stream, those in (("stream", STREAM, chosen), ("silence", SILENT, small)):
        began = time.monotonic()
        for batch in batches(those, AT_ONCE):
            for cell, seen in read(benches, batch, {**stream, "round": number}):
                found[cell] |= streamed(seen) if question == "stream" else silent(seen)
        say(f"    {question}: {time.monotonic() - began:.0f} s")
    began = time.monotonic()
    for batch in batches(small, AT_ONCE):
        workers = [str(pid) for one in benches for pid in one.workers]
        kill = Disturbance(("kill", "-KILL", *workers), KILLED_AFTER, "kill")
        for cell, seen in read(benches, batch, {**KILLED, "round": number}, kill):
            found[cell]["killed"] = ending(seen)
        wait_ready(benches)
    say(f"    killed: {time.monotonic() - began:.0f} s")
    cached = [cell for cell in small if cell.host == "tuned"]
    for batch in batches(cached, AT_ONCE):
        first = {**BRIEF, "round": -number - 1}
        dict(read(benches, batch, first))
        for cell, seen in read(benches, batch, first):
            found[cell]["again"] = "replayed" if replayed(seen) else "new"
    fields = ("verdict", "ended", "closes", "killed", "silence", "again")
    return {cell: ",".join(said.get(one, "") for one in fields) for cell, said in found.items()}


def batches(chosen: Sequence[Cell], size: int) -> Iterator[Sequence[Cell]]:
    """The cells in parts, each with cells of all stacks."""
    count = -(-len(chosen) // size)
    for number in range(count):
        yield chosen[number::count]


def read(
    benches: Sequence[Bench],
    batch: Collection[Cell],
    stream: dict[str, Any],
    disturbance: Disturbance | None = None,
) -> list[tuple[Cell, Timeline]]:
    """Read a stream of each cell, all at once."""
    asked = [pair for one in benches for pair in one.requests(batch, **stream)]
    seen = read_all([request for _, request in asked], disturbance=disturbance)
    return [(cell, one) for (cell, _), one in zip(asked, seen, strict=True)]


def streamed(seen: Timeline) -> dict[str, str]:
    """Of an undisturbed stream: how it came, how it ended, and whether that ends the connection."""
    judged = judge("identity", Pass((seen,)), allowed=ALLOWED)
    closes = seen.header("connection") == "close"
    ended = "whole" if seen.finished else ending(seen)
    return {"verdict": judged.verdict, "ended": ended, "closes": "closes" if closes else "stays"}


def silent(seen: Timeline) -> dict[str, str]:
    """Of a stream with a silence."""
    return {"silence": "whole" if seen.finished else ending(seen)}


def replayed(seen: Timeline) -> bool:
    """Whether its events were sent to an earlier reader."""
    sent = [event.sent for event in seen.events if event.sent is not None]
    return bool(sent) and sent[0] < seen.began


def ending(seen: Timeline) -> str:
    """What the end of a stream that was cut looks like to its reader."""
    if seen.finished:
        return "whole"
    if seen.status >= 400:
        return str(seen.status)
    clean = seen.ended in (timeline.COMPLETE, timeline.CLOSE) and not seen.error
    return "looks complete" if clean else "error"


def wait_ready(benches: Sequence[Bench]) -> None:
    """Wait until all apps answer again."""
    until = time.monotonic() + 20
    while not all(one.ready() for one in benches):
        if time.monotonic() > until:
            raise RuntimeError("An app does not come back after its worker was killed.")
        time.sleep(0.1)


def keepalive_costs(benches: Sequence[Bench], requests: int) -> list[dict[str, Any]]:
    """One request after the other, with upstream keepalive and as Nginx does it without."""
    found = []
    for one in benches:
        pids = [p for name in ("gunicorn", "nginx") for p in tree(one.running.processes[name].pid)]
        for transport in ("unix", "tcp"):
            for kind in ("with", "without"):
                waiting = time_wait(one.port)
                cpu = usage(pids).cpu
                took = ask(
                    one.running.places["nginx"].url, f"/cost/{transport}/{kind}/one", requests
                )
                cpu = usage(pids).cpu - cpu
                found.append(
                    {
                        "nginx": one.nginx,
                        "worker": one.worker,
                        "transport": transport,
                        "keepalive": kind == "with",
                        "us": 1e6 * statistics.median(took),
                        "cpu_us": 1e6 * cpu / requests,
                        "time_wait": (time_wait(one.port) - waiting) / requests,
                    }
                )
    return found


def ask(url: str, path: str, requests: int) -> list[float]:
    """Seconds of each request, over one connection."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    took = []
    for _ in range(requests):
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        took.append(time.perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"{path} answers {answer.status}.")
    connection.close()
    return took


def time_wait(port: int) -> int:
    """TCP connections of this port in TIME-WAIT, which keep a local port busy for a minute."""
    rows = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    wanted = f":{port:04X}"
    return sum(row[3] == "06" and wanted in (row[1][8:], row[2][8:]) for row in rows)


def main() -> None:
    """Measure, keep the raw data, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="one round, and only SSE and text")
    options = parser.parse_args()
    outcomes: dict[str, Counter[str]] = {}
    costs = []
    with (
        tempfile.TemporaryDirectory(prefix="six-") as directory,
        stacks(Path(directory)) as benches,
    ):
        formats = ("sse", "text") if options.short else FORMATS
        chosen = [
            cell
            for one in benches
            for cell in cells(one.nginx, one.worker)
            if cell.format in formats
        ]
        for number in range(1 if options.short else options.rounds):
            say(f"  settings: round {number + 1}, {len(chosen)} combinations")
            for cell, outcome in measure(benches, chosen, number).items():
                outcomes.setdefault(cell.key, Counter())[outcome] += 1
            costs.append(keepalive_costs(benches, 300 if options.short else 500))
    print(table(keep("settings", costs, short=options.short, cells=outcomes)))


if __name__ == "__main__":
    main()
