"""The servers that a stack is made of: real ones, each with what differs from a good set-up."""

from tests.faults.servers.apache import Apache
from tests.faults.servers.app import Gunicorn, Script
from tests.faults.servers.caddy import Caddy
from tests.faults.servers.front import Front
from tests.faults.servers.haproxy import Haproxy
from tests.faults.servers.lighttpd import Lighttpd
from tests.faults.servers.nghttpx import Nghttpx
from tests.faults.servers.nginx import Nginx, module
from tests.faults.servers.node import Node
from tests.faults.servers.places import APPS, ROOT, TOKEN
from tests.faults.servers.squid import Squid
from tests.faults.servers.tls import Hitch, Stunnel
from tests.faults.servers.varnish import Varnish

__all__ = [
    "APPS",
    "ROOT",
    "TOKEN",
    "Apache",
    "Caddy",
    "Front",
    "Gunicorn",
    "Haproxy",
    "Hitch",
    "Lighttpd",
    "Nghttpx",
    "Nginx",
    "Node",
    "Script",
    "Squid",
    "Stunnel",
    "Varnish",
    "module",
]
