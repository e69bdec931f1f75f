# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bring a release's source to the host, and build the release there."""

from __future__ import annotations

import fcntl
import shlex
from pathlib import Path
from typing import Any, ClassVar

import ansible.plugins

try:
    from ..plugin_utils import acting
except ImportError:  # not in a collection: Ansible loads this file as ansible.plugins.action.<name>
    ansible.plugins.__path__.append(str(Path(__file__).resolve().parents[1]))
    from ..plugin_utils import acting

from ..module_utils import controller
from ..module_utils.deploy import app, environment, install, process
from ..module_utils.release import archive, errors, scan


class ActionModule(acting.Action):
    """Takes one round trip, and with a source one more and a copy."""

    OPTIONS: ClassVar[acting.Options] = {
        "app": {"type": "dict", "required": True},
        "settings": {"type": "dict", "required": True},
        "plan": {"type": "dict", "required": True},
        "build_sandbox": {"type": "list", "elements": "str", "default": []},
        "sandbox": {"type": "list", "elements": "str", "default": []},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "build_environment": {"type": "dict", "default": {}, "no_log": True},
        "hidden": {"type": "str", "default": "", "no_log": True},
    }
    TRANSFERS_FILES = True

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        self._app, self._settings = app.App.of(args["app"]), args["settings"]
        plan = args["plan"]
        directory, texts = plan["directory"], plan["texts"]
        wheel = Path(self._app.source.path).name if self._app.source.path.endswith(".whl") else ""
        server = self._settings["streaming_api_gunicorn_packages"]
        workers = process.units(texts, plan["id"], single=False)
        values = {"environment": self._settings["streaming_api_environment"]}
        return self.module(
            "stream_build",
            name=self._app.name,
            root=self._app.root,
            holder=plan["holder"],
            release=plan["id"],
            user=self._app.user,
            build_user=self._app.build_user,
            archive=self._bring(plan["source"]["digest"]),
            files=self._settings["streaming_api_files"],
            settings=texts["gunicorn"],
            modules=texts["modules"],
            environment=environment.of_the_app(
                self._app, directory, values["environment"], args["secrets"]
            ),
            build_environment=environment.of_the_build(
                self._app,
                directory,
                {**plan["source"]["build_variables"], **args["build_environment"]},
            ),
            units={
                "service": texts["service"],
                "socket": texts["socket"],
                **{f"{name}.service": text for name, text in workers.items()},
            },
            singles=process.units(texts, plan["id"], single=True),
            programs=[one["program"] for one in self._app.processes],
            uv=self._app.uv,
            steps=[
                list(step)
                for step in install.steps(self._settings, plan["source"], directory, wheel)
            ],
            server_packages=server,
            server_lock=install.locked(texts["server"], server),
            build_sandbox=self._build_sandbox(args["build_sandbox"]),
            build_timeout=self._settings["streaming_api_build_timeout"],
            sandbox=self._sandbox(directory, args["sandbox"]),
            before_start=[
                shlex.split(command) for command in self._settings["streaming_api_before_start"]
            ],
            before_start_timeout=self._settings["streaming_api_before_start_timeout"],
            hidden=args["hidden"],
            manifest={
                "id": plan["id"],
                "app": self._settings["streaming_api_app"],
                "source": self._app.source.shown,
                "version": self._app.source.git_version,
                "probe": self._settings["streaming_api_probe"],
                "proof_paths": self._settings["streaming_api_proof_paths"],
            },
        )

    def _build_sandbox(self, sandbox: list[str]) -> list[str]:
        """The properties of the units that run uv."""
        given = self._settings
        return [
            *sandbox,
            f"MemoryMax={given['streaming_api_build_memory_max']}",
            f"TasksMax={given['streaming_api_build_tasks_max']}",
            # Also where a container's systemd cannot count tasks: the build has a user of its own.
            f"LimitNPROC={given['streaming_api_build_tasks_max']}",
            *self._app.build_lines,
        ]

    def _sandbox(self, directory: str, sandbox: list[str]) -> list[str]:
        """The properties of the units that import the app and run its own steps before the start.

        They are those of the app's service, but for the commands that run when it starts.
        """
        given = self._settings
        return [
            f"User={self._app.user}",
            f"WorkingDirectory={directory}/src",
            f"EnvironmentFile={directory}/env",
            f"StateDirectory={self._app.name}",
            f"CacheDirectory={self._app.name}",
            f"RuntimeMaxSec={given['streaming_api_start_timeout']}",
            *sandbox,
            *(f"ReadWritePaths={path}" for path in given["streaming_api_service_writable_paths"]),
            *(line for line in self._app.service_lines if not line.startswith("Exec")),
        ]

    def _bring(self, digest: str | None) -> str | None:
        """Pack the source once for all hosts, and copy the archive to this host."""
        if digest is None or self.is_check:
            return None
        packed = Path(controller.cache(), f"{digest}.tar.gz")
        packed.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with Path(f"{packed}.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not archive.is_packed(str(packed)):
                    exclude = self._settings["streaming_api_source_exclude"]
                    entries = scan.scan(self._app.source.path, exclude)
                    archive.pack(entries, digest, str(packed))
        except errors.ReleaseError as error:
            raise acting.RefusalError(str(error)) from error
        directory = self._connection._shell.tmpdir or self._make_tmp_path()  # noqa: SLF001
        remote = self._connection._shell.join_path(directory, packed.name)  # noqa: SLF001
        return str(self._transfer_file(str(packed), remote))
