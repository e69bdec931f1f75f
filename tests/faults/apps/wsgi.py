"""A stream as a WSGI app: it holds its worker, or its thread, from beginning to end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ticks import Wanted


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    """Stream."""
    wanted = Wanted.of(environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", wanted.content_type)])
    if environ["PATH_INFO"] != "/stream":
        return
    yield wanted.hello()
    for wait, make in wanted.steps():
        time.sleep(wait)
        yield make()
