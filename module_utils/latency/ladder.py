# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the options of a task to a diagnosis: measure all layers, and again what looks bad."""

from __future__ import annotations

import re
from typing import Any, Mapping, NamedTuple
from urllib.parse import urlsplit

from . import text
from .curl import HTTP_VERSIONS, need
from .diagnosis import confirm, diagnose
from .passes import PROBE, REQUESTS, STREAM, Layer, Plan, measure
from .reader import Disturbance, ReaderError, Request
from .timeline import Measurement
from .verdict import Thresholds

MOST = 5000  # streams that one pass may open
COUNTS = ("parallel", "burst", "multiplex", "leave")
TIMES = ("idle", "pause")
LIMITS = ("connect", "patience", "seconds", "events", "size_limit")


class LadderError(Exception):
    """A sentence about an option that cannot be, or about what is missing here."""


class Ladder(NamedTuple):
    """What is to be measured, and what is allowed."""

    layers: tuple[Layer, ...]
    plan: Plan
    allowed: Thresholds
    measured: tuple[Measurement, ...] = ()
    rounds: int = 2
    disturbance: Disturbance | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Ladder:
        """What a task's options say; those that are missing or None are at their defaults."""
        given = {name: value for name, value in options.items() if value is not None}
        disturbance = _disturbance(given.get("disturbance"))
        try:
            allowed = Thresholds.of(_without_none(given.get("thresholds", {})))
        except ValueError as error:
            raise LadderError(str(error)) from error
        ladder = cls(
            layers=_layers(given),
            plan=_plan(given),
            allowed=allowed,
            measured=_measured(given.get("measured", [])),
            rounds=given.get("rounds", 1 if disturbance else 2),
            disturbance=disturbance,
        )
        if not ladder.layers and not ladder.measured:
            raise LadderError("There is nothing to measure: give url, layers or measured.")
        if ladder.rounds not in (1, 2):
            raise LadderError(f"rounds is {ladder.rounds}; allowed are 1 and 2.")
        names = [one.layer for one in ladder.measured] + [one.name for one in ladder.layers]
        for name in names:
            if names.count(name) > 1:
                raise LadderError(f"Two layers are called '{name}'; each needs a name of its own.")
        return ladder

    def climb(self) -> dict[str, Any]:
        """Measure, and say what is wrong; what a second round does not see is noise."""
        try:
            if not all(layer.request.command for layer in self.layers):
                need()
            measured = self._measure()
            diagnosis = diagnose(measured, self.allowed)
            if diagnosis.failed and self.rounds > 1 and self.layers:
                measured = self._measure()
                diagnosis = confirm(diagnosis, diagnose(measured, self.allowed))
        except ReaderError as error:
            raise LadderError(str(error)) from error
        measurements = diagnosis.measurements()
        found = diagnosis.as_json()
        found["notes"] += _left_out(measurements)
        found["streams"] = not diagnosis.failed
        found["measured"] = [one.as_json() for one in measurements]
        told = text.redacted(found)
        return {**told, "text": text.render(told)}

    def _measure(self) -> tuple[Measurement, ...]:
        return self.measured + measure(self.layers, self.plan, self.disturbance)


def _left_out(measured: tuple[Measurement, ...]) -> list[str]:
    """The passes that made no sense at a layer."""
    return [
        f"{one.layer} was not read by the {name} pass: {why}."
        for one in measured
        for name, why in one.facts.get("skipped", {}).items()
    ]


def _layers(given: Mapping[str, Any]) -> tuple[Layer, ...]:
    listed = given.get("layers")
    if listed is None:
        listed = [{"name": "public"}] if "url" in given else []
    return tuple(_layer({**given, **_without_none(one)}, given) for one in listed)


def _layer(options: Mapping[str, Any], common: Mapping[str, Any]) -> Layer:
    """A layer's own options, over the common ones."""
    name = options.get("name") or ""
    if not name:
        raise LadderError("A layer has no name.")
    url, command = options.get("url", ""), tuple(options.get("command", ()))
    if not url and not command:
        raise LadderError(f"Layer {name}: there is neither url nor command.")
    if url and not command:
        _check_url(name, url)
    http = options.get("http", "auto")
    if http not in HTTP_VERSIONS:
        raise LadderError(
            f"Layer {name}: http is '{http}'; allowed are {', '.join(HTTP_VERSIONS)}."
        )
    passes = tuple(options.get("passes", ("identity", "gzip")))
    for one in passes:
        if one not in REQUESTS:
            raise LadderError(
                f"Layer {name}: there is no pass '{one}'; allowed are {', '.join(REQUESTS)}."
            )
    body = options.get("body")
    request = Request(
        url=url,
        unix_socket=options.get("unix_socket", ""),
        address=options.get("address", ""),
        command=command,
        method=options.get("method", ""),
        headers=_headers(name, options, common, url),
        body=None if body is None else str(body).encode(),
        http=http,
        validate_certs=options.get("validate_certs", True),
        ca_path=options.get("ca_path", ""),
        sent_field=options.get("sent_field", "sent_monotonic"),
        **{limit: options[limit] for limit in LIMITS if limit in options},
    )
    for limit in LIMITS:
        least = 0 if limit in ("events", "size_limit") else 0.001
        if getattr(request, limit) < least:
            raise LadderError(f"{limit} is {getattr(request, limit)}; it has to be above 0.")
    return Layer(name, request, passes)


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or re.search(r"[\x00-\x20\x7f]", url):
        said = text.clean(repr(url))
        raise LadderError(f"Layer {name}: {said} is no URL that begins with http:// or https://.")


def _headers(
    name: str, options: Mapping[str, Any], common: Mapping[str, Any], url: str
) -> tuple[tuple[str, str], ...]:
    merged = {**common.get("headers", {}), **options.get("headers", {})}
    if options.get("authorization"):
        merged["Authorization"] = options["authorization"]
    if options.get("probe_token") and urlsplit(url).path.endswith(PROBE):
        merged["X-Stream-Probe-Token"] = options["probe_token"]
    headers = tuple((str(key), str(value)) for key, value in merged.items())
    for key, value in headers:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", key) or re.search(r"[\r\n\0]", value):
            raise LadderError(f"Layer {name}: {key!r} is no header, or its value has a line break.")
    return tuple(pair for pair in headers if pair[0].lower() != "accept-encoding")


def _plan(given: Mapping[str, Any]) -> Plan:
    stream = _without_none(given.get("stream", {}))
    for name, value in stream.items():
        if name not in STREAM:
            raise LadderError(f"stream has '{name}'; allowed are {', '.join(STREAM)}.")
        if name != "format" and value < 0:
            raise LadderError(f"stream.{name} is {value}; it has to be 0 or more.")
    plan = Plan(stream, **{name: given[name] for name in COUNTS + TIMES if name in given})
    for name in COUNTS:
        if not 1 <= getattr(plan, name) <= MOST:
            raise LadderError(f"{name} is {getattr(plan, name)}; allowed are 1 to {MOST}.")
    for name in TIMES:
        if getattr(plan, name) <= 0:
            raise LadderError(f"{name} is {getattr(plan, name)}; it has to be above 0 seconds.")
    return plan


def _measured(given: list[Mapping[str, Any]]) -> tuple[Measurement, ...]:
    try:
        return tuple(Measurement.of(one) for one in given)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LadderError(
            "measured is not what an earlier task has returned by this name."
        ) from error


def _disturbance(given: Mapping[str, Any] | None) -> Disturbance | None:
    if not given:
        return None
    given = _without_none(given)
    if not given.get("command"):
        raise LadderError("disturbance.command is empty.")
    if given.get("after", 0.5) < 0:
        raise LadderError(f"disturbance.after is {given['after']}; it has to be 0 or more.")
    return Disturbance(tuple(given["command"]), given.get("after", 0.5), given.get("name", ""))


def _without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}
