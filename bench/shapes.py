"""What an event costs in the app, by the shape of the stream: FastAPI's ways, Starlette's, plain ASGI.

One Gunicorn worker as the role runs it, behind a unix socket; the same events from `shape_app.py`
in each shape, and from the reference app as it is and as it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .before import before
from .behind import ROOT, gunicorn, load_of, python_of_app, serving, under_load, versions
from .load import Load
from .table import keep, markdown, milliseconds, options, say, spread

BASE = "response-text"

# What each shape is, in the order of the table.
SHAPES = {
    "sse-model": "`fastapi.sse`, `yield ServerSentEvent(data=model)`",
    "sse-typed": "`fastapi.sse`, `yield model`",
    "sse-dict": "`fastapi.sse`, `yield ServerSentEvent(data=dict)`",
    "sse-text": "`fastapi.sse`, `yield ServerSentEvent(raw_data=text)`",
    "lines-model": "JSON lines, `yield model`",
    "lines-dict": "JSON lines, `yield dict`",
    "generator-text": "`yield bytes` with `response_class=StreamingResponse`",
    "response-model": "`return StreamingResponse`, model to JSON",
    "response-dict": "`return StreamingResponse`, dict to JSON",
    "response-text": "`return StreamingResponse`, text",
    "response-shared-timer": "the same, a timer for all streams",
    "response-fan-out": "the same, one event for all, encoded once",
    "asgi": "plain ASGI, text",
    "asgi-shared-timer": "the same, a timer for all streams",
    "asgi-fan-out": "the same, one event for all, encoded once",
}
BEFORE_NAME, NOW_NAME = "reference app, before", "reference app"


def apps() -> dict[str, tuple[Path, str, str]]:
    """For each row its directory, its app and its path."""
    return {
        **{shape: (ROOT, "bench.shape_app:app", f"/{shape}") for shape in SHAPES},
        BEFORE_NAME: (before(), "main:app", "/api/stream"),
        NOW_NAME: (ROOT / "files/app", "main:app", "/api/stream"),
    }


def run(python: Path, app: tuple[Path, str, str], load: Load) -> dict[str, Any]:
    """Measure one shape in a new process."""
    directory, target, path = app
    argv = ["-m", "gunicorn", "-c", str(gunicorn()), "--workers=1", target]
    with serving([python, *argv], directory) as served:
        return under_load(
            served, Load(**{**vars(load), "url": f"http://bench{path}", "unix": served.path})
        )


def table(raw: dict[str, Any]) -> str:
    """A row for each shape; the ratio is of the medians' rounds, each with its own base."""
    rows = []
    for name in [*SHAPES, BEFORE_NAME, NOW_NAME]:
        seen = [each[name] for each in raw["rounds"]]
        ratios = [each[name]["cpu"] / each[BASE]["cpu"] for each in raw["rounds"]]
        rows.append(
            (
                f"`{name}`" if name in SHAPES else name,
                SHAPES.get(name, "server-sent events, model, heartbeat, drain"),
                spread([each["cpu"] for each in seen], "{:.0f}"),
                spread(ratios, "{:.1f}"),
                milliseconds(max(each["p99"] for each in seen)),
                spread([each["memory"] for each in seen], "{:.0f}"),
            )
        )
    head = (
        "shape", "", "CPU per event, us", f"ratio to `{BASE}`", "p99, worst round",
        "memory per stream, KiB",
    )  # fmt: skip
    about = (
        f"{raw['streams']:,} streams, one event per {raw['interval']:g} s each; one Gunicorn worker "
        f"with uvloop and httptools. Median and spread of {len(raw['rounds'])} interleaved rounds."
    )
    return f"{about}\n\n{markdown(head, rows)}"


def main() -> None:
    """Measure all shapes, round by round."""
    wanted = options(__doc__)
    python = python_of_app()
    load = load_of(short=wanted.short)
    rounds: list[dict[str, Any]] = []
    for number in range(wanted.rounds):
        rounds.append({})
        for name, app in apps().items():
            found = rounds[-1][name] = run(python, app, load)
            say(
                f"shapes: round {number + 1}: {name}: {found['cpu']:.0f} us, {found['memory']:.0f} KiB"
            )
    facts = {"streams": load.streams, "interval": load.interval, "versions": versions(python)}
    print(table(keep("shapes", rounds, short=wanted.short, **facts)))


if __name__ == "__main__":
    main()
