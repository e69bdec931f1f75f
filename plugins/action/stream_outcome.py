# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Report how a deploy ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import ansible.plugins

try:
    from ..plugin_utils import acting
except ImportError:  # not in a collection: Ansible loads this file as ansible.plugins.action.<name>
    ansible.plugins.__path__.append(str(Path(__file__).resolve().parents[1]))
    from ..plugin_utils import acting

from ..module_utils.deploy import outcome, proof
from ..module_utils.deploy.app import App
from ..module_utils.deploy.blot import Blot

ENV_FILE = ".env"


class ActionModule(acting.Action):
    """Prints the report of a good deploy and the evidence of a failed one, or fails with why."""

    OPTIONS: ClassVar[acting.Options] = {
        "say": {
            "type": "str",
            "choices": ["report", "outside", "evidence", "failure"],
            "required": True,
        },
        "app": {"type": "dict", "required": True},
        "settings": {"type": "dict", "required": True},
        "plan": {"type": "dict", "required": True},
        "failed": {"type": "dict", "default": {}},
        "undone": {"type": "dict", "default": {}},
        "proofs": {"type": "list", "elements": "dict", "default": []},
        "status": {"type": "int", "default": 0},
        "nginx": {"type": "dict", "default": {}},
        "outside": {"type": "dict", "default": {}},
        "processes": {"type": "list", "elements": "str", "default": []},
        "hidden": {"type": "str", "default": "", "no_log": True},
    }
    _requires_connection = False

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        hidden = Blot.of(args["hidden"])
        if args["say"] == "outside":
            return self._outside(args, hidden)
        said = hidden(self._said(args))
        if not said:
            return {"changed": False, "skipped": True}
        if args["say"] == "failure":
            raise acting.RefusalError(said)
        # As debug does: the message is what the task is for.
        return {"changed": False, "msg": said, "_ansible_verbose_always": True}

    def _said(self, args: dict[str, Any]) -> str:
        if args["say"] == "report":
            return outcome.report(self._live(args), self._seen(args))
        holder = args["plan"]["holder"]
        proofs = [one for one in args["proofs"] if one.get("holder") == holder]
        failed = outcome.Failure.of(args["failed"], proofs)
        if args["say"] == "evidence":
            return outcome.evidence(failed, str(args["undone"].get("journal", "")))
        return self._sentence(args, failed)

    def _outside(self, args: dict[str, Any], hidden: Blot) -> dict[str, Any]:
        """Fail if the stream was measured at the public URL and does not stream there."""
        result = args["outside"].get("result") or {}
        if not result or result["streams"]:
            return {"changed": False, "skipped": True}
        unit, url = args["plan"]["unit"], args["settings"]["streaming_api_public_url"]
        if not proof.is_open_by(proof.OPEN_FROM_AFAR, result):
            said = (
                f"{unit} streams on its host, but not at {url}. It stays live, since the previous "
                f"release would be behind the same URL. {result['message']}"
            )
            raise acting.RefusalError(hidden(said))
        said = (
            f"{unit} is live and streams on its host. {url} could not be judged from the "
            f"controller: {result['message']}"
        )
        self._display.warning(hidden(said))
        return {"changed": False}

    def _live(self, args: dict[str, Any]) -> str:
        host = self._variables.get("inventory_hostname", "")
        plan, app = args["plan"], args["app"]
        return outcome.live(
            outcome.Live(
                unit=plan["unit"],
                host=host,
                port=app["port"],
                streams=plan["streams"],
                path=app["path"],
                health=args["settings"]["streaming_api_health_path"],
                status=args["status"],
                processes=args["processes"],
            )
        )

    @staticmethod
    def _sentence(args: dict[str, Any], failed: outcome.Failure) -> str:
        undone = args["undone"]
        # The role lets a failed undo pass, so that this task can report it: what it lacks tells.
        if "site" in undone:
            what = outcome.Undone(
                **{name: undone[name] for name in outcome.Undone._fields if name in undone}
            )
        else:
            what = outcome.Undone(problem=str(undone.get("msg", "")))
        app = args["settings"]["streaming_api_app"]
        source = args["app"]["source"]["path"] if "source" in args["app"] else ""
        excluded = args["settings"].get("streaming_api_source_exclude", [])
        is_left_out = source and ENV_FILE in excluded and Path(source, ENV_FILE).is_file()
        left_out = ENV_FILE if is_left_out else ""
        words = f"{failed.said}\n{undone.get('journal', '')}"
        advice = outcome.where_to_write(words, App.of(args["app"]).places)
        return outcome.sentence(args["plan"]["unit"], app, failed, what, left_out, advice)

    @staticmethod
    def _seen(args: dict[str, Any]) -> outcome.Seen | None:
        if not args["settings"]["streaming_api_proof"]:
            return None
        measured = [proof.Measured.of(pair) for pair in args["nginx"].get("measured", [])]
        found = args["outside"]
        outside = None
        if "layers" in found:
            seen = proof.Measured.of(found["seen"]) if found["seen"] else None
            outside = proof.Outside(seen, found["layers"], skips_origin=found["skips_origin"])
        return outcome.Seen(
            measured,
            outside,
            str((found.get("result") or {}).get("text", "")),
            only_from_front=proof.only_from_front(measured),
            public_url=args["settings"]["streaming_api_public_url"],
            heartbeat=args["app"]["edge"]["heartbeat"],
        )
