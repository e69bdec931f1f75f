# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The acts of a deploy on the host, each in one round trip.

``claim`` takes the lock, ``build`` makes a release, ``start`` brings it up, ``switch`` points Nginx
to it, ``commit`` makes it the live one, ``undo`` goes back. They share ``editor`` (files),
``units`` (systemd), ``nginx`` and ``ask`` (one HTTP request). What is decided comes from
``deploy``.
"""
