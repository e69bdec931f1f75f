# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of an app's files and units on its host.

The drain uses this file too, so it needs only the standard library.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import Iterable, NamedTuple

RECORDS = "/etc/streaming_api"  # what the role remembers about its apps
SITES = "/etc/nginx/conf.d"
GUESTS = "/etc/nginx/streaming_api"  # what apps have in the sites of others
# The locations, and what Nginx must read before the server that has them.
GUEST_KINDS = ("conf", "zones")
UNITS = "/etc/systemd/system"
TOOLS = "/opt/streaming_api"  # what all apps share
CERTIFICATES = "/etc/ssl/streaming_api"
WEBROOT = "/var/lib/streaming_api/acme"  # where a CA looks for what proves a name
TRAFFIC = "/var/lib/streaming_api/traffic"  # Nginx looks into it, and a boot keeps it
UNIT_KINDS = ("service", "socket")
# In the name of a process's unit it stands for the release: all releases share that unit.
SINGLE = "single"
CONNECTED = ("02", "03")  # of a unix socket: waiting to be accepted, accepted


def digest(text: str) -> str:
    """A part of the name of a file with this content: other content, other file."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def refusal(port: int) -> str:
    """The server that refuses unknown names on a port. All apps share it.

    No app can have this file as its site.
    """
    return f"{SITES}/streaming_api.{port}.conf"


def proven_refusal(port: int) -> str:
    """That server, as it was when an app was last seen to stream beside it."""
    return f"{RECORDS}/streaming_api.{port}.conf"


class Places(NamedTuple):
    """The files and units of one app.

    ``root`` is the parent of the app's directory. Every method returns an absolute path or the name
    of a unit.
    """

    name: str
    root: str = "/srv"

    @property
    def home(self) -> str:
        return f"{self.root}/{self.name}"

    @property
    def releases(self) -> str:
        return f"{self.home}/releases"

    @property
    def current(self) -> str:
        """The link to the live release."""
        return f"{self.home}/current"

    @property
    def build_environment(self) -> str:
        return f"{self.home}/build.env"

    @property
    def build_cache(self) -> str:
        return f"{self.home}/cache"

    @property
    def state(self) -> str:
        return f"/var/lib/{self.name}"

    @property
    def app_cache(self) -> str:
        return f"/var/cache/{self.name}"

    @property
    def site(self) -> str:
        """The site that Nginx reads."""
        return f"{SITES}/{self.name}.conf"

    @property
    def proven_site(self) -> str:
        """The last site that was seen to stream."""
        return f"{RECORDS}/{self.name}.conf"

    @property
    def traffic(self) -> str:
        """The link to the socket of the release that gets the traffic.

        Nginx connects to it. So a change of the link takes effect with the next connection.
        """
        return f"{TRAFFIC}/{self.name}.sock"

    @property
    def proven_traffic(self) -> str:
        """The link as it was when the app was last seen to stream. It names the live release."""
        return f"{RECORDS}/{self.name}.sock"

    @property
    def guests(self) -> str:
        """The directory of what other apps have in the site of this one. Its server includes it."""
        return f"{GUESTS}/{self.name}"

    def guest(self, of: str, kind: str = "conf") -> str:
        """What this app has in the site of the app ``of``. The kinds are GUEST_KINDS."""
        return f"{GUESTS}/{of}/{self.name}.{kind}"

    def proven_guest(self, of: str, kind: str = "conf") -> str:
        """That file, as it was when this app was last seen to stream."""
        return f"{RECORDS}/{self.name}.{of}.{kind}"

    @property
    def record(self) -> str:
        """What other apps and later deploys must know about this app, as JSON."""
        return f"{RECORDS}/{self.name}.json"

    @property
    def probe_token(self) -> str:
        return f"{RECORDS}/{self.name}.probe-token"

    @property
    def needrestart(self) -> str:
        return f"/etc/needrestart/conf.d/{self.name}.conf"

    @property
    def lock(self) -> str:
        """The unit that runs as long as a deploy holds the lock."""
        return f"{self.name}-deploy.service"

    @property
    def acting(self) -> str:
        """The file that an act on the host has locked while it runs."""
        return f"/run/streaming_api/{self.name}.lock"

    def directory(self, release: str) -> str:
        return f"{self.releases}/{release}"

    def manifest(self, release: str) -> str:
        """The build writes it last: a release without a manifest is not complete."""
        return f"{self.directory(release)}/release.json"

    def environment(self, release: str) -> str:
        """The environment of the app's processes. It has the secrets."""
        return f"{self.directory(release)}/env"

    def withdrawn(self, release: str) -> str:
        """The file that marks a failed release: the drain removes it after its last stream."""
        return f"{self.directory(release)}/withdrawn"

    def unit(self, release: str) -> str:
        """The name of a release's units, without ``.service`` or ``.socket``."""
        return f"{self.name}@{release}"

    def unit_file(self, release: str, kind: str) -> str:
        return f"{UNITS}/{self.unit(release)}.{kind}"

    def process(self, release: str, process: str) -> str:
        """The unit of a background process: of a release, or of the app if ``release`` is SINGLE.

        systemd never runs a unit twice, so a process with one unit for all releases never runs
        twice either.
        """
        return f"{self.unit(release)}.{process}.service"

    def processes(self, release: str, units: Iterable[str]) -> list[str]:
        """Those of ``units`` that are a release's background processes; with SINGLE the app's."""
        wanted = re.compile(re.escape(self.unit(release)) + r"\.[a-z0-9-]+\.service")
        return sorted(unit for unit in units if wanted.fullmatch(unit))

    def singles(self, release: str) -> str:
        """Where a release keeps the units of its single processes, ``<process>.service``."""
        return f"{self.directory(release)}/single"

    def socket(self, release: str) -> str:
        return f"/run/{self.name}/{release}.sock"

    def counts(self, release: str) -> str:
        """Where the processes of a release count their streams. It is there while they run."""
        return f"/run/{self.name}-{release}"

    def drain(self, release: str) -> str:
        """The unit that lets a release finish its streams."""
        return f"{self.name}-drain@{release}.service"

    def drain_end(self, release: str) -> str:
        """The file with the time at which a drain ends at the latest. Everyone may read it.

        The time is on the monotonic clock, in seconds. The drain unit's RuntimeDirectory= has it.
        """
        return f"/run/{self.name}-drain-{release}/until"

    def release_of(self, socket: str) -> str | None:
        """The release that has this socket."""
        found = re.fullmatch(rf"/run/{re.escape(self.name)}/(\w+)\.sock", socket)
        return found.group(1) if found else None

    def connections(self, table: str) -> dict[str, int]:
        """The number of connections of each release's socket, in the text of /proc/net/unix."""
        socket = re.compile(re.escape(self.socket("ID")).replace("ID", r"(\w+)"))
        ours = f" /run/{self.name}/"
        rows = (line.split() for line in table.split("\n") if ours in line)
        found = (socket.fullmatch(row[7]) for row in rows if len(row) == 8 and row[5] in CONNECTED)
        return Counter(one.group(1) for one in found if one)

    def files(self, release: str, units: Iterable[str] = ()) -> list[str]:
        """All files of a release on a host. Remove them in this order: the manifest first.

        ``units`` are the names in UNITS, among them those of the release's processes.
        """
        own = [self.unit_file(release, kind) for kind in ("socket", "service")]
        own += [f"{UNITS}/{unit}" for unit in self.processes(release, units)]
        return [self.manifest(release), *own, self.directory(release)]
