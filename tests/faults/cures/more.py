"""Remedies for what needs a set-up of its own: networks, certificates, ports, hanging servers."""

from __future__ import annotations

from tests.faults.cases.fault import OWN
from tests.faults.cures.cure import (
    Cure,
    Cures,
    asked,
    configured,
    directed,
    location,
    read_by,
    run,
    served,
    stacked,
)
from tests.faults.cures.edge import READER, TOKEN
from tests.faults.cures.nginx import UNBUFFERED
from tests.faults.servers import Gunicorn

UNCACHED = Cure("Turn the cache off for the path", location(proxy_cache="off"))
OTHER_LIMIT = "Limit the time between two reads instead"
BEATS = "Send a heartbeat more often than it forgets"

CURES: Cures = {
    "nginx-tls-buffer": (UNBUFFERED,),
    "edge-nagle-nodelay-off": (Cure("Set tcp_nodelay on", location(tcp_nodelay="on")),),
    "edge-nagle": (UNBUFFERED,),
    "edge-forgets-idle-own": (Cure(BEATS, run("wrapped:talkative")),),
    "edge-forgets-idle": (Cure(BEATS, run("wrapped:alive")),),
    "app-lumps": (Cure("Send each event by itself", run("cured:awaiting")),),
    "edge-headers-held": (Cure("Send a comment as the first chunk", run("wrapped:greeted")),),
    "edge-starved": (Cure("Raise the CPU quota", stacked(starving="")),),
    "edge-cache-lock": (UNCACHED,),
    "edge-ignores-departure Node": (
        Cure("in response.on('close', ...)", configured(follows=True)),
    ),
    "edge-ignores-departure Nginx": (UNCACHED,),
    "client-deadline-curl": (
        Cure(OTHER_LIMIT, read_by("curl", "-N", "-sS", "--header", TOKEN, "{url}")),
    ),
    "client-deadline-python": (Cure(OTHER_LIMIT, read_by("python3", READER, "{url}", "{token}")),),
    "certificate": (Cure("use the right one", stacked(names=())),),
    "tls-needed": (Cure("Begin the URL with https://", stacked(scheme="")),),
    "tls-not-spoken": (Cure("Begin the URL with http://", stacked(scheme="")),),
    "not-http": (Cure("Check the port and what listens there", served(Gunicorn("refusing:app"))),),
    "closed-unanswered": (Cure("it may refuse the name or the address", configured(more="")),),
    "another-answer": (Cure("that the path leads to the app there too", configured(more="")),),
    "edge-wants-the-whole": (
        Cure("Turn off what needs the whole body there", configured(backend="")),
    ),
    "origin-unreachable": (Cure("Measure the origin by itself", configured(more="")),),
    "edge-chunks-late": (Cure("Let it pass on each chunk at once", configured(late=0)),),
    "changed-request": (
        Cure(
            "Pass on the name that the app knows",
            location(proxy_set_header=['Connection ""', "Host app"]),
        ),
    ),
    "encoding-untrue": (Cure("Remove the Content-Encoding", location(add_header=None)),),
    "misdirected": (Cure("let the server accept the host", configured(options="")),),
    "request-too-large-body": (
        Cure("client_max_body_size", location(client_max_body_size="1m")),
        Cure("Send less", asked(body='{"model": "small", "messages": []}')),
    ),
    "request-too-large-headers": (
        Cure(
            "large_client_header_buffers",
            directed("server", large_client_header_buffers="4 16k"),
        ),
        Cure("Send less", asked(headers={})),
    ),
    "upgrade-required": (Cure("Measure an HTTP stream", asked(OWN)),),
    "redirect-to-http": (Cure("Ask for the URL with the right slash", location(rewrite=None)),),
    "silence": "The remedy is to find out what the server waits for; only a person can tell.",
}
