# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure a release's streams at a layer, and fail if they do not stream there."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import ansible.plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

try:
    from ..plugin_utils import acting
except ImportError:  # not in a collection: Ansible loads this file as ansible.plugins.action.<name>
    ansible.plugins.__path__.append(str(Path(__file__).resolve().parents[1]))
    from ..plugin_utils import acting

from ..module_utils.deploy import app, plan, proof

LAYERS = ("socket", "nginx", "outside")
RETRIES = 3


class ActionModule(acting.Action):
    """Takes one round trip for each stream."""

    OPTIONS: ClassVar[acting.Options] = {
        "at": {"type": "str", "choices": list(LAYERS), "required": True},
        "app": {"type": "dict", "required": True},
        "settings": {"type": "dict", "required": True},
        "plan": {"type": "dict", "required": True},
        "before": {"type": "dict", "default": {}},
        "host": {"type": "str", "default": ""},
        "token": {"type": "str", "default": "", "no_log": True},
        "hidden": {"type": "str", "default": "", "no_log": True},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        self._app, self._settings = app.App.of(args["app"]), args["settings"]
        fields = plan.Plan._fields
        self._plan = plan.Plan(**{name: args["plan"][name] for name in fields})
        self._hidden = args["hidden"]
        self._choice = proof.Choice(**args["plan"]["measured_by"])
        self._before = [proof.Measured.of(pair) for pair in args["before"].get("measured", [])]
        if args["at"] == "outside":
            return self._outside(args["host"], args["token"])
        measured = self._on_socket() if args["at"] == "socket" else self._through_nginx()
        found = {
            "changed": False,
            "holder": args["plan"]["holder"],
            "measured": [one.pair() for one in measured],
        }
        return {**found, **self._judged(args["at"], measured)}

    def _judged(self, at: str, measured: list[proof.Measured]) -> dict[str, Any]:
        instead = proof.answers_instead(measured, self._plan.id) if at == "nginx" else ""
        if instead:
            failure = {"kind": "misdirected"}
            return {"streams": False, "message": instead, "failure": failure}
        faults = [one for one in measured if one.is_fault]
        if faults:
            result = faults[0].result
            failure = {"kind": f"{at}-stream", "evidence": result["text"]}
            return {"streams": False, "message": result["message"], "failure": failure}
        return {"streams": True, "message": ""}

    def _measure(
        self,
        layers: list[dict[str, Any]],
        before: Sequence[Any] = (),
        token: str = "",
        *,
        local: bool = False,
    ) -> dict[str, Any]:
        options: dict[str, Any] = {
            "layers": layers,
            "measured": list(before),
            "thresholds": self._settings["streaming_api_proof_thresholds"],
            "seconds": proof.SECONDS,
            "seconds_of_events": proof.SECONDS_OF_EVENTS,
            "accepted_risks": list(proof.ACCEPTED_RISKS),
            "fail": False,
            "hidden": self._hidden,
        }
        if token:
            options["probe_token"] = token
        elif self._choice.probe and not local:
            options["probe_token_file"] = self._app.probe_token_file
        return self.module("stream_latency", **options)

    def _on_socket(self) -> list[proof.Measured]:
        return [
            proof.Measured(
                stream,
                self._measure([proof.layer_gunicorn(self._app, self._plan.socket, stream)]),
            )
            for stream in proof.on_socket(self._choice)
        ]

    def _through_nginx(self) -> list[proof.Measured]:
        """Compare with the measurements on the socket. Do not measure the socket again."""
        on_socket = {one.stream.on_socket: one.result["measured"] for one in self._before}
        for _ in range(RETRIES):
            measured = []
            streams = proof.through_nginx(self._choice, self._app.locations, self._app.stripped)
            for stream in streams:
                before = on_socket.get(stream.on_socket, [])
                layers = [proof.layer_nginx(self._app, stream)]
                if not before:
                    layers.insert(0, proof.layer_gunicorn(self._app, self._plan.socket, stream))
                measured.append(proof.Measured(stream, self._measure(layers, before)))
            if not proof.answers_instead(measured, self._plan.id):
                break
            time.sleep(1)  # a worker of the previous configuration may still answer
        return measured

    def _outside(self, host: str, token: str) -> dict[str, Any]:
        """Measure from the controller. Do not fail: the previous release is behind the same URL, so
        an undo would not help.
        """
        chosen = proof.outside(self._app, self._settings, host, self._before)
        result: dict[str, Any] = {}
        if chosen.seen:
            own = token if chosen.seen.stream.is_probe else ""
            result = self._measure(chosen.layers, chosen.seen.result["measured"], own, local=True)
        return {
            "changed": False,
            "seen": chosen.seen.pair() if chosen.seen else None,
            "layers": chosen.layers,
            "skips_origin": chosen.skips_origin,
            "result": result,
        }
