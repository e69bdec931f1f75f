"""Faults that need a set-up of their own: certificates, ports, sizes, servers that hang."""

from __future__ import annotations

from tests.faults.cases.edge import TOKEN
from tests.faults.cases.fault import ALONE, CACHE, CACHE_PATH, LONG, NO_DELAY, OWN, PROBE, Fault
from tests.faults.cases.fronts import at_host, both
from tests.faults.cases.healthy import MODELS, QUESTION
from tests.faults.servers import APPS, Apache, Caddy, Front, Gunicorn, Haproxy, Nginx, Node, Script
from tests.faults.stack import Stack

TLS = Nginx(listen="ssl")
QUICK = {"count": 100, "interval": 0.01}
LUMPING = Stack(Gunicorn("lumping:app"))
PATIENT = {"patience": 1.5}
LARGE = {**QUESTION, "body": '{"model": "small", "messages": [{"role": "user", "content": "%s"}]}'}
LARGE["body"] = str(LARGE["body"]) % ("Hi " * 2000)
# It wants the name of the TLS handshake to be the request's, and an address is no such name.
STRICT = Caddy(options="servers {\nstrict_sni_host on\n}", tls=True)
LOGIN = f"location = {PROBE} {{ default_type text/html; return 200 '<h1>Log in</h1>'; }}"
# It takes away the slash that the app redirects to.
SLASH = Nginx({"rewrite": "^(.*)/$ $1 break"}, listen="ssl")

LEAVE = ("identity", "leave")
GZIP_TOO = ("identity", "gzip")
LOCKING = Nginx({**CACHE, "proxy_cache_lock": "on"}, http=CACHE_PATH)
KEEPING = Nginx({**CACHE, "proxy_cache_bypass": "1"}, http=CACHE_PATH)
ENCRYPTED: dict[str, Front] = {
    "nginx": TLS,
    "caddy": Caddy(tls=True),
    "apache": Apache(tls=True),
}
WANTING = Haproxy(NO_DELAY, backend="http-response wait-for-body time 200ms at-least 1m")
PLAIN: dict[str, Front] = {"nginx": Nginx(), "haproxy": Haproxy(NO_DELAY)}
CLIENTS = {
    "curl": ("curl", "-N", "-sS", "--max-time", "1", "--header", TOKEN, "{url}"),
    "python": ("python3", str(APPS / "hasty_reader.py"), "{url}", "{token}"),
}

FAULTS = (
    Fault("app-lumps", LUMPING, path=OWN),
    Fault(
        "app-computed-first", Stack(Gunicorn("lumping:collecting")), path=OWN, variant="middleware"
    ),
    # http-proxy sends the headers with the first chunk.
    *both("edge-headers-held", Node(), "node", stream={"hold": 0.5}),
    *both("silence", Node(stalls=800), "node", stream=LONG, passes=ALONE, more=PATIENT),
    Fault("silence", LUMPING, path="/hang", passes=ALONE, more=PATIENT, variant="no-answer"),
    *(
        Fault("client-deadline", Stack(), ALONE, stream=LONG, client=command, variant=name)
        for name, command in CLIENTS.items()
    ),
    *(
        Fault("edge-starved", stack, stream=QUICK, variant=name, at=stack.starving)
        for name, stack in {
            "host": Stack(starving="nginx"),
            "public": Stack(edge=Nginx(), starving="public"),
            "haproxy": Stack(edge=Haproxy(NO_DELAY), starving="public"),
        }.items()
    ),
    # Whoever measures a second time finds a warm cache, from outside too: these are not usual passes.
    *both("edge-cache-lock", LOCKING, "nginx", passes=GZIP_TOO),
    at_host("edge-cache-lock", LOCKING, "tokens", app=MODELS, path="/token-lines", passes=GZIP_TOO),
    # The app would notice. A cache wants the whole, and http-proxy does not look.
    *both("edge-ignores-departure", Node(), "node", passes=LEAVE, risk=True),
    *both("edge-ignores-departure", KEEPING, "nginx-cache", passes=LEAVE, risk=True),
    Fault("certificate", Stack(nginx=TLS, names=("DNS:elsewhere.example",)), at="nginx"),
    Fault(
        "certificate",
        Stack(edge=Caddy(tls=True), names=("DNS:elsewhere.example",)),
        variant="caddy",
        at="public",
    ),
    *(
        Fault("tls-needed", Stack(nginx=front, scheme="http"), variant=name, at="nginx")
        for name, front in ENCRYPTED.items()
    ),
    *(
        Fault("tls-not-spoken", Stack(nginx=front, scheme="https"), variant=name, at="nginx")
        for name, front in PLAIN.items()
    ),
    Fault("not-http", Stack(Script("garbled.py"), nginx=None), path=OWN, at="gunicorn"),
    Fault(
        "closed-unanswered",
        Stack(nginx=Nginx(more=f"location = {PROBE} {{ return 444; }}")),
        at="nginx",
    ),
    Fault("another-answer", Stack(nginx=Nginx(more=LOGIN)), variant="login", at="nginx"),
    Fault(
        "another-answer",
        Stack(edge=Nginx(more=LOGIN.replace("text/html", "application/json"))),
        variant="json",
        at="public",
    ),
    Fault("edge-wants-the-whole", Stack(nginx=WANTING), variant="host", at="nginx"),
    Fault("edge-wants-the-whole", Stack(edge=WANTING), at="public"),
    Fault(
        "origin-unreachable",
        Stack(edge=Nginx(more=f"location = {PROBE} {{ return 522; }}")),
        at="public",
    ),
    # Events with times would say by themselves that they are late.
    at_host("edge-chunks-late", Node(late=1500), "node", app=Gunicorn("own:app"), path="/tokens"),
    Fault("changed-request", Stack(Gunicorn("refusing:app")), path="/virtual", at="nginx"),
    *both("encoding-untrue", Nginx({"add_header": "Content-Encoding gzip"}), "nginx"),
    Fault("misdirected", Stack(nginx=STRICT), variant="caddy", at="nginx"),
    Fault(
        "request-too-large",
        Stack(MODELS, Nginx({"client_max_body_size": "1k"})),
        path="/chat/completions",
        more=LARGE,
        variant="body",
        at="nginx",
    ),
    Fault(
        "request-too-large",
        Stack(),
        more={"headers": {"Cookie": "a" * 9000}},
        variant="headers",
        at="nginx",
    ),
    Fault("upgrade-required", Stack(Gunicorn("refusing:app")), path="/upgrade"),
    Fault("redirect-to-http", Stack(Gunicorn("refusing:app"), SLASH), path="/slash/", at="nginx"),
)
