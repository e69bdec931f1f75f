# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a release on the host: its source, its settings, its virtual environment, its units.

The release's directory and all that root or systemd read in it belong to root; only ``src`` and
``venv`` belong to the build's user, which is not the app's. The manifest comes last: a release
without it is not complete.
"""

from __future__ import annotations

import contextlib
import json
import posixpath
import tarfile
import time
from typing import TYPE_CHECKING, Any, Iterator, Mapping, NamedTuple, Sequence

from . import units
from .editor import ROOT, ActError, Editor, Owner

if TYPE_CHECKING:
    from pathlib import Path

    from ..deploy.places import Places

PRIVATE = 0o600
FOR_THE_APP = 0o640


class Build(NamedTuple):
    """What goes into a release.

    ``archive`` is the packed source on the host, ``files`` are texts by their path in the source.
    ``settings`` is gunicorn.conf.py, ``probe`` the text of stream_probe.py, both '' if not wanted;
    ``environment`` and ``build_environment`` are texts of environment files. ``units`` are texts by
    ``service`` and ``socket``. ``steps`` are pairs of a name and the arguments of uv.
    """

    user: str
    build_user: str
    archive: str | None
    files: Mapping[str, str]
    settings: str
    probe: str
    environment: str
    build_environment: str
    units: Mapping[str, str]
    uv: str
    steps: Sequence[Sequence[Any]]
    server_packages: Sequence[str]
    sandbox: Sequence[str]
    manifest: Mapping[str, Any]


def build(places: Places, release: str, wanted: Build, editor: Editor) -> None:
    """Make the release. The remains of a killed deploy go first; a failure leaves nothing."""
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
    for path in places.files(release):
        editor.remove(path)


def _announce(places: Places, release: str, wanted: Build, editor: Editor) -> None:
    """What a person wants to review before a release is built."""
    directory = places.directory(release)
    editor.note(f"{directory}/gunicorn.conf.py", "", wanted.settings)
    for kind, text in wanted.units.items():
        editor.note(places.unit_file(release, kind), "", text)


class _Builder:
    def __init__(self, places: Places, release: str, wanted: Build, editor: Editor) -> None:
        self.places, self.release, self.wanted, self.editor = places, release, wanted, editor
        self.directory = places.directory(release)
        self.source = f"{self.directory}/src"
        self.builder = Owner(wanted.build_user, wanted.user)

    def build(self) -> None:
        with self._step("write its files"):
            self._make_directories()
            self._unpack()
            self._write()
        for what, arguments in self.wanted.steps:
            self._uv(what, arguments)
        brought = self._uv("list the app's packages", ["pip", "freeze", "--exclude-editable"])
        # The app's own versions override those of the role.
        install = ["pip", "install", "--overrides", "-", *self.wanted.server_packages]
        self._uv("install the server", install, stdin=brought)
        packages = self._uv("list all packages", ["pip", "freeze", "--exclude-editable"])
        self._import()
        units.check_units(
            {f"{self.places.unit(self.release)}.{k}": t for k, t in self.wanted.units.items()}
        )
        with self._step("write its manifest"):
            self._complete(packages.splitlines())

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
        self.editor.parents(f"{self.places.releases}/")
        make(self.places.releases)
        make(self.places.build_cache, alone, 0o700)
        make(self.places.pythons, alone)
        make(self.directory, app, 0o751)  # the build passes through it
        make(self.source, self.builder, 0o750)
        make(f"{self.directory}/venv", self.builder, 0o750)

    def _unpack(self) -> None:
        """The archive is our own, and has no link that leaves it. It has no times: what answers by
        them (ETag) must not see two releases as one.
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
        if self.wanted.probe:
            probe = f"{self.directory}/stream_probe.py"
            write(probe, self.wanted.probe, app, FOR_THE_APP, shown=False)
        write(f"{self.directory}/env", self.wanted.environment, ROOT, PRIVATE, shown=False)
        environment = self.wanted.build_environment
        write(self.places.build_environment, environment, ROOT, PRIVATE, shown=False)

    def _uv(self, what: str, arguments: Sequence[str], stdin: str = "") -> str:
        """Run uv as the build's user. It takes the CPU that the running streams leave, and ends
        with the lock: also when another deploy takes that over.
        """
        properties = [
            f"BindsTo={self.places.lock}",
            f"After={self.places.lock}",
            f"User={self.wanted.build_user}",
            f"EnvironmentFile={self.places.build_environment}",
            f"WorkingDirectory={self.source}",
            "NoNewPrivileges=yes",
            "PrivateTmp=yes",
            "Nice=19",
            "CPUWeight=10",
        ]
        command = [f"{self.wanted.uv}/bin/uv", *arguments]
        said = units.run(units.sandboxed(properties, command), stdin=stdin)
        if said.status != 0:
            raise ActError(said.text, kind="build", step=what)
        return said.out

    def _import(self) -> None:
        """Import the app as its service will: its user, its environment, its sandbox."""
        properties = [f"BindsTo={self.places.lock}", f"After={self.places.lock}"]
        properties += self.wanted.sandbox
        gunicorn = [f"{self.directory}/venv/bin/gunicorn", "--check-config"]
        command = [*gunicorn, "--config", f"{self.directory}/gunicorn.conf.py"]
        said = units.run(units.sandboxed(properties, command))
        if said.status != 0:
            raise ActError(said.text, kind="import", step="import the app")

    def _complete(self, packages: Sequence[str]) -> None:
        for kind, text in self.wanted.units.items():
            self.editor.write(self.places.unit_file(self.release, kind), text)
        # A power loss must not leave half of what the manifest calls complete.
        _sync(self.editor.path(self.directory))
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        manifest = {**self.wanted.manifest, "created": created, "packages": list(packages)}
        text = json.dumps(manifest, indent=4, sort_keys=True) + "\n"
        self.editor.write(self.places.manifest(self.release), text, shown=False)


def _sync(directory: Path) -> None:
    """Write all of its file system to the disk."""
    said = units.run(["sync", "--file-system", str(directory)])
    if said.status != 0:
        raise OSError(said.text)
