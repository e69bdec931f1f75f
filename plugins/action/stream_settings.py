# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check all variables of the role before anything changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import ansible.plugins
import yaml
from ansible.errors import AnsibleError

try:
    from ..plugin_utils import acting
except ImportError:  # not in a collection: Ansible loads this file as ansible.plugins.action.<name>
    ansible.plugins.__path__.append(str(Path(__file__).resolve().parents[1]))
    from ..plugin_utils import acting

from ..module_utils import app_source, controller
from ..module_utils.deploy import app
from ..module_utils.settings import check, place, words

# The URL may have a password. No later step needs these from here.
SECRETS = (*place.HIDDEN, "streaming_api_git_url")


class ActionModule(acting.Action):
    """Reads the variables inside Ansible's process, so that no secret leaves it."""

    OPTIONS: ClassVar[acting.Options] = {
        "spec": {"type": "path", "required": True},
        "entry": {"type": "str"},
    }
    _requires_connection = False

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        specs = yaml.safe_load(Path(args["spec"]).read_text(encoding="utf-8"))["argument_specs"]
        spec = specs[args["entry"] or "main"]["options"]
        given, problems = self._given(spec)
        settings, more = check.check(given, spec)
        problems += more
        base = self._variables.get("playbook_dir", ".")
        # A rollback needs no source.
        if not settings.get("streaming_api_release"):
            problems += app_source.problems(settings, base)
        if problems:
            raise acting.RefusalError("\n".join(problems), problems=problems)
        program = controller.monitor_version() if settings["streaming_api_monitor"] else ""
        described = app.app(settings, base, controller.cache(), program)
        shown = {name: value for name, value in settings.items() if name not in SECRETS}
        return {"changed": False, "settings": shown, "app": described.fields()}

    def _given(self, spec: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The templated variables, and the problems of their templates."""
        given: dict[str, Any] = {}
        problems: list[str] = []
        for name in sorted(self._variables):
            if not name.startswith(words.PREFIX):
                continue
            try:
                given[name] = self._templar.template(self._variables[name])
            except AnsibleError as error:
                # By default this is the app's name; a missing name is reported once.
                if name != "streaming_api_user" or "streaming_api_name" in self._variables:
                    problems.append(f"{name} cannot be templated: {error.message}")
            if name not in spec and name in given:
                given[name] = "***"  # nobody knows whether it is secret
        # The user has the app's name by default; what is wrong with it is said once, of the name.
        if given.get("streaming_api_user") == given.get("streaming_api_name"):
            given.pop("streaming_api_user", None)
        return given, problems
