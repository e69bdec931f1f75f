"""A fault is switched on: the alert fires within a few rounds with layer and cause, and clears."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from testhost import until
from testinfra.host import Host
from watching import Prometheus

SITE = "/etc/nginx/conf.d/reference.conf"
BUFFERING = "/etc/nginx/buffering.conf"
# The round that is under way, and one that sees all of it: two intervals. Prometheus may learn of a
# round before them and of one after them late. A busy machine makes rounds longer, and leaves some
# without a verdict, which do not count.
SOON = 2 + 2
PATIENCE = 180  # seconds


class Fault(NamedTuple):
    """What switches it on and off, on the host `app` or `world`, and what the alert must say."""

    name: str
    on: str
    off: str
    layers: tuple[str, ...]  # one of them
    causes: tuple[str, ...]
    where: str = "app"


FAULTS = [
    Fault(
        "gzip at Nginx",
        f"sed -i 's/gzip off;/gzip on; gzip_types *;/; s/proxy_buffering off/proxy_buffering on/' {SITE} && nginx -s reload",
        f"cp /etc/streaming_api/reference.conf {SITE} && nginx -s reload",
        ("nginx",),
        ("nginx-gzip",),
    ),
    Fault(
        "a second proxy that buffers",
        f"echo 'proxy_buffering on;' >{BUFFERING} && nginx -s reload",
        f"echo 'proxy_buffering off;' >{BUFFERING} && nginx -s reload",
        ("public",),
        ("edge-buffering", "nginx-tls-buffer"),
        where="world",
    ),
    Fault(
        "a blocked event loop",
        "systemd-run --collect --quiet --unit=blocks sh -c 'while :; do"
        " curl -s -m 3 -X POST -H Host:chat.example http://127.0.0.1/block?seconds=2; done'",
        "systemctl stop blocks",
        ("gunicorn",),
        ("app-stands-still",),
    ),
    Fault(
        # Before they can start, which takes more than the pause: none ever answers, so what a reader sees
        # is no matter of luck.
        "workers that are killed again and again",
        "systemd-run --collect --quiet --unit=kills sh -c 'while :; do"
        " pkill -KILL -u reference -P $(pgrep -o -u reference gunicorn); sleep 0.1; done'",
        "systemctl stop kills",
        ("gunicorn", "nginx"),
        ("silence",),
    ),
]


@contextmanager
def switched_on(fault: Fault, host: Host) -> Iterator[None]:
    host.check_output(fault.on)
    try:
        yield
    finally:
        host.check_output(fault.off)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.replace(" ", "-"))
def test_a_fault_fires_the_alert_and_clears(
    host: Host, world: Host, prometheus: Prometheus, fault: Fault
) -> None:
    until(lambda: not prometheus.firing(), PATIENCE)
    seen: set[tuple[str, str]] = set()

    def fires() -> bool:
        seen.update(prometheus.firing())
        return bool(seen)

    with switched_on(fault, {"app": host, "world": world}[fault.where]):
        before = prometheus.rounds(judged=True)
        fired = until(fires, PATIENCE)
        between = prometheus.rounds(judged=True)
    cleared = until(lambda: not prometheus.firing(), PATIENCE)
    rounds = between - before, prometheus.rounds(judged=True) - between
    print(
        f"\n{fault.name}: fired after {fired:.1f} s, cleared after {cleared:.1f} s, {rounds=}, {seen}"
    )
    assert max(rounds) <= SOON
    assert seen and {layer for layer, _ in seen} <= set(fault.layers)
    assert {cause for _, cause in seen} <= set(fault.causes)
