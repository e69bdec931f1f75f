# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The acts of a deploy on the host, each in one round trip.

``claim`` takes the lock, ``build`` creates a release, ``start`` starts the release, ``switch``
points Nginx to the release, ``commit`` makes the release the live one, ``undo`` goes back to the
proven state. ``processes`` is the part of these two that runs what is beside the app. They share
``editor`` (files), ``units`` (systemd), ``nginx`` and ``ask`` (one HTTP request). The decisions
come from ``deploy``.
"""
