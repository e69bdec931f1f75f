# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role must know of a host before it changes anything; nothing here writes.

``look`` answers all at once, for an app that is ``wanted``. ``access`` is how a host is read: files
answer nearly everything, and two questions need a command (Nginx's version, which releases still
run). Each of the others has one kind of answer: ``system``, ``packages``, ``nginx``, ``records``
(what the role has noted of its apps), ``releases`` (and what still runs of them), ``listeners``
(who has a port) and ``conflicts`` (why the host cannot take the app).
"""
