# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Create a release on the host: its source, settings, virtual environment and units.

The release's directory belongs to root, and so does everything that root or systemd read in it.
Only ``src``, ``venv`` and ``python`` belong to the build user, which is not the app's user, and
only while the build runs. A command of the build can write to them and to its cache, and to nothing
else. Then root takes them over: nobody changes a finished release. The manifest comes last: a
release without a manifest is not complete.
"""

from __future__ import annotations

import contextlib
import json
import posixpath
import re
import shlex
import tarfile
import time
from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple, Sequence

from ..deploy.blot import Blot
from ..deploy.install import missing
from ..deploy.places import SINGLE, UNITS
from . import units
from .editor import ROOT, ActError, Editor, Owner
from .seal import seal

if TYPE_CHECKING:
    from pathlib import Path

    from ..deploy.places import Places

PRIVATE = 0o600
FOR_THE_APP = 0o640
# Prints the first of its arguments that is no program.
FIND = 'for one; do command -v "$one" >/dev/null || { echo "$one"; exit 1; }; done'
PASSED = 0o711  # others pass through the directory, and do not see what is in it
BUILT = ("src", "venv", "python")  # what the build fills
# Why systemd has ended a command, for people.
LIMITS = {
    "timeout": "The build took longer than the {:.0f} s of streaming_api_build_timeout.",
    "oom-kill": "The build needed more memory than streaming_api_build_memory_max allows.",
}


class Build(NamedTuple):
    """What goes into a release.

    ``archive`` is the path of the packed source on the host. ``files`` maps paths in the source to
    texts. ``settings`` is the text of gunicorn.conf.py. ``modules`` maps the names of Python files
    beside it to texts. ``environment`` and ``build_environment`` are texts of environment files.
    ``units`` has the texts of ``service``, of ``socket``, and of ``<process>.service`` for each
    background process; ``singles`` has those of the single processes, by process. ``programs``
    are what the processes run. ``steps`` are pairs of a name and the
    arguments of uv. ``server_lock`` has the hashes of the server's packages, if they are known.
    ``build_sandbox`` are systemd properties of the units that run uv;
    ``build_timeout`` is in seconds, for all of them together. ``sandbox`` are those of the unit
    that imports the app, and of those that run ``before_start``: commands, each with
    ``before_start_timeout`` seconds. ``hidden`` are the secrets, see deploy.blot.
    """

    user: str
    build_user: str
    archive: str | None
    files: Mapping[str, str]
    settings: str
    modules: Mapping[str, str]
    environment: str
    build_environment: str
    units: Mapping[str, str]
    singles: Mapping[str, str]
    programs: Sequence[str]
    uv: str
    steps: Sequence[Sequence[Any]]
    server_packages: Sequence[str]
    server_lock: str
    build_sandbox: Sequence[str]
    build_timeout: float
    sandbox: Sequence[str]
    before_start: Sequence[Sequence[str]]
    before_start_timeout: float
    manifest: Mapping[str, Any]
    hidden: str


def build(places: Places, release: str, wanted: Build, editor: Editor) -> None:
    """Create the release. Remove the remains of a killed deploy first; leave none on failure."""
    if editor.check:
        _announce(places, release, wanted, editor)
        return
    remove(places, release, editor)
    try:
        _Builder(places, release, wanted, editor).build()
    except BaseException:
        remove(places, release, editor)
        raise


def remove(places: Places, release: str, editor: Editor) -> None:
    for path in places.files(release, editor.names(UNITS)):
        editor.remove(path)


def _announce(places: Places, release: str, wanted: Build, editor: Editor) -> None:
    """Show what a person wants to review before the build."""
    directory = places.directory(release)
    editor.note(f"{directory}/gunicorn.conf.py", "", wanted.settings)
    for kind, text in wanted.units.items():
        editor.note(places.unit_file(release, kind), "", text)
    for process, text in wanted.singles.items():
        editor.note(f"{places.singles(release)}/{process}.service", "", text)


class _Builder:
    def __init__(self, places: Places, release: str, wanted: Build, editor: Editor) -> None:
        self.places, self.release, self.wanted, self.editor = places, release, wanted, editor
        self.directory = places.directory(release)
        self.source = f"{self.directory}/src"
        self.builder = Owner(wanted.build_user, wanted.user)
        self.resolvers = resolvers(editor.text("/etc/resolv.conf") or "")
        self.blot = Blot.of(wanted.hidden)
        self.deadline = time.monotonic() + wanted.build_timeout

    def build(self) -> None:
        with self._step("write its files"):
            self._make_directories()
            self._unpack()
            self._write()
            self._hand_over()
        for what, arguments in self.wanted.steps:
            self._uv(what, arguments)
        brought = self._uv("list the app's packages", ["pip", "freeze", "--exclude-editable"])
        self._install_server(brought)
        packages = self._uv("list all packages", ["pip", "freeze", "--exclude-editable"])
        with self._step("take the files over from the build"):
            self._seal()
        self._import()
        self._find_programs()
        units.check_units(
            {
                **{
                    f"{self.places.unit(self.release)}.{k}": t for k, t in self.wanted.units.items()
                },
                **{self.places.process(SINGLE, p): t for p, t in self.wanted.singles.items()},
            }
        )
        self._before_start()
        with self._step("write its manifest"):
            self._complete(packages.splitlines())

    def _install_server(self, brought: str) -> None:
        """If the app brought its own version of a server package, that version wins."""
        what, install = "install the server", ["pip", "install"]
        if not self.wanted.server_lock:
            packages = [*install, "--overrides", "-", *self.wanted.server_packages]
            self._uv(what, packages, stdin=brought)
            return
        wanted = missing(self.wanted.server_lock, brought)
        if wanted:
            packages = [*install, "--no-deps", "--require-hashes", "--requirements", "-"]
            self._uv(what, packages, stdin=wanted)

    @contextlib.contextmanager
    def _step(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, tarfile.TarError) as error:
            raise ActError(f"{what}: {error}", kind="build", step=what) from error

    def _make_directories(self) -> None:
        alone = Owner(self.wanted.build_user)
        app = Owner("root", self.wanted.user)
        make = self.editor.directory
        self.editor.parents(self.places.home)
        make(self.places.home, mode=PASSED)
        make(self.places.releases, mode=PASSED)
        for path in (self.places.state, self.places.app_cache):
            if self.editor.path(path).is_dir():  # systemd makes it, and leaves an old mode alone
                make(path, mode=0o750)
        make(self.places.build_cache, alone, 0o700)
        make(self.directory, app, 0o751)  # the build passes through; the app imports from it
        make(self.source, ROOT, 0o700)  # nobody else may put a link into it while root writes

    def _hand_over(self) -> None:
        """Give the source to the build, which fills the virtual environment."""
        self.editor.give(self.source, self.builder, 0o750)
        for name in BUILT:
            self.editor.directory(f"{self.directory}/{name}", self.builder, 0o750)

    def _seal(self) -> None:
        """Take over what the build has filled. No process of the build is left."""
        group = Owner("root", self.wanted.user).ids()[1]
        for name in BUILT:
            seal(self.editor.path(f"{self.directory}/{name}"), group)
        with contextlib.suppress(OSError):  # uv has installed an interpreter there
            self.editor.path(f"{self.directory}/python").rmdir()

    def _unpack(self) -> None:
        """Unpack the source. The archive is our own: no link in it leaves it.

        The archive has no times, so the files get the present time. Otherwise an ETag, which is
        made of size and time, could be the same for two releases.
        """
        if not self.wanted.archive:
            return
        uid, gid = self.builder.ids()
        now = time.time()

        def members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
            for member in archive:
                member.uid, member.gid, member.uname, member.gname = uid, gid, "", ""
                member.mtime = now
                yield member

        with tarfile.open(self.wanted.archive) as archive:
            # The filter of Python >= 3.14 would take the owner away.
            archive.extraction_filter = lambda member, _path: member
            source = self.editor.path(self.source)
            archive.extractall(source, members(archive), numeric_owner=True)  # noqa: S202

    def _write(self) -> None:
        write, app = self.editor.write, Owner("root", self.wanted.user)
        for path, text in self.wanted.files.items():
            below = ""
            for part in posixpath.dirname(path).split("/"):
                below = posixpath.join(below, part)
                self.editor.directory(posixpath.join(self.source, below), self.builder, 0o750)
            write(f"{self.source}/{path}", text, self.builder, FOR_THE_APP, shown=False)
        write(f"{self.directory}/gunicorn.conf.py", self.wanted.settings, app, FOR_THE_APP)
        for name, text in self.wanted.modules.items():
            write(f"{self.directory}/{name}", text, app, FOR_THE_APP, shown=False)
        for path, environment in (
            (self.places.environment(self.release), self.wanted.environment),
            (self.places.build_environment, self.wanted.build_environment),
        ):
            write(path, environment, ROOT, PRIVATE, shown=False)

    def _uv(self, what: str, arguments: Sequence[str], stdin: str = "") -> str:
        """Run uv as the build user.

        uv gets the CPU that the running streams leave. It ends with the lock, also if another
        deploy takes over the lock.
        """
        left = max(self.deadline - time.monotonic(), 1)
        writable = [*(f"{self.directory}/{name}" for name in BUILT), self.places.build_cache]
        properties = [
            f"BindsTo={self.places.lock}",
            f"After={self.places.lock}",
            f"User={self.wanted.build_user}",
            f"EnvironmentFile={self.places.build_environment}",
            f"WorkingDirectory={self.source}",
            *(f"ReadWritePaths={path}" for path in writable),
            f"RuntimeMaxSec={left:.0f}",
            *(f"IPAddressAllow={one}" for one in self.resolvers),
            *self.wanted.build_sandbox,
        ]
        command = [f"{self.wanted.uv}/bin/uv", *arguments]
        said, result = units.sandboxed(properties, command, stdin)
        if said.status != 0:
            limit = LIMITS.get(result, "").format(self.wanted.build_timeout)
            raise self._failed("build", what, said.text, limit)
        return said.out

    def _as_app(self, command: Sequence[str], *properties: str) -> units.Ended:
        """Run a command as the service will run: its user, its environment, its sandbox."""
        lock = (f"BindsTo={self.places.lock}", f"After={self.places.lock}")
        return units.sandboxed([*lock, *self.wanted.sandbox, *properties], command)

    def _import(self) -> None:
        gunicorn = [f"{self.directory}/venv/bin/gunicorn", "--check-config"]
        command = [*gunicorn, "--config", f"{self.directory}/gunicorn.conf.py"]
        said, _ = self._as_app(command)
        if said.status != 0:
            raise self._failed("import", "import the app", said.text)

    def _find_programs(self) -> None:
        """A process with a misspelt program would be seen only after the switch."""
        if not self.wanted.programs:
            return
        shell = ["/bin/sh", "-c", FIND, "sh", *self.wanted.programs]
        said, _ = self._as_app(shell)
        if said.status != 0:
            step = "find the programs of streaming_api_processes"
            lacks = said.out.strip()
            why = f"{lacks} is neither in the virtual environment nor on the host" if lacks else ""
            raise self._failed("build", step, why or said.text)

    def _before_start(self) -> None:
        """Run the app's own steps. They come last: what they do elsewhere cannot be taken back."""
        limit = self.wanted.before_start_timeout
        for command in self.wanted.before_start:
            # env looks for the program in the PATH of the release.
            said, result = self._as_app(
                ["/usr/bin/env", "--", *command], f"RuntimeMaxSec={limit:.0f}"
            )
            if said.status == 0:
                continue
            took_long = f"it took longer than {limit:.0f} s" if result == "timeout" else ""
            raise self._failed("before-start", shlex.join(command), said.text, took_long)

    def _failed(self, kind: str, step: str, said: str, limit: str = "") -> ActError:
        """The error of a command. The play shows its output once, and reads the reason in it."""
        found = {"kind": kind, "step": step, "evidence": self.blot(said)}
        return ActError(f"This failed: {step}.", **found, **({"limit": limit} if limit else {}))

    def _complete(self, packages: Sequence[str]) -> None:
        for kind, text in self.wanted.units.items():
            self.editor.write(self.places.unit_file(self.release, kind), text)
        if self.wanted.singles:
            self.editor.directory(self.places.singles(self.release), mode=0o700)
        for process, text in self.wanted.singles.items():
            self.editor.write(f"{self.places.singles(self.release)}/{process}.service", text)
        # After a power loss, a release with a manifest must still be complete.
        _sync(self.editor.path(self.directory))
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        manifest = {**self.wanted.manifest, "created": created, "packages": list(packages)}
        text = json.dumps(manifest, indent=4, sort_keys=True) + "\n"
        self.editor.write(self.places.manifest(self.release), text, ROOT, PRIVATE, shown=False)


def resolvers(text: str) -> list[str]:
    """The addresses in resolv.conf that belong to the host itself. A build must find names."""
    found = re.findall(r"^\s*nameserver\s+(127\.[\d.]+|::1)\s*$", text, re.MULTILINE)
    return sorted(set(found))


def _sync(directory: Path) -> None:
    """Write the directory's file system to the disk."""
    said = units.run(["sync", "--file-system", str(directory)])
    if said.status != 0:
        raise OSError(said.text)
