# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Get a certificate from a CA, by the distribution's certbot.

certbot's own timer renews it. Each time certbot has got one, it runs our hook, which puts
certificate and key into the file that Nginx reads, and reloads Nginx.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple, Sequence

from ..deploy.outcome import summary
from . import nginx, units

if TYPE_CHECKING:
    from ..host.access import Host
    from .editor import Editor

HOME = "/etc/letsencrypt"
PATIENCE = 180.0  # seconds for a CA's answer
FAILED = re.compile(r"Domain: +(\S+)\n.*\n +Detail: +(.+)")


class Acme(NamedTuple):
    """``certificate`` is the file that Nginx reads, ``issued`` the one that says that it comes from
    this CA for these names. ``webroot`` is where Nginx answers the CA from.
    """

    names: Sequence[str]
    email: str
    directory: str
    certificate: str
    issued: str
    webroot: str


def obtain(app: str, wanted: Acme, host: Host, editor: Editor) -> str:
    """Get the certificate, unless it is there. Return what the play says if there is none; else ''.

    A CA that is down is no reason to fail: Nginx goes on with the certificate that it has.
    """
    if editor.text(wanted.issued) is not None:
        return ""
    editor.parents(f"{wanted.webroot}/")
    editor.directory(wanted.webroot)
    editor.changed = True
    if editor.check:
        return ""
    before = editor.text(f"{HOME}/renewal/{lineage(app)}.conf") or ""
    said = units.run(command(app, wanted, before), timeout=PATIENCE)
    if said.status == 0 and editor.text(wanted.issued) is None:
        # certbot had it already, so it ran no hook.
        live = f"RENEWED_LINEAGE={HOME}/live/{lineage(app)}"
        said = units.run(["env", live, "sh", "-c", hook(wanted)])
    if said.status != 0:
        editor.changed = False
        file = editor.path(wanted.certificate)
        has_one = any(file.parent.glob(f"{file.name}.*"))
        why = reason(f"{said.out}\n{said.error}", wanted.directory)
        return sentence(app, wanted, why, has_one=has_one)
    nginx.load(host, [], reload=True)
    return ""


def lineage(app: str) -> str:
    """How certbot calls the app's certificates."""
    return f"streaming_api-{app}"


def hook(wanted: Acme) -> str:
    """The command for certbot that brings a new certificate to Nginx."""
    file, issued = shlex.quote(wanted.certificate), shlex.quote(wanted.issued)
    return (
        f"install --mode=600 /dev/null {file}.new"  # certbot wants a program at the beginning
        f" && cat $RENEWED_LINEAGE/fullchain.pem $RENEWED_LINEAGE/privkey.pem >{file}.new"
        f" && mv {file}.new {file} && rm -f {file}.* && touch {issued}"
        f" && systemctl reload {nginx.SERVICE}"
    )


def command(app: str, wanted: Acme, before: str) -> list[str]:
    """certbot's arguments. ``before`` is its configuration of the app's certificates, '' if it has
    none: a certificate of another CA does not do.
    """
    old = re.search(r"^server = (.*)$", before, re.MULTILINE)
    changed = old is not None and old[1].strip() != wanted.directory
    who = ["--email", wanted.email] if wanted.email else ["--register-unsafely-without-email"]
    return [
        *("certbot", "certonly", "--non-interactive", "--agree-tos", *who),
        *("--server", wanted.directory, "--key-type", "ecdsa", "--cert-name", lineage(app)),
        *("--webroot", "--webroot-path", wanted.webroot, "--deploy-hook", hook(wanted)),
        *("--renew-with-new-domains", "--force-renewal" if changed else "--keep-until-expiring"),
        *(word for name in wanted.names for word in ("--domain", name)),
    ]


def reason(said: str, directory: str) -> str:
    """Why certbot failed, in one line."""
    details = [f"{name}: {detail.strip()}" for name, detail in FAILED.findall(said)]
    if details:
        return "; ".join(details)
    away = re.search(r"Max retries exceeded.*\[Errno -?\d+\] ([^'\")]+)|Requesting \S+: (.+)", said)
    if away:
        return f"{directory} cannot be reached: {away[1] or away[2]}"
    without = re.sub(r"(?m)^(Ask for help|Saving debug log|.*logfile ).*\n?", "", said)
    return summary(without) or "certbot said nothing"


def sentence(app: str, wanted: Acme, why: str, *, has_one: bool) -> str:
    """What the play says. ``has_one``: an earlier certificate of a CA is there."""
    served = "the certificate that it had" if has_one else "a self-signed certificate"
    return (
        f"{app} got no certificate from {wanted.directory}: {why.rstrip('.')}. "
        f"{wanted.names[0]} is served with {served}; the next deploy asks again."
    )
