"""The load generator's own error: a direct run against the cheapest source, over each transport."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .load import Load, Spread, measure
from .table import keep, markdown, milliseconds, options, say, spread

ROOT = Path(__file__).parents[1]
STREAMS = 18_000
TRANSPORTS = ("unix", "tcp", "tls")


@contextmanager
def source(transport: str) -> Iterator[Load]:
    """Start `bench/source.py`; yield a load of it."""
    with tempfile.TemporaryDirectory() as directory:
        path = f"{directory}/socket"
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        certificate = f"{directory}/cert.pem"
        where, load = {
            "unix": (f"unix:{path}", Load("http://bench/", 0, unix=path)),
            "tcp": (f"tcp:{address}", Load("http://bench/", 0, address=address)),
            "tls": (f"tls:{address}:{certificate}", Load("https://bench/", 0, address=address)),
        }[transport]
        if transport == "tls":
            make_certificate(certificate)
        process = subprocess.Popen([sys.executable, "-m", "bench.source", where], cwd=ROOT)
        try:
            time.sleep(0.5)
            yield dataclasses.replace(load, sources=4 if transport != "unix" else 1)
        finally:
            process.terminate()
            process.wait(10)


def make_certificate(file: str) -> None:
    """Write a self-signed certificate and its key into one file."""
    new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made = ["-subj", "/CN=bench", "-days", "30", "-keyout", file, "-out", f"{file}.crt"]
    subprocess.run(["openssl", *new, *made], check=True, capture_output=True)
    with Path(file).open("a") as pem:
        pem.write(Path(f"{file}.crt").read_text())


def table(raw: dict[str, Any]) -> str:
    """A row for each transport."""
    rows = []
    for transport in TRANSPORTS:
        rounds = [each for each in raw["rounds"] if each["transport"] == transport]
        found = [each["found"] for each in rounds]
        delays = [Spread(**each["delay"]) for each in found]
        failed = sum(
            each[name] for each in found for name in ("refused", "cut", "lost", "repeated", "late")
        )
        rows.append(
            (
                transport,
                f"{rounds[0]['streams']:,}",
                failed,
                milliseconds(max(delay.p50 for delay in delays)),
                milliseconds(max(delay.p99 for delay in delays)),
                spread([1e6 * each["cpu"] / each["events"] for each in found], "{:.1f}"),
                spread([each["cpu"] / each["seconds"] for each in found]),
            )
        )
    head = (
        "transport", "streams", "failed", "p50 (worst round)", "p99 (worst round)",
        "generator's CPU, us per event", "its cores",
    )  # fmt: skip
    return markdown(head, rows)


def main() -> None:
    wanted = options(__doc__)
    streams = 2000 if wanted.short else STREAMS
    rounds = []
    for number in range(wanted.rounds):
        for transport in TRANSPORTS:
            with source(transport) as load:
                asked = dataclasses.replace(
                    load, streams=streams, opens_per_second=1000, seconds=5, settle=3
                )
                found = measure(asked)
            say(f"generator: round {number + 1}, {transport}: p99 {milliseconds(found.delay.p99)}")
            rounds.append(
                {"transport": transport, "streams": streams, "found": dataclasses.asdict(found)}
            )
    print(table(keep("generator", rounds, short=wanted.short)))


if __name__ == "__main__":
    main()
