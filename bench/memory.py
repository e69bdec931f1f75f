"""What a stream holds: in the app by the package that asked for it, in Nginx by the size asked for.

The reference app in one Gunicorn worker, alone and as the role wraps it, under tracemalloc; and the
role's Nginx in front of it, whose debug log names each allocation.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .behind import ROOT, gunicorn, python_of_app, serving, versions
from .load import Load, finish, measure, start
from .processes import usage
from .table import keep, markdown, options, say, spread

FORMS: dict[str, dict[str, str]] = {"alone": {}, "wrapped": {"WRAPPED": "yes"}}
OTHERS = "Python and the rest"
OWNERS = (
    "uvicorn",
    "starlette",
    "fastapi",
    "pydantic",
    "asyncio",
    "files/app",
    "the role's wrapper",
)
PORT = 18_900
OF_NGINX = 20  # streams: a debug log is slow


def owner(place: str) -> str:
    """Whose code a line is, `path:number`."""
    if "/files/app/" in place:
        return "files/app"
    if "/streaming_api/files/" in place:
        return "the role's wrapper"
    found = re.search(r"/(?:site-packages|python3\.\d+)/(?!site-packages)(\w+)", place)
    return found[1] if found and found[1] in OWNERS else OTHERS


def asked(path: str) -> dict[str, int]:
    """What the app's objects hold: bytes by `file:line`."""
    time.sleep(1)  # what has ended is gone
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)
        one.sendall(b"GET /held HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: one.recv(65_536), b""))
    found: dict[str, int] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def grown(python: Path, environ: dict[str, str], streams: int) -> tuple[dict[str, int], int]:
    """What so many streams add: bytes by `file:line`, if the app is traced, and bytes of memory."""
    argv = ["-m", "gunicorn", "-c", str(gunicorn()), "--workers=1", "bench.held_app:app"]
    with tempfile.TemporaryDirectory(dir="/dev/shm") as directory:
        given = {
            "PYTHONPATH": f"{ROOT}:{ROOT}/roles/streaming_api/files",
            "RUNTIME_DIRECTORY": directory,
            **environ,
        }
        with serving([python, *argv], ROOT / "files/app", given) as served:
            warm = "http://bench/api/stream?count=10&interval=0.02"
            measure(Load(warm, 20, served.path, interval=0.02, events=10, settle=0))
            lines, before = asked(served.path), usage(served.pids()).pss
            url = "http://bench/api/stream?count=100000&interval=1"
            generator = start(Load(url, streams, served.path))
            time.sleep(streams / 500 + 4)
            now, after = asked(served.path), usage(served.pids()).pss
            finish(generator)
    return {place: size - lines.get(place, 0) for place, size in now.items()}, after - before


def of_app(python: Path, form: dict[str, str], streams: int) -> dict[str, Any]:
    """Bytes per stream by owner, and what all of it is in memory without tracemalloc."""
    lines, _ = grown(python, {**form, "HELD": "yes"}, streams)
    _, memory = grown(python, {**form, "HELD": "no"}, streams)
    owners: Counter[str] = Counter()
    for place, size in lines.items():
        owners[owner(place)] += size
    return {
        "owners": {name: size / streams for name, size in owners.items()},
        "memory": memory / streams,
    }


ALLOCATION = re.compile(r"(\d+)#.*(?:malloc|posix_memalign): ([0-9A-F]+):(\d+)")
FREED = re.compile(r"(\d+)#.* free: ([0-9A-F]+)")


def held(log: Iterable[str]) -> Counter[int]:
    """How many allocations of each size a debug log of Nginx leaves open. Each process has its own."""
    sizes: dict[tuple[str, str], int] = {}
    for line in log:
        if made := ALLOCATION.search(line):
            sizes[made[1], made[2]] = int(made[3])
        elif freed := FREED.search(line):
            sizes.pop((freed[1], freed[2]), None)
    return Counter(sizes.values())


def of_nginx(python: Path, streams: int = OF_NGINX) -> dict[str, float]:
    """Allocations of the role's Nginx per stream, by their size in bytes."""
    from .peers import Place, nginx_deployed  # noqa: PLC0415 - it reads what `peers` has unpacked

    argv = ["-m", "gunicorn", "--workers=1", "--worker-class=uvicorn_worker.UvicornWorker"]
    with (
        serving([python, *argv, "--no-control-socket", "main:app"], ROOT / "files/app") as served,
        tempfile.TemporaryDirectory() as scratch,
    ):
        where = Path(scratch)
        for each in (where, Path(served.path).parent, Path(served.path)):
            each.chmod(0o777)  # Nginx's workers become somebody else
        running = nginx_deployed(Place(PORT, served.path, "", where))
        for name, text in running.files.items():
            (where / name).parent.mkdir(parents=True, exist_ok=True)
            (where / name).write_text(text.replace("error.log;", "error.log debug;"))
        nginx = subprocess.Popen([*running.argv[:-1], str(where / "error.log")])
        log = where / "error.log"
        try:
            time.sleep(1)
            begins = log.stat().st_size
            url = f"http://bench:{PORT}/api/stream?count=1000&interval=1"
            generator = start(Load(url, streams, address=f"127.0.0.1:{PORT}", seconds=4, settle=1))
            time.sleep(streams / 500 + 3)
            text = log.read_bytes()[begins:].decode(errors="replace")
            finish(generator)
        finally:
            nginx.terminate()
            nginx.wait()
    return {str(size): count / streams for size, count in held(text.splitlines()).items()}


def main() -> None:
    """Measure both."""
    wanted = options(__doc__, rounds=3)
    streams = 200 if wanted.short else 1000
    python = python_of_app()
    rounds = []
    for number in range(wanted.rounds):
        found: dict[str, Any] = {
            name: of_app(python, form, streams) for name, form in FORMS.items()
        }
        found["nginx"] = of_nginx(python)
        rounds.append(found)
        say(f"memory: round {number + 1}: {found}")
    facts = {"streams": streams, "versions": versions(python)}
    print(table(keep("memory", rounds, short=wanted.short, **facts)))


def table(raw: dict[str, Any]) -> str:
    """A table of the app, and one of Nginx."""
    rounds = raw["rounds"]

    def kib(name: str, whose: str) -> str:
        return spread([each[name]["owners"].get(whose, 0) / 1024 for each in rounds], "{:.1f}")

    rows = [(whose, *(kib(name, whose) for name in FORMS)) for whose in (*OWNERS, OTHERS)]
    sums = {name: [sum(each[name]["owners"].values()) / 1024 for each in rounds] for name in FORMS}
    whole = {name: [each[name]["memory"] / 1024 for each in rounds] for name in FORMS}
    for label, seen in (("all of these", sums), ("memory without tracemalloc", whole)):
        rows.append((label, *(spread(seen[name], "{:.1f}") for name in FORMS)))
    app = markdown(
        (
            "KiB per stream, by whose line asked for it",
            "the app alone",
            "with the role's probe and counts",
        ),
        rows,
    )
    sizes = sorted({int(size) for each in rounds for size in each["nginx"]}, reverse=True)
    counts = {size: [each["nginx"].get(str(size), 0) for each in rounds] for size in sizes}
    nginx = markdown(
        ("Nginx: bytes asked for at once", "times per stream"),
        [
            (f"{size:,}", spread(count, "{:.1f}"))
            for size, count in counts.items()
            if max(count) >= 0.5
        ],
    )
    return (
        f"{raw['streams']:,} streams of the reference app; {len(rounds)} rounds. What was freed before is "
        "used again, so memory grows by less than is asked for. A page of memory that nobody has "
        "written to costs nothing, so Nginx uses less of its buffer of 16 KiB than it asks for, unless "
        f"events or headers fill it.\n\n{app}\n\n{nginx}"
    )


if __name__ == "__main__":
    main()
