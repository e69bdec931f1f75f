"""How capacity grows with CPUs and workers, and where rates and sizes end it.

With one CPU for the host, the generator has the other one: what a core carries. With two, the host
shares both with the generator. Each case is loaded with more and more streams until a promise of
bench/capacity.py breaks.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from .capacity import HOST, ROOT, Cost, Rig, Step, broken_in, run
from .host import Inside, deploy, hosts
from .load import Spread
from .table import keep, markdown, milliseconds, options, say, span


class Case(NamedTuple):
    """CPUs of the host, Gunicorn's workers, what each stream sends, and the step of the sweep."""

    cpus: int
    workers: int
    interval: float  # seconds
    size: int  # bytes of padding in each event
    more: int  # streams


CASES = (
    Case(1, 1, 1.0, 0, 6000),
    Case(1, 2, 1.0, 0, 6000),
    Case(2, 1, 1.0, 0, 9000),
    Case(2, 2, 1.0, 0, 9000),
    Case(2, 2, 0.1, 0, 1500),
    Case(2, 2, 1.0, 4096, 9000),
)
MOST = 18_000  # the generator's and this machine's limit of open files


def sweep(rig: Rig, case: Case, *, most: int, seconds: float) -> list[dict[str, Any]]:
    """Loads with more and more streams, up to the first that breaks a promise."""
    rig.inside.pin({0} if case.cpus == 1 else {0, 1})
    apart = ("taskset", "--cpu-list", "1") if case.cpus == 1 else ()
    found = []
    for streams in range(case.more, most + 1, case.more):
        step = Step("now", "http", streams, case.interval, case.size)
        found.append({"case": case._asdict(), **run(rig, step, seconds, apart)})
        if broken_in(found[-1]):
            break
    return found


def sweeps_of(case: Case, measured: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Split what was measured of a case into its rounds: each begins with the smallest load."""
    sweeps: list[list[dict[str, Any]]] = []
    for each in measured:
        if each["case"] == case._asdict():
            if each["streams"] == case.more:
                sweeps.append([])
            sweeps[-1].append(each)
    return sweeps


def carried(sweep: list[dict[str, Any]]) -> int:
    """The largest load of a round with all promises kept."""
    return max((int(each["streams"]) for each in sweep if not broken_in(each)), default=0)


def table(raw: dict[str, Any]) -> str:
    """A row for each case: the load that each round carried, its figures, and what broke the rest."""
    rows = []
    count = 0
    for case in CASES:
        sweeps = sweeps_of(case, raw["rounds"])
        if not sweeps:
            continue
        count = max(count, len(sweeps))
        least = min(map(carried, sweeps))
        at = [each for sweep in sweeps for each in sweep if each["streams"] == least]
        delays = [Spread(**each["found"]["delay"]).p99 for each in at]
        costs = [Cost(**each["cost"]) for each in at]
        broke = [
            f"{each['streams']:,}: {', '.join(problems)}"
            for sweep in sweeps
            for each in sweep
            if (problems := broken_in(each))
        ]
        shared = "the generator has the other" if case.cpus == 1 else "shared with the generator"
        rows.append(
            (
                f"{case.cpus}, {shared}",
                case.workers,
                f"{1 / case.interval:g}/s{f', {case.size} B' if case.size else ''}",
                f"{least:,}" if least else f"fewer than {case.more:,}",
                span(delays, milliseconds) if at else "",
                span([c.gunicorn_cpu for c in costs], "{:.2f}".format) if at else "",
                span([c.nginx_cpu for c in costs], "{:.2f}".format) if at else "",
                "; ".join(broke) or "nothing",
            )
        )
    head = (
        "CPUs of the host", "Gunicorn's workers", "events", "streams carried in each round", "p99",
        "Gunicorn, cores", "Nginx, cores", "what broke more",
    )  # fmt: skip
    return f"{count} interleaved rounds.\n\n{markdown(head, rows)}"


def main() -> None:
    wanted = options(__doc__)
    os.environ.update(HOST)
    hosts(HOST, "destroy", "create", "prepare")
    rounds = []
    for _ in range(wanted.rounds):
        for case in CASES:
            say(f"growth: {case}")
            deploy(
                streaming_api_streams=MOST + 1000,
                streaming_api_name="now",
                streaming_api_source=str(ROOT / "files/app"),
                streaming_api_nginx_server_names=["now"],
                streaming_api_gunicorn_workers=case.workers,
            )
            rig = Rig(Inside(HOST["TEST_PREFIX"]))
            most, seconds = (case.more, 4) if wanted.short else (MOST, 8)
            rounds += sweep(rig, case, most=most, seconds=seconds)
            rig.inside.pin({0, 1})
    hosts(HOST, "destroy")
    print(table(keep("growth", rounds, short=wanted.short)))


if __name__ == "__main__":
    main()
