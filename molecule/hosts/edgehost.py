"""The host in front of the test host: readers come to it, and it asks the test host for them."""

from __future__ import annotations

import dataclasses

from rawclient import NAME, Said, get
from testhost import have_taken_over, nginx_workers
from testinfra.host import Host

LISTS = "/srv/lists/ips-v4"
# Without the limit of starts that systemd sets: these are many, one after another.
FILES = "cat /etc/nginx/streaming_api/cloudflare-*.conf"
REFRESH = "systemctl reset-failed; systemctl start streaming_api-edge.service"


@dataclasses.dataclass(frozen=True)
class Edge:
    """`reader` is the address of this machine, as the edge sees it."""

    host: Host
    http: int  # its published port
    address: str
    reader: str

    def get(self, path: str, more: str = "") -> Said:
        """Ask the app through the edge, as a reader does."""
        return get(self.http, path, host=NAME, more=more)

    def write_list(self, text: str) -> None:
        """Publish this list of the edge's addresses."""
        self.host.check_output("printf %%s %s >%s", text, LISTS)


def refresh(host: Host) -> None:
    """Let the host fetch the list, and Nginx take it over, if it is another one."""
    old, before = nginx_workers(host), host.check_output(FILES)
    host.check_output(REFRESH)
    if host.check_output(FILES) != before:
        have_taken_over(host, old)
