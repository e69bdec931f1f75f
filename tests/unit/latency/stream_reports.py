"""Stacks that never were, measured: what the tests of the reports show."""

from __future__ import annotations

import math
from typing import Any

from plugins.module_utils.latency.judge import metrics
from plugins.module_utils.latency.measurement import Measurement, Pass
from plugins.module_utils.latency.timeline import COMPLETE, Event, Timeline

LAYERS = ("gunicorn", "nginx", "public")
COUNT, INTERVAL = 50, 0.02


def stream(
    *,
    late: float = 0.0005,
    lump: float = 0.0,
    began: float = 100.0,
    stamped: bool = True,
    clock: str = "boot",
    count: int = COUNT,
    interval: float = INTERVAL,
    seen: int | None = None,
    ended: str = COMPLETE,
    headers: tuple[tuple[str, str], ...] = (),
) -> Timeline:
    """One stream whose events come ``late`` seconds after they were sent, let go together each
    ``lump`` seconds.
    """
    events = []
    for n in range(count):
        sent = 0.002 + n * interval
        at = math.ceil((sent + 1e-9) / lump) * lump if lump else sent
        events.append(Event(at + late, 60, began + sent if stamped else None, str(n)))
    events = events[:seen]
    last = events[-1].arrived if events else 0.0
    return Timeline(
        began,
        tuple(events),
        tuple((event.arrived, event.size) for event in events),
        (("content-type", "text/event-stream"), ("transfer-encoding", "chunked"), *headers),
        200,
        "1.1",
        format="sse",
        connected=0.0002,
        headers_at=late + 0.001,
        ended=ended,
        ended_at=last + 0.001,
        size=60 * len(events),
        finished=seen is None,
        reader_clock="boot",
        server_clock=clock if stamped else "",
    )


def healthy(**options: Any) -> list[Measurement]:
    """Three layers, two passes, all well."""
    return [
        Measurement(
            name,
            {
                one: Pass((stream(late=0.0005 * (n + 1), began=100.0 + 10 * n, **options),))
                for one in ("identity", "gzip")
            },
            f"https://api.example.com/api/stream?layer={name}",
        )
        for n, name in enumerate(LAYERS)
    ]


def faulty(culprit: str = "nginx", worst: str = "gzip", **options: Any) -> list[Measurement]:
    """The same, and from ``culprit`` on one pass comes in lumps."""
    found = []
    for measured in healthy(**options):
        passes = dict(measured.passes)
        if LAYERS.index(measured.layer) >= LAYERS.index(culprit):
            gzip = (("content-encoding", "gzip"),) if worst == "gzip" else ()
            lump = {"lump": 0.33, "headers": gzip, **options}
            passes[worst] = Pass((stream(began=passes[worst].timelines[0].began, **lump),))
        found.append(measured._replace(passes=passes))
    return found


CAUSE = {
    "cause": "nginx-gzip",
    "layer": "nginx",
    "title": "gzip collects the events before it sends them",
    "evidence": ["delay p50 155 ms in the gzip pass, allowed 15 ms", "the identity pass streams"],
    "remedy": "Set gzip off in the stream's location, or send Content-Encoding: identity.",
    "link": "https://nginx.org/en/docs/http/ngx_http_gzip_module.html",
}
OTHER = {
    "cause": "nginx-buffering",
    "layer": "nginx",
    "title": "proxy_buffering is on",
    "evidence": ["no X-Accel-Buffering in the app's answer"],
    "remedy": "Set proxy_buffering off.",
    "link": "https://nginx.org/en/docs/http/ngx_http_proxy_module.html",
}
RISK = {
    "cause": "close-delimited",
    "layer": "public",
    "title": "a cut stream looks complete",
    "evidence": ["HTTP/1.1 without Content-Length or chunked"],
    "remedy": "Turn chunked_transfer_encoding on.",
    "link": "https://www.rfc-editor.org/rfc/rfc9112#section-6.3",
}


def diagnosis(
    measured: list[Measurement],
    culprit: str | None = None,
    worst: str = "",
    verdict: str = "lumped",
    **more: Any,
) -> dict[str, Any]:
    """What the core would say of it, with the verdicts given and the figures computed."""
    layers = []
    reached = False
    for one in measured:
        reached = reached or one.layer == culprit
        words = {name: verdict if reached and name == worst else "streaming" for name in one.passes}
        layers.append(
            {
                "layer": one.layer,
                "url": one.url,
                "verdict": verdict if reached else "streaming" if one.passes else "unknown",
                "worst_pass": worst if reached else "identity",
                "problem": one.problem,
                "passes": {
                    name: {
                        "verdict": words[name],
                        "reason": "" if words[name] == "streaming" else "delay p50 0.155 s",
                        "metrics": metrics.summarize(
                            one_pass.timelines,
                            measured[0].passes[name].timelines if measured[0].passes else (),
                        )._asdict(),
                    }
                    for name, one_pass in one.passes.items()
                },
            }
        )
    return {
        "verdict": verdict if culprit else "streaming",
        "culprit": culprit,
        "culprit_pass": worst,
        "message": "",
        "layers": layers,
        "causes": [CAUSE, OTHER] if culprit else [],
        "risks": [],
        "notes": [],
        **more,
    }
