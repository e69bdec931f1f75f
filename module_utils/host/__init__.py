# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read what the role must know about a host. Nothing here writes.

``look`` reads everything at once, for the app in ``wanted``. ``access`` reads files and runs
commands. Nearly all answers come from files; only two need a command (Nginx's version, and which
releases still run). Each other file has one kind of answer: ``system``, ``packages``, ``nginx``,
``records`` (what the role remembers about its apps), ``releases`` (and what still runs of them),
``listeners`` (who has a port), ``guests`` (who is in whose site) and ``conflicts`` (why the host
cannot take the app).
"""
