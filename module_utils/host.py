# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role must know of a host before it changes anything; nothing here writes.

Files answer nearly everything. ``Host`` takes the root of the file system and the one way to run a
command as parameters; two questions need a command (Nginx's version, which releases still run).
"""

from __future__ import annotations

import errno
import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, Mapping, NamedTuple

SUPPORTED = {"ubuntu": ("22.04", "24.04", "26.04"), "debian": ("12", "13")}
STATES = ("running", "draining", "ending")  # of a release beside the live one, the last wins
SHOWN = "Id,ActiveState,StatusText"
UNIT_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
)
NGINX = ("/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx")
NGINX_WORKER = b"nginx: worker process"
NGINX_QUITTING = b"nginx: worker process is shutting down"
RECORDS = "/etc/streaming_api"
SITES = "/etc/nginx/conf.d"
SYSTEM_UIDS = range(1, 1000)
LISTENING = "0A"
CONNECTED = ("02", "03")  # of a unix socket: waiting to be accepted, accepted


class HostError(Exception):
    """The host cannot be read; the message is one sentence."""


class Wanted(NamedTuple):
    """What the role is about to put on the host."""

    name: str
    user: str
    root: str = "/srv"
    ports: Mapping[str, int] = {}
    server_names: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    nginx_user: str = ""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Wanted:
        """From the module's options."""
        try:
            ports = {variable: int(port) for variable, port in options["ports"].items()}
        except (TypeError, ValueError):
            raise HostError(f"ports is {options['ports']}; allowed are whole numbers.") from None
        return cls(
            name=options["name"],
            user=options["user"] or options["name"],
            root=options["root"],
            ports=ports,
            server_names=tuple(options["server_names"]),
            packages=tuple(options["packages"]),
            files=tuple(options["files"]),
            users=tuple(options["users"]),
            nginx_user=options["nginx_user"] or "",
        )


class Release(NamedTuple):
    """A release on the host; the last three are of what runs."""

    id: str
    state: str
    created: str | None
    built: bool
    connections: int = 0
    memory_bytes: int | None = None
    seconds_left: int | None = None


class Running(NamedTuple):
    """What systemd says of a release."""

    state: str | None = None
    seconds_left: int | None = None


class App(NamedTuple):
    """An app that this role put on the host."""

    name: str
    user: str
    root: str
    ports: list[int]
    server_names: list[str]


class Package(NamedTuple):
    """An installed package, or what one provides."""

    name: str
    architecture: str
    version: str


class Answer(NamedTuple):
    """What a command said, on both of its outputs."""

    status: int
    text: str


def run(command: list[str]) -> Answer:
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=20,
            check=False,
            env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Answer(127, str(error))
    return Answer(done.returncode, done.stdout.decode(errors="replace"))


def look(
    wanted: Wanted,
    root_dir: Path = Path("/"),
    run_command: Callable[[list[str]], Answer] = run,
) -> dict[str, Any]:
    """All that the module returns, and the warnings."""
    host = Host(root_dir, run_command)
    packages = host.packages()
    system = host.os_release()
    warnings: list[str] = []
    apps = host.apps(warnings.append)
    others = [app for app in apps if app.name != wanted.name]
    return {
        "distribution": {
            "id": system.get("ID", ""),
            "version": system.get("VERSION_ID", ""),
            "codename": system.get("VERSION_CODENAME", ""),
            "pretty": system.get("PRETTY_NAME", ""),
        },
        "supported": is_supported(system),
        "systemd": host.systemd(packages),
        "python": ".".join(str(number) for number in sys.version_info[:3]),
        "ipv6": bool(host.text("/proc/net/if_inet6")),
        "euid": os.geteuid(),
        "nginx": host.nginx(),
        "missing_packages": [spec for spec in wanted.packages if not is_installed(spec, packages)],
        "missing_files": [path for path in wanted.files if not host.path(path).exists()],
        "missing_users": [name for name in wanted.users if host.user_id(name) is None],
        "site_is_proven": host.site_is_proven(wanted),
        "live": host.live(wanted),
        "history": host.history(wanted),
        "releases": [release._asdict() for release in host.releases(wanted)],
        "apps": [app._asdict() for app in others],
        "conflicts": [
            *_system_conflicts(system, host),
            *_name_conflicts(wanted, host, ours=len(others) < len(apps)),
            *_user_conflicts(wanted, host),
            *_nginx_conflicts(wanted, host),
            *_port_conflicts(wanted, host),
            *_site_conflicts(wanted, others),
        ],
        "warnings": warnings,
    }


class Host:
    """The host's files, and what its commands say."""

    def __init__(self, root_dir: Path, run_command: Callable[[list[str]], Answer]) -> None:
        self._root_dir = root_dir
        self._run = run_command

    def path(self, path: str) -> Path:
        return self._root_dir / path.lstrip("/")

    def text(self, path: str) -> str:
        """A file's text; empty when there is none."""
        try:
            return self.path(path).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR):
                return ""
            raise HostError(f"{path} cannot be read ({error.strerror}).") from error

    # --- the system ---

    def os_release(self) -> dict[str, str]:
        text = self.text("/etc/os-release") or self.text("/usr/lib/os-release")
        found = re.findall(r"^([A-Z_]+)=([\"']?)(.*)\2\s*$", text, re.MULTILINE)
        return {name: re.sub(r"\\(.)", r"\1", value) for name, _, value in found}

    def runs_systemd(self) -> bool:
        return self.path("/run/systemd/system").is_dir()

    def systemd(self, packages: Mapping[str, list[Package]]) -> int | None:
        """Its version, when it is what started the host."""
        if not self.runs_systemd():
            return None
        if "systemd" in packages:
            version = packages["systemd"][0].version
        else:
            version = self._run(["systemctl", "--version"]).text
        number = re.search(r"\d+", version)
        return int(number.group()) if number else None

    def packages(self) -> dict[str, list[Package]]:
        """What is installed, by name; what a package provides counts as well."""
        found: dict[str, list[Package]] = {}
        provided: list[Package] = []
        for block in self.text("/var/lib/dpkg/status").split("\n\n"):
            if " ok installed\n" not in block:
                continue
            fields = dict(_DPKG_FIELD.findall(block))
            if not fields.get("Status", "").endswith(" ok installed"):
                continue
            architecture = fields.get("Architecture", "")
            version = fields.get("Version", "")
            package = Package(fields.get("Package", ""), architecture, version)
            found.setdefault(package.name, []).append(package)
            for name, given in _PROVIDED.findall(fields.get("Provides", "")):
                provided.append(Package(name, architecture, given or version))
        for package in provided:
            found.setdefault(package.name, []).append(package)
        return found

    def nginx(self) -> dict[str, Any]:
        for path in NGINX:
            if self.path(path).exists():
                version = re.search(r"nginx/([\d.]+)", self._run([path, "-v"]).text)
                return {
                    "installed": True,
                    "version": version.group(1) if version else None,
                    "welcome_page": self._has_welcome_page(),
                    "workers": self._nginx_workers(),
                }
        return {"installed": False, "version": None, "welcome_page": False, "workers": []}

    def _nginx_workers(self) -> list[int]:
        """The processes that take requests; those that finish what they have begun do not."""
        master = self.text("/run/nginx.pid").strip()
        return sorted(
            int(process.name)
            for process in self.path("/proc").glob("[0-9]*")
            if self._takes_requests(process, master)
        )

    def _takes_requests(self, process: Path, master: str) -> bool:
        try:
            command = (process / "cmdline").read_bytes()
            return (
                command.startswith(NGINX_WORKER)
                and not command.startswith(NGINX_QUITTING)
                and (process / "stat").read_text().rpartition(")")[2].split()[1] == master
            )
        except OSError:
            return False  # it ended

    def _has_welcome_page(self) -> bool:
        """Whether the default site is served, and still as the package brought it."""
        enabled = self.path("/etc/nginx/sites-enabled/default")
        brought = re.search(
            r"^ /etc/nginx/sites-available/default ([0-9a-f]{32})$",
            self.text("/var/lib/dpkg/status"),
            re.MULTILINE,
        )
        if brought is None or not enabled.exists():
            return False
        page = enabled.read_bytes()
        return hashlib.new("md5", page).hexdigest() == brought.group(1)  # noqa: S324 - as dpkg

    def user_id(self, name: str) -> int | None:
        for line in self.text("/etc/passwd").splitlines():
            fields = line.split(":")
            if fields[0] == name and len(fields) > 2 and fields[2].isdigit():
                return int(fields[2])
        return None

    # --- the app and the others ---

    def _proven_site(self, wanted: Wanted) -> str:
        return self.text(f"{RECORDS}/{wanted.name}.conf")

    def site_is_proven(self, wanted: Wanted) -> bool:
        """Whether Nginx's site is the one that was last seen to stream, or neither is there."""
        return self.text(f"{SITES}/{wanted.name}.conf") == self._proven_site(wanted)

    def live(self, wanted: Wanted) -> str | None:
        """The release that the proven site names: what a killed play has begun does not count."""
        named = re.search(
            rf"unix:/run/{re.escape(wanted.name)}/(\w+)\.sock", self._proven_site(wanted)
        )
        return named.group(1) if named else None

    def history(self, wanted: Wanted) -> list[str]:
        """What has been live, the latest first."""
        try:
            record = json.loads(self.text(f"{RECORDS}/{wanted.name}.json"))
            return [str(release) for release in record["history"]]
        except (ValueError, KeyError, TypeError):
            return []

    def releases(self, wanted: Wanted) -> list[Release]:
        """The releases on the host: those that were live, the latest first, then by their age; what
        is half built last.
        """
        try:
            here = list(self.path(f"{wanted.root}/{wanted.name}/releases").iterdir())
        except OSError:
            return []
        ids = sorted(path.name for path in here if path.is_dir() and not path.is_symlink())
        running = self._running(wanted.name, ids)
        connections = self._connections(wanted.name) if running else {}
        memory = self._memory(wanted.name) if running else {}
        live, history = self.live(wanted), self.history(wanted)
        aged = []
        for release in ids:
            directory = f"{wanted.root}/{wanted.name}/releases/{release}"
            manifest = f"{directory}/release.json"
            runs = running.get(release, Running())
            state = "live" if release == live else runs.state
            # One that was taken back goes when its last stream has ended.
            withdrawn = self.path(f"{directory}/withdrawn").exists() and not state
            built = self.path(manifest).exists() and not withdrawn
            created = self._created(manifest) if built else None
            written = self.path(manifest).stat().st_mtime_ns if built else 0
            found = Release(
                release,
                state or ("kept" if built else "partial"),
                created,
                built,
                connections.get(release, 0),
                memory.get(release),
                runs.seconds_left,
            )
            was_live = -history.index(release) if release in history else -len(history)
            aged.append((built, was_live, created or "", written, found))
        return [release for *_, release in sorted(aged, reverse=True)]

    def _created(self, manifest: str) -> str | None:
        try:
            return str(json.loads(self.text(manifest))["created"])
        except (ValueError, KeyError, TypeError):
            return None

    def _connections(self, name: str) -> dict[str, int]:
        """How many connections each release's socket has."""
        socket = re.compile(rf"/run/{re.escape(name)}/(\w+)\.sock$")
        rows = (line.split() for line in self.text("/proc/net/unix").splitlines())
        paths = (socket.match(row[7]) for row in rows if len(row) == 8 and row[5] in CONNECTED)
        return Counter(path.group(1) for path in paths if path)

    def _memory(self, name: str) -> dict[str, int]:
        """Bytes of each release's processes; what several of them share counts once in all."""
        unit = re.compile(rf"/{re.escape(name)}@(\w+)\.service$", re.MULTILINE)
        found: Counter[str] = Counter()
        for process in self.path("/proc").glob("[0-9]*"):
            try:
                service = unit.search((process / "cgroup").read_text())
                size = service and re.search(
                    r"^Pss: +(\d+) kB", (process / "smaps_rollup").read_text(), re.MULTILINE
                )
            except OSError:
                continue  # it ended
            if service and size:
                found[service.group(1)] += int(size.group(1)) * 1024
        return found

    def _running(self, name: str, ids: list[str]) -> dict[str, Running]:
        """The releases that have processes, and whether those are about to end."""
        if not ids or not self.runs_systemd():
            return {}
        units = {
            f"{name}{kind[0]}@{release}.{kind[1]}": release
            for release in ids
            for kind in (("", "socket"), ("", "service"), ("-drain", "service"))
        }
        answer = self._run(["systemctl", "show", "-p", SHOWN, *units])
        if answer.status != 0:
            said = " ".join(answer.text.split())
            raise HostError(f"systemctl cannot tell which releases still run ({said}).")
        blocks = [
            dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            for block in answer.text.split("\n\n")
        ]
        running: dict[str, Running] = {}
        for block in blocks:
            release = units.get(block.get("Id", ""))
            if release and block.get("ActiveState") not in ("inactive", "failed"):
                running[release] = _with_unit(running.get(release, Running()), block)
        return running

    def apps(self, warn: Callable[[str], None]) -> list[App]:
        """The apps that this role put on the host."""
        apps = [self._app(file, warn) for file in sorted(self.path(RECORDS).glob("*.json"))]
        return [app for app in apps if app]

    def _app(self, file: Path, warn: Callable[[str], None]) -> App | None:
        try:
            record = json.loads(file.read_text(encoding="utf-8"))
            return App(
                str(record["name"]),
                str(record["user"]),
                str(record["root"]),
                [int(port) for port in record["ports"]],
                [str(name) for name in record["server_names"]],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = f"{type(error).__name__}: {error}"
            warn(f"{RECORDS}/{file.name} is no record of an app and is ignored ({reason}).")
            return None

    # --- who listens ---

    def listeners(self, ports: Iterable[int]) -> dict[int, list[str]]:
        """The names of the processes that listen on these ports; '' for one that hides."""
        wanted = frozenset(ports)
        sockets = {
            inode: port
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            for port, inode in self._listening(table)
            if port in wanted
        }
        holders = self._holders(set(sockets)) if sockets else {}
        found: dict[int, list[str]] = {}
        for inode, port in sockets.items():
            found.setdefault(port, []).append(holders.get(inode, ""))
        return found

    def _listening(self, table: str) -> Iterator[tuple[int, str]]:
        try:
            with self.path(table).open(encoding="ascii") as lines:
                next(lines, None)
                for line in lines:
                    fields = line.split()
                    if fields[3] != LISTENING:
                        return  # the kernel lists those that listen first
                    yield int(fields[1].rpartition(":")[2], 16), fields[9]
        except FileNotFoundError:
            return

    def _holders(self, inodes: set[str]) -> dict[str, str]:
        """The name of the process that has each socket open.

        A listener that systemd handed to a service is open in both: the service is the one to name.
        Nginx comes first, as it is what usually listens, so that nothing else need be searched.
        """
        found: dict[str, str] = {}
        pids = [int(path.name) for path in self.path("/proc").iterdir() if path.name.isdigit()]
        names = {pid: self._process_name(pid) for pid in pids}
        order = sorted(pids, key=lambda pid: (pid == 1, names[pid] != "nginx", pid))
        for pid in order:
            for inode in self._sockets(pid):
                if inode in inodes:
                    found.setdefault(inode, names[pid])
            if len(found) == len(inodes):
                break
        return found

    def _process_name(self, pid: int) -> str:
        try:
            return self.path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
        except OSError:
            return ""  # it ended

    def _sockets(self, pid: int) -> Iterator[str]:
        try:
            with os.scandir(self.path(f"/proc/{pid}/fd")) as descriptors:
                for descriptor in descriptors:
                    target = _link(descriptor.path)
                    if target.startswith("socket:["):
                        yield target[8:-1]
        except OSError:
            return  # it ended, or is not ours to see


def _with_unit(running: Running, unit: Mapping[str, str]) -> Running:
    """What is known of a release, with one more unit of it that is not inactive."""
    if "-drain@" in unit["Id"]:
        state = "draining"
    else:
        # A socket alone, as a killed play leaves it, would start the service again.
        state = "ending" if unit["ActiveState"] == "deactivating" else "running"
    seconds = re.search(r"(\d+) s left", unit.get("StatusText", ""))
    return Running(
        max(state, running.state or state, key=STATES.index),
        int(seconds.group(1)) if seconds else running.seconds_left,
    )


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


# --- packages ---

_DPKG_FIELD = re.compile(r"^(Package|Status|Architecture|Version|Provides): (.*)$", re.MULTILINE)
_PROVIDED = re.compile(r"([a-z0-9][a-z0-9.+-]*)(?::\w+)?(?:\s*\(=\s*([^)\s]+)\))?")
_SPEC = re.compile(r"([^:=]+)(?::([^=]+))?(?:=(.*))?")


def is_installed(spec: str, packages: Mapping[str, list[Package]]) -> bool:
    """Whether ``name``, ``name:architecture`` or ``name=version`` is there, as apt spells them."""
    parts = _SPEC.fullmatch(spec.strip())
    if parts is None:
        return False
    name, architecture, version = parts.groups()
    return any(
        architecture in (None, "any", "native", package.architecture)
        and fnmatch.fnmatchcase(package.version, version or "*")
        for package in packages.get(name, [])
    )


# --- what the host cannot take ---


def is_supported(system: Mapping[str, str]) -> bool:
    return system.get("VERSION_ID") in SUPPORTED.get(system.get("ID", ""), ())


def _system_conflicts(system: Mapping[str, str], host: Host) -> Iterator[str]:
    if not is_supported(system):
        runs = f"{system.get('NAME', '')} {system.get('VERSION_ID', '')}".strip()
        yield (
            f"The host runs {runs or 'an unknown system'}; "
            "supported are Ubuntu 22.04, 24.04, 26.04 and Debian 12, 13."
        )
    if not host.runs_systemd():
        yield "The host is not run by systemd (/run/systemd/system is missing), which runs the app."


def _name_conflicts(wanted: Wanted, host: Host, *, ours: bool) -> Iterator[str]:
    units = [
        f"{directory}/{wanted.name}{suffix}"
        for directory in UNIT_DIRECTORIES
        for suffix in (".service", "@.service", ".socket")
    ]
    unit = next((unit for unit in units if os.path.lexists(host.path(unit))), None)
    if unit:
        yield (
            f"streaming_api_name is '{wanted.name}', a unit of the host already ({unit}); "
            "choose another name."
        )
    home = f"{wanted.root}/{wanted.name}"
    if not ours and _is_occupied(host.path(home)):
        yield (
            f"streaming_api_name is '{wanted.name}', and {home} on the host holds something else "
            "already; choose another name, or another streaming_api_root."
        )


def _is_occupied(home: Path) -> bool:
    """Whether something is there that this role did not make; an empty directory is free."""
    if not home.is_dir():
        return os.path.lexists(home)
    return not (home / "releases").is_dir() and any(home.iterdir())


def _user_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    uid = host.user_id(wanted.user)
    if uid is not None and uid not in SYSTEM_UIDS:
        whose = "the superuser" if uid == 0 else "a person's account"
        yield (
            f"streaming_api_user is '{wanted.user}', {whose} on the host (uid {uid}); "
            "choose a name that is free, or a system user (uid 1 to 999)."
        )


def _nginx_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    found = re.search(r"^\s*user\s+([\w-]+)", host.text("/etc/nginx/nginx.conf"), re.MULTILINE)
    if found and wanted.nginx_user and found.group(1) != wanted.nginx_user:
        yield (
            f"streaming_api_nginx_user is '{wanted.nginx_user}', but Nginx's workers run as "
            f"'{found.group(1)}' and could not connect; set it to that."
        )


def _port_conflicts(wanted: Wanted, host: Host) -> Iterator[str]:
    listeners = host.listeners(wanted.ports.values())
    for variable, port in wanted.ports.items():
        others = [name for name in listeners.get(port, []) if name != "nginx"]
        if others:
            yield (
                f"{variable} is {port}, where {others[0] or 'another process'} listens already; "
                "choose a free port."
            )


def _site_conflicts(wanted: Wanted, others: Iterable[App]) -> Iterator[str]:
    """What another app of ours serves already: as the default server, or by the same name."""
    names = [name.lower() for name in wanted.server_names]
    for app in others:
        shared = {name: port for name, port in wanted.ports.items() if port in app.ports}
        if not names and not app.server_names:
            for variable, port in shared.items():
                yield (
                    f"{variable} is {port}, where the app '{app.name}' is the default server "
                    "already; choose another port, or streaming_api_server_names."
                )
        taken = {name.lower() for name in app.server_names} if shared else set()
        for name in names:
            if name in taken:
                port = min(shared.values())
                yield (
                    f"streaming_api_server_names has '{name}', which the app '{app.name}' serves "
                    f"on port {port} already; choose other names or another port."
                )
