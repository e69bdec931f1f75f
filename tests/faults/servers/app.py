"""The app's own servers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults.servers.places import APPS, PROBE, ROOT


class Gunicorn(NamedTuple):
    """Gunicorn with an app of apps/, on a unix socket.

    ``environment`` names the virtual environment in .cache; ``open_files`` is the limit of
    `ulimit -n`.
    """

    app: str = "probed:app"
    settings: Mapping[str, Any] = {}
    environment: str = "faults"
    open_files: int | None = None

    def argv(self, path: Path) -> list[str]:
        """The command."""
        settings = {
            "worker-class": "uvicorn_worker.UvicornWorker",
            "workers": 1,
            "backlog": 4096,
            "graceful-timeout": 30,
            "keep-alive": 75,
        } | dict(self.settings)
        limit = ["prlimit", f"--nofile={self.open_files}"] if self.open_files else []
        python = ROOT / ".cache" / self.environment / "bin" / "python"
        argv = [*limit, str(python), "-m", "gunicorn", "--bind", f"unix:{path}"]
        argv += ["--no-control-socket", "--pythonpath", f"{APPS},{PROBE}"]
        for name, value in settings.items():
            argv += [f"--{name}", str(value)]
        return [*argv, self.app]


class Script(NamedTuple):
    """A server of apps/ that is started by itself, with the socket as its argument."""

    name: str

    def argv(self, path: Path) -> list[str]:
        """The command."""
        python = ROOT / ".cache" / "faults" / "bin" / "python"
        return [str(python), str(APPS / self.name), str(path)]
