# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Claim the host, compute the release's id, and decide what the deploy does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import ansible.plugins

if TYPE_CHECKING:
    from collections.abc import Mapping

try:
    from ..plugin_utils import acting
except ImportError:  # not in a collection: Ansible loads this file as ansible.plugins.action.<name>
    ansible.plugins.__path__.append(str(Path(__file__).resolve().parents[1]))
    from ..plugin_utils import acting

from ..module_utils import controller
from ..module_utils.deploy import (
    app,
    capacity,
    full,
    install,
    lock,
    nginx,
    plan,
    process,
    proof,
)
from ..module_utils.release import describe, errors, identity, scan
from ..plugin_utils import pythons

DRAINS = ("draining", "ending")


class ActionModule(acting.Action):
    """Takes one round trip, and one more to take over a lock or to end a drain."""

    OPTIONS: ClassVar[acting.Options] = {
        "app": {"type": "dict", "required": True},
        "settings": {"type": "dict", "required": True},
        "texts": {"type": "dict", "required": True},
        "secrets": {"type": "dict", "default": {}, "no_log": True},
        "host_texts": {"type": "dict", "default": {}},
        "plan": {"type": "dict", "default": {}},
    }

    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        self._app = app.App.of(args["app"])
        self._settings = args["settings"]
        args["texts"] = process.with_units(args["texts"], self._app.processes)
        self._host_texts = args["host_texts"]
        made = args["plan"]
        if made and (made["state"] not in DRAINS or self.is_check):
            return {**made, "changed": False, "skipped": True}
        mine = lock.parse(made["holder"]) if made else None
        self._holder = mine or controller.me()
        try:
            # A plan alone must not end a drain: a deploy that is refused, or has other tags, would
            # leave the release undrained.
            facts = self._claim(revive=made["id"] if made else "")
            return self._plan(args, facts, made.get("id", ""))
        except (plan.PlanError, errors.ReleaseError, acting.RefusalError) as error:
            # With the holder, so that the role releases the lock.
            raise acting.RefusalError(str(error), holder=str(self._holder)) from error

    def _plan(
        self, args: dict[str, Any], facts: dict[str, Any], revived: str = ""
    ) -> dict[str, Any]:
        self._refuse(facts)
        self._warn(facts)
        source, wanted = self._source(), self._settings["streaming_api_release"]
        python = self._settings["streaming_api_python"]
        refused = pythons.objection(source.requires_python, python, facts)
        if refused:
            raise acting.RefusalError(refused)
        if revived:
            release = revived
        else:
            release = plan.chosen(wanted, facts) if wanted else self._identify(source, args, facts)
        limits = plan.Limits(
            self._settings["streaming_api_keep_releases"],
            self._settings["streaming_api_max_draining"],
            self._settings["streaming_api_when_max_draining"],
        )
        decided = plan.plan(self._app.places, release, facts, limits)
        if wanted and decided.is_new:
            raise plan.PlanError(plan.REMOVED.format(release=release))
        found = _release(facts, release)
        return {
            "changed": bool(revived),
            **self._result(decided, facts, found, source, args["texts"]),
        }

    # --- the host ---

    def _claim(self, gone: str = "", revive: str = "") -> dict[str, Any]:
        """Take the lock and read the host. Take over the lock of a dead process."""
        found = self.module(
            "stream_claim",
            name=self._app.name,
            root=self._app.root,
            holder=str(self._holder),
            gone=gone,
            revive=revive,
            stop_timeout=self._settings["streaming_api_stop_timeout"],
            host=self._looked_for(),
        )
        held = found["held"]
        if held is None:
            facts: dict[str, Any] = found["facts"]
            return facts
        holder, shown = lock.parse(held["holder"]), held["holder"].partition(" (")[0]
        if not gone and lock.is_gone(holder, self._holder, controller.started):
            return self._claim(gone=held["holder"], revive=revive)
        raise acting.RefusalError(
            f"{self._app.name} is being deployed already, by {shown}, "
            f"since {held['since']}. Wait until that deploy has ended. If you know it is dead, "
            f"end it: systemctl stop {self._app.places.lock}"
        )

    def _looked_for(self) -> dict[str, Any]:
        files = [f"{self._app.uv}/complete", self._app.probe_token_file]
        if self._app.certificate.made_by_role:
            files.append(self._app.certificate.certificate)
        if self._app.certificate.issued:
            files.append(self._app.certificate.issued)
        files += self._app.edge.brought
        if self._app.edge.ca_text:
            files.append(self._app.edge.ca)
        return {
            "user": self._app.user,
            "ports": self._app.ports,
            "server_names": self._settings["streaming_api_nginx_server_names"],
            "packages": self._app.packages,
            "files": files,
            "users": [user["name"] for user in self._app.users],
            "nginx_directives": list(capacity.NGINX_DIRECTIVES),
            "nginx_user": self._settings["streaming_api_nginx_user"],
            "keeps_welcome": self._settings["streaming_api_nginx_default_site"],
            "texts": {
                **self._host_texts,
                **{setting.path: setting.text for setting in capacity.KERNEL},
            },
            "path": self._app.path,
            "site_of": self._app.site_of,
            "locations": self._app.taken,
            "shared": self._app.shared,
        }

    @staticmethod
    def _refuse(facts: Mapping[str, Any]) -> None:
        if facts["euid"] != 0:
            raise acting.RefusalError(
                "The role came to the host as an ordinary user; set become: true."
            )
        if facts["conflicts"]:
            raise acting.RefusalError("\n".join(facts["conflicts"]))

    def _warn(self, facts: Mapping[str, Any]) -> None:
        if any(line.startswith("ExecStartPre=") for line in self._app.service_lines):
            self._display.warning(
                "ExecStartPre in streaming_api_service_settings runs at each start of each "
                "release, also after a crash and at a boot. For what must run once for a new "
                "release, such as a migration, use streaming_api_before_start."
            )
        asked = self._settings["streaming_api_streams"]
        for worry in capacity.worries(asked, _machine(facts)):
            self._display.warning(worry)
        if self._settings["streaming_api_nginx_manage_main_file"]:
            return
        lines = [one["line"] for one in self._nginx_lines(facts)]
        missing = [line for line in lines if line not in facts["nginx_lines"]]
        if missing:
            self._display.warning(
                "streaming_api_nginx_manage_main_file is false, and /etc/nginx/nginx.conf lacks: "
                + " ".join(missing)
            )

    # --- how many streams ---

    def _streams(self, facts: Mapping[str, Any]) -> int:
        asked = self._settings["streaming_api_streams"]
        return capacity.streams(asked, _machine(facts))

    def _nginx_lines(self, facts: Mapping[str, Any]) -> list[dict[str, str]]:
        return capacity.nginx_lines(
            self._settings["streaming_api_nginx_worker_processes"],
            [self._streams(facts), *(app["streams"] for app in facts["apps"])],
            _machine(facts),
        )

    @staticmethod
    def _kernel(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = capacity.kernel(_machine(facts), facts["outdated_files"])
        return [
            {
                "name": each.name,
                "path": each.path,
                "text": each.text,
                "assignment": each.assignment,
            }
            for each in wanted
        ]

    def _full_lines(self, streams: int) -> list[str]:
        extra = self._settings["streaming_api_nginx_server_extra"]
        return full.server_lines(extra, self._app.identifier, streams)

    # --- the release ---

    def _source(self) -> describe.Source:
        path = self._app.source.path
        if not path or self._settings["streaming_api_release"]:
            return describe.NO_SOURCE
        entries = scan.scan(path, self._settings["streaming_api_source_exclude"])
        named = self._settings["streaming_api_dependencies"]
        tag = self._app.source.git_version
        found = describe.describe(entries, install.project(named), tag)
        brings = self._settings["streaming_api_extra_packages"] or self._settings.get(
            "streaming_api_package"
        )
        if found.unreadable and named == "auto" and not brings:
            raise acting.RefusalError(
                f"streaming_api_dependencies is auto, and the source has {found.unreadable}"
            )
        if found.bytes > describe.LARGE:
            self._display.warning(describe.large(found.bytes))
        return found

    def _identify(
        self, source: describe.Source, args: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> str:
        packed = bool(self._app.source.path)
        parts = identity.parts(self._settings, args["texts"], facts, packed=packed)
        return identity.identify(source.digest, parts, args["secrets"])

    def _result(
        self,
        decided: plan.Plan,
        facts: Mapping[str, Any],
        found: Mapping[str, Any] | None,
        source: describe.Source,
        texts: Mapping[str, Any],
    ) -> dict[str, Any]:
        """The plan, the facts that later steps need, and what the proof reads."""
        has_token = self._app.probe_token_file not in facts["missing_files"]
        going_back = found if self._settings["streaming_api_release"] else None
        chosen = proof.choice(self._settings, decided, going_back, has_token=has_token)
        measures = self._settings["streaming_api_proof"] and not self.is_check
        manages = self._settings["streaming_api_nginx_manage_main_file"]
        streams = self._streams(facts)
        return {
            **decided._asdict(),
            "holder": str(self._holder),
            "source": source._asdict(),
            "texts": dict(texts),
            "measured_by": chosen._asdict(),
            "measures": bool(measures and proof.on_socket(chosen)),
            "missing": {
                "packages": facts["missing_packages"],
                "users": facts["missing_users"],
                "files": facts["missing_files"],
            },
            "ipv6": facts["ipv6"],
            "systemd": facts["systemd"],
            "streams": streams,
            "full_lines": self._full_lines(streams),
            "nginx_lines": self._nginx_lines(facts) if manages else [],
            "kernel": self._kernel(facts),
            "traffic": self._app.places.traffic,
            "keepalive_lines": nginx.keepalive_lines(facts),
            "nginx_http2_directive": nginx.has_http2_directive(facts),
            "refusals": nginx.refusals(
                facts,
                self._app.ports,
                wanted=self._settings["streaming_api_nginx_refuse_unknown_names"],
            ),
            "outdated_files": facts["outdated_files"],
            "removes_welcome": not self._settings["streaming_api_nginx_default_site"]
            and (not facts["nginx"]["installed"] or facts["nginx"]["welcome_page"]),
        }


def _machine(facts: Mapping[str, Any]) -> capacity.Machine:
    return capacity.Machine(**facts["capacity"])


def _release(facts: Mapping[str, Any], release: str) -> dict[str, Any] | None:
    return next((one for one in facts["releases"] if one["id"] == release), None)
