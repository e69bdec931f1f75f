"""What changes the digest of a source, and what else is known of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.module_utils.release.describe import BLOCK, LARGE, NO_SOURCE, describe, large
from plugins.module_utils.release.errors import ReleaseError
from plugins.module_utils.release.scan import scan
from tests.unit.release.made_source import FILES, digest, write

BUILD = '[build-system]\nrequires = ["x"]\n'
PROJECT = '[project]\nname = "chat.api"\ndependencies = ["fastapi"]\n'
OLD = '[tool.poetry.dependencies]\nfastapi = "*"\n[tool.poetry]\nname = "chat"\n'


def replace_by_link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize(
    "change",
    [
        lambda app: (app / "main.py").write_text("app = 2\n"),
        lambda app: (app / "main.py").rename(app / "main2.py"),
        lambda app: (app / "main.py").rename(app / "api/main.py"),
        lambda app: (app / "main.py").unlink(),
        lambda app: (app / "main.py").chmod(0o744),
        lambda app: (app / "run.sh").chmod(0o655),
        lambda app: (app / "new").touch(),
        lambda app: replace_by_link(app / "link", "main.py"),
        lambda app: replace_by_link(app / "link", "./api/routes.py"),
        lambda app: ((app / "link").unlink(), (app / "link").write_text("api/routes.py")),
        lambda app: ((app / "a").write_text("bc"), (app / "api/routes.py").write_text("b")),
    ],
)
def test_the_digest_changes(source: Path, change: Callable[[Path], object]) -> None:
    before = digest(source)
    change(source)
    assert digest(source) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda app: os.utime(app / "main.py", (1, 1)),
        lambda app: (app / "main.py").chmod(0o600),
        lambda app: (app / "main.py").chmod(0o677),
        lambda app: (app / "run.sh").chmod(0o700),
        lambda app: (app / "api").chmod(0o700),
        lambda app: (app / "empty/deeper").mkdir(parents=True),
        lambda app: write(app, {"api/__pycache__/x.pyc": "", "b.pyc": "", "docs/a/b.md": ""}),
        lambda app: write(app, {".venv/x": "", ".venv/y": ""}),
        lambda app: os.mkfifo(app / "b.pyc"),
        lambda app: (app / "b.pyc").symlink_to("/etc/passwd"),
        lambda app: ((app / "main.py").unlink(), write(app, {"main.py": FILES["main.py"]})),
    ],
)
def test_the_digest_stays(source: Path, change: Callable[[Path], object]) -> None:
    exclude = ("__pycache__", "*.pyc", "docs/*.md", ".venv/")
    before = digest(source, *exclude)
    change(source)
    assert digest(source, *exclude) == before


def test_the_place_of_the_source_does_not_matter(source: Path) -> None:
    before = digest(source)
    elsewhere = source.parent / "elsewhere/again"
    elsewhere.parent.mkdir()
    source.rename(elsewhere)
    assert digest(elsewhere) == before
    (source.parent / "to").symlink_to(elsewhere)
    assert digest(source.parent / "to") == before


def test_fields_of_two_files_never_look_like_one(tmp_path: Path) -> None:
    write(tmp_path / "one", {"a": "", "b": ""})
    write(tmp_path / "two", {"a": "4:file1:b32:"})
    assert digest(tmp_path / "one") != digest(tmp_path / "two")


def test_the_digest_is_the_same_for_good(tmp_path: Path) -> None:
    """A new way to make it would give each release on every host a new id."""
    app = write(tmp_path, {"main.py": "app = 1\n"})
    (app / "link").symlink_to("main.py")
    assert digest(app) == "a673909ae1d216b67991dbdea53b7e9e5f0f69fd83515fef3f6b591dca69ef59"


def test_a_file_larger_than_a_block(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\0" * (BLOCK + 1))
    long = describe(scan(str(tmp_path)))
    (tmp_path / "x").write_bytes(b"\0" * BLOCK)
    assert long.bytes == BLOCK + 1
    assert describe(scan(str(tmp_path))).digest != long.digest


@pytest.mark.parametrize(
    ("files", "dependency_files", "installable"),
    [
        ({}, [], False),
        ({"a/pyproject.toml": "[build-system]", "a/setup.py": ""}, [], False),
        ({"setup.py": ""}, ["setup.py"], True),
        ({"pyproject.toml": "[project]\n# [build-system]\n"}, ["pyproject.toml"], False),
        ({"pyproject.toml": "[project]\n[build-system]\n"}, ["pyproject.toml"], True),
        ({"pyproject.toml": "[ build-system ] # x\r\n"}, ["pyproject.toml"], True),
        ({"pyproject.toml/x": ""}, [], False),
        ({"pyproject.toml": "a = '[build-system]'"}, ["pyproject.toml"], False),
        (
            {"pyproject.toml": "", "requirements.txt": "", "uv.lock": ""},
            ["uv.lock", "requirements.txt", "pyproject.toml"],
            False,
        ),
    ],
)
def test_facts(
    tmp_path: Path, files: dict[str, str], dependency_files: list[str], installable: bool
) -> None:
    source = describe(scan(str(write(tmp_path, files))))
    assert (source.dependency_files, source.installable) == (dependency_files, installable)
    assert (source.files, source.bytes) == (len(files), sum(map(len, files.values())))


@pytest.mark.parametrize(
    ("project", "installable"), [("", False), ("a", True), ("b/c", True), ("b", False)]
)
def test_a_project_may_be_below_the_top(tmp_path: Path, project: str, installable: bool) -> None:
    write(
        tmp_path, {"a/pyproject.toml": "[build-system]", "b/c/setup.py": "", "pyproject.toml": ""}
    )
    assert describe(scan(str(tmp_path)), project).installable is installable


def test_a_dependency_file_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").symlink_to("setup/pyproject.toml")
    assert describe(scan(str(tmp_path))).dependency_files == []
    write(tmp_path, {"setup/pyproject.toml": "[build-system]"})
    source = describe(scan(str(tmp_path)))
    assert (source.dependency_files, source.installable) == (["pyproject.toml"], True)


def test_a_wheel(tmp_path: Path) -> None:
    wheel = tmp_path / "chat-1.0-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    assert describe(scan(str(wheel)))[1:5] == (1, 2, [], False)


def test_a_large_source_is_worth_a_warning() -> None:
    said = large(2 * LARGE - LARGE // 10)
    assert said.startswith("The source has 1.9 GiB, and each host gets a copy")


def test_no_source() -> None:
    assert NO_SOURCE.digest is None and not NO_SOURCE.installable


@pytest.mark.parametrize(
    ("files", "installable", "unreadable"),
    [
        # Not to be installed, says the project: only its dependencies are.
        ({"pyproject.toml": BUILD + PROJECT + "[tool.poetry]\npackage-mode = false\n"}, False, ""),
        ({"pyproject.toml": BUILD + PROJECT + "[tool.uv]\npackage = false # a service\n"}, False, ""),
        ({"pyproject.toml": BUILD + PROJECT + "[tool.uv]\npackage = true\n"}, True, ""),
        ({"pyproject.toml": BUILD + PROJECT + "[tool.x]\npackage-mode = false\n"}, True, ""),
        # Only Poetry reads these.
        ({"pyproject.toml": BUILD + OLD + "package-mode = false\n"}, False, "poetry export"),
        ({"pyproject.toml": OLD}, False, "poetry export"),
        ({"pyproject.toml": BUILD + OLD}, True, ""),  # the build reads it
        ({"pyproject.toml": OLD, "requirements.txt": "fastapi\n"}, False, ""),
        # No file that uv reads.
        ({"Pipfile": ""}, False, "pipenv requirements > requirements.txt"),
        ({"Pipfile": "", "requirements.txt": ""}, False, ""),
        ({"environment.yml": ""}, False, "an environment.yml"),
        ({}, False, ""),  # an app may need nothing
    ],
)  # fmt: skip
def test_layouts(tmp_path: Path, files: dict[str, str], installable: bool, unreadable: str) -> None:
    write(tmp_path, {"main.py": "app = 1\n", **files})
    found = describe(scan(str(tmp_path)))
    assert found.installable is installable
    assert (unreadable in found.unreadable) if unreadable else not found.unreadable


REQUIRES = '[project]\nname = "chat"\nrequires-python = ">=3.14"\n'


@pytest.mark.parametrize(
    ("files", "requires"),
    [
        ({"pyproject.toml": BUILD + REQUIRES}, ">=3.14"),
        ({"pyproject.toml": BUILD + REQUIRES, "requirements.txt": ""}, ">=3.14"),
        ({"pyproject.toml": REQUIRES, "uv.lock": ""}, ">=3.14"),
        ({"pyproject.toml": REQUIRES}, ""),  # uv takes its dependencies and does not mind
        ({"pyproject.toml": BUILD + PROJECT}, ""),
        ({"requirements.txt": ""}, ""),
    ],
)
def test_the_pythons_that_uv_accepts(tmp_path: Path, files: dict[str, str], requires: str) -> None:
    assert describe(scan(str(write(tmp_path, files)))).requires_python == requires


HATCH = '[build-system]\nrequires = ["hatchling", "hatch-vcs"]\n'
SCM = "[build-system]\nrequires = ['setuptools>=80', 'setuptools-scm>=8']\n"


@pytest.mark.parametrize(
    ("pyproject", "tag", "variables"),
    [
        (HATCH + PROJECT, "v1.4.0", {"SETUPTOOLS_SCM_PRETEND_VERSION": "1.4.0"}),
        (SCM + PROJECT, "1.4.0", {"SETUPTOOLS_SCM_PRETEND_VERSION_FOR_CHAT_API": "1.4.0"}),
        (SCM, "release-2.0", {"SETUPTOOLS_SCM_PRETEND_VERSION": "2.0"}),
        (HATCH + PROJECT, "main", {}),
        (HATCH + PROJECT, "", {}),
        (BUILD + PROJECT, "v1.4.0", {}),
    ],
)
def test_the_version_of_a_tag(
    tmp_path: Path, pyproject: str, tag: str, variables: dict[str, str]
) -> None:
    write(tmp_path, {"services/api/pyproject.toml": pyproject})
    found = describe(scan(str(tmp_path)), "services/api", tag)
    assert found.build_variables == variables


def test_what_cannot_be_read(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root reads all, so the refusal is made up."""
    entries = scan(str(source))
    real = Path.open

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        if path.name == "main.py":
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ReleaseError) as error:
        describe(entries)
    assert str(error.value) == (
        "The source's 'main.py' cannot be read (Permission denied): make it readable or exclude it."
    )
