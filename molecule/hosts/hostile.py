"""Send what no reader sends: what is answered, and how many requests of it have reached the app."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from rawclient import NAME, get

# The app counts requests by `?as=`. Each case has its own word there, in place of this one.
MARK = "MARKED"
TARGET = f"/seen?as={MARK}"
SMUGGLED = f"GET /smuggled?as={MARK} HTTP/1.1\r\nHost: {NAME}\r\n\r\n"


class Outcome(NamedTuple):
    """All answers on the connection, in their order, and how many requests have reached the app."""

    said: str
    reached: int


class Found(NamedTuple):
    outcomes: dict[str, Outcome]
    unserved: list[str]  # the cases after which an ordinary request was not served
    others: dict[str, int]  # what else has reached the app


def send_all(
    port: int, cases: Mapping[str, bytes], ask: Callable[[bytes], str], *, at_once: int = 32
) -> Found:
    """Send each case on its own connection, and then an ordinary request on another one."""
    marks = {case: f"{number:0{len(MARK)}}" for number, case in enumerate(cases)}

    def one(case: str) -> tuple[str, bool]:
        said = ask(cases[case].replace(MARK.encode(), marks[case].encode()))
        return said, is_served(port)

    before = reached(port)
    with ThreadPoolExecutor(at_once) as pool:
        answers = dict(zip(cases, pool.map(one, cases), strict=True))
    after = reached(port)
    after.subtract(before)
    outcomes = {
        case: Outcome(said, after.pop(marks[case], 0)) for case, (said, _) in answers.items()
    }
    unserved = [case for case, (_, served) in answers.items() if not served]
    return Found(outcomes, unserved, {name: count for name, count in after.items() if count})


def reached(port: int) -> Counter[str]:
    """How many requests the app has counted, without those of this file."""
    counts = Counter(get(port, "/reached?as=ordinary", tls=NAME).json())
    del counts["ordinary"]
    return counts


def is_served(port: int, within: float = 0) -> bool:
    """Whether an ordinary request is answered, at once or within these seconds."""
    deadline = time.monotonic() + within
    while get(port, "/readyz?as=ordinary", tls=NAME).status != 200:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True
