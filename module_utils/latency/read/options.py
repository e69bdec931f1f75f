# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""From a task's options to what is read: layers, plan and disturbance.

Each function takes options without those that are None, and raises OptionError. The defaults are
those of ``Request``, ``Target``, ``Plan`` and ``Disturbance``, and nowhere else.
"""

from __future__ import annotations

import re
from typing import Any, Mapping
from urllib.parse import urlsplit

from ..errors import OptionError
from ..redact import clean
from .curl import HTTP_VERSIONS
from .passes import PROBE, REQUESTS, STREAM, Plan
from .request import Disturbance, Request, Target

MOST = 5000  # streams of one pass
COUNTS = ("parallel", "burst", "multiplex", "leave")
TIMES = ("idle", "pause")
LIMITS = ("connect", "patience", "seconds", "seconds_of_events", "events", "size_limit")
NO_LIMIT = ("seconds_of_events", "events", "size_limit")  # at 0
PLAIN = ("unix_socket", "address", "method", "http", "validate_certs", "ca_path", "sent_field")


def targets_of(given: Mapping[str, Any]) -> tuple[Target, ...]:
    """The layers to read; without ``layers`` a single one, named public."""
    listed = given.get("layers")
    if listed is None:
        listed = [{"name": "public"}] if "url" in given else []
    return tuple(_target({**given, **without_none(one)}, given) for one in listed)


def _target(options: Mapping[str, Any], common: Mapping[str, Any]) -> Target:
    """A layer. ``options`` has the layer's own options over the ``common`` ones."""
    name = options.get("name") or ""
    if not name:
        raise OptionError("A layer has no name.")
    request = _request(name, options, common)
    if "passes" not in options:
        return Target(name, request)
    for one in options["passes"]:
        if one not in REQUESTS:
            raise OptionError(
                f"Layer {name}: there is no pass '{one}'; allowed are {', '.join(REQUESTS)}."
            )
    return Target(name, request, tuple(options["passes"]))


def _request(name: str, options: Mapping[str, Any], common: Mapping[str, Any]) -> Request:
    url, command = options.get("url", ""), tuple(options.get("command", ()))
    if not url and not command:
        raise OptionError(f"Layer {name}: there is neither url nor command.")
    if url and not command:
        _check_url(name, url)
    body = options.get("body")
    request = Request(
        url=url,
        command=command,
        headers=_headers(name, options, common, url),
        body=None if body is None else str(body).encode(),
        **{one: options[one] for one in PLAIN + LIMITS if one in options},
    )
    if request.http not in HTTP_VERSIONS:
        raise OptionError(
            f"Layer {name}: http is '{request.http}'; allowed are {', '.join(HTTP_VERSIONS)}."
        )
    for limit in LIMITS:
        value = getattr(request, limit)
        if limit in NO_LIMIT and value < 0:
            raise OptionError(f"{limit} is {value}; it must be 0 or more.")
        if limit not in NO_LIMIT and value < 0.001:
            raise OptionError(f"{limit} is {value}; it must be above 0 seconds.")
    return request


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or re.search(r"[\x00-\x20\x7f]", url):
        said = clean(repr(url))
        raise OptionError(f"Layer {name}: {said} is not a URL; it must begin with http(s)://.")


def _headers(
    name: str, options: Mapping[str, Any], common: Mapping[str, Any], url: str
) -> tuple[tuple[str, str], ...]:
    """The request's headers. Only the probe endpoint gets the probe's token."""
    merged = {**common.get("headers", {}), **options.get("headers", {})}
    if options.get("authorization"):
        merged["Authorization"] = options["authorization"]
    if options.get("probe_token") and urlsplit(url).path.endswith(PROBE):
        merged["X-Stream-Probe-Token"] = options["probe_token"]
    headers = tuple((str(key), str(value)) for key, value in merged.items())
    for key, value in headers:
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", key):
            raise OptionError(f"Layer {name}: {key!r} is not the name of a header.")
        if re.search(r"[\r\n\0]", value):
            raise OptionError(f"Layer {name}: the value of the header {key} has a line break.")
    return headers


def plan_of(given: Mapping[str, Any]) -> Plan:
    """How much the passes ask for."""
    stream = without_none(given.get("stream", {}))
    for name, value in stream.items():
        if name not in STREAM:
            raise OptionError(f"stream has '{name}'; allowed are {', '.join(STREAM)}.")
        if name != "format" and value < 0:
            raise OptionError(f"stream.{name} is {value}; it must be 0 or more.")
    plan = Plan(stream, **{name: given[name] for name in COUNTS + TIMES if name in given})
    for name in COUNTS:
        if not 1 <= getattr(plan, name) <= MOST:
            raise OptionError(f"{name} is {getattr(plan, name)}; allowed are 1 to {MOST}.")
    for name in TIMES:
        if getattr(plan, name) <= 0:
            raise OptionError(f"{name} is {getattr(plan, name)}; it must be above 0 seconds.")
    return plan


def disturbance_of(given: Mapping[str, Any] | None) -> Disturbance | None:
    """The command to run meanwhile, if there is one."""
    if not given:
        return None
    given = without_none(given)
    if not given.get("command"):
        raise OptionError("disturbance.command is empty.")
    if given.get("after", 0) < 0:
        raise OptionError(f"disturbance.after is {given['after']}; it must be 0 or more.")
    others = {name: given[name] for name in ("after", "name") if name in given}
    return Disturbance(tuple(given["command"]), **others)


def without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    """Without the options that the task does not have."""
    return {name: value for name, value in given.items() if value is not None}
