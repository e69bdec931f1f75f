"""How capacity grows with CPUs and workers: the deployed stack, on one CPU of its own or on two.

With one CPU for the host, the generator has the other one: what a core carries. With two, the host
shares both with the generator. Each combination is loaded with more and more streams until a
promise of bench/capacity.py breaks.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from .capacity import HOST, ROOT, Cost, Step, run
from .host import Inside, deploy, hosts
from .load import Spread
from .table import keep, markdown, milliseconds, say

COMBINATIONS = ((1, 1), (1, 2), (2, 1), (2, 2), (2, 4))  # CPUs of the host, Gunicorn's workers
SIZES = range(3000, 18_001, 3000)


def sweep(inside: Inside, cpus: int, *, sizes: range, seconds: float) -> list[dict[str, Any]]:
    """Loads with more and more streams, up to the first that breaks a promise."""
    inside.pin({0} if cpus == 1 else {0, 1})
    found = []
    for streams in sizes:
        apart = ("taskset", "--cpu-list", "1") if cpus == 1 else ()
        found.append(run(inside, Step("now", "http", streams), seconds, apart))
        if found[-1]["broken"]:
            break
    return found


def table(raw: dict[str, Any]) -> str:
    """A row for each combination of CPUs and workers: the largest load with all promises kept."""
    rows = []
    for cpus, workers in COMBINATIONS:
        of = [each for each in raw["rounds"] if (each["cpus"], each["workers"]) == (cpus, workers)]
        if not of:
            continue
        good = [each for each in of if not each["broken"]]
        best = max(good, key=lambda each: int(each["streams"]), default=None)
        broke = next((each for each in of if each["broken"]), None)
        cost = Cost(**best["cost"]) if best else None
        rows.append(
            (
                f"{cpus}, the generator has the other"
                if cpus == 1
                else f"{cpus}, shared with the generator",
                workers,
                f"{best['streams']:,}" if best else f"fewer than {of[0]['streams']:,}",
                milliseconds(Spread(**best["found"]["delay"]).p99) if best else "",
                f"{cost.gunicorn_cpu:.2f}, {cost.nginx_cpu:.2f}" if cost else "",
                f"{broke['streams']:,}: {', '.join(broke['broken'])}" if broke else "nothing",
            )
        )
    head = (
        "CPUs of the host", "Gunicorn's workers", "streams carried", "p99",
        "cores of Gunicorn, Nginx", "what broke next",
    )  # fmt: skip
    return markdown(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="few streams")
    options = parser.parse_args()
    os.environ.update(HOST)
    sizes = range(500, 501) if options.short else SIZES
    hosts(HOST, "destroy", "create", "prepare")
    rounds = []
    for _ in range(1 if options.short else options.rounds):
        for cpus, workers in COMBINATIONS:
            say(f"growth: {cpus} CPUs for the host, {workers} workers")
            deploy(
                streaming_api_streams=2 * max(sizes),
                streaming_api_name="now",
                streaming_api_source=str(ROOT / "files/app"),
                streaming_api_nginx_server_names=["now"],
                streaming_api_gunicorn_workers=workers,
            )
            inside = Inside(HOST["TEST_PREFIX"])
            found = sweep(inside, cpus, sizes=sizes, seconds=5 if options.short else 10)
            rounds += [{"cpus": cpus, "workers": workers, **each} for each in found]
            inside.pin({0, 1})
    hosts(HOST, "destroy")
    print(table(keep("growth", rounds, short=options.short)))


if __name__ == "__main__":
    main()
