"""The host in front of the test host: readers come to it, and it asks the test host for them."""

from __future__ import annotations

import dataclasses

from rawclient import NAME, Said, get
from testinfra.host import Host

LISTS = "/srv/lists/ips-v4"
# Without the limit of starts that systemd sets: these are many, one after another.
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
