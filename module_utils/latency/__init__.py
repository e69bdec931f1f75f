# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a stream arrives at each layer, and who holds it back.

The way of a measurement: ``passes`` asks for streams, ``reader`` reads them (the only one that
does I/O) through ``decode`` into ``timeline``; ``metrics`` puts figures to a timeline, ``verdict``
a word, ``signs`` says what else is to be seen, ``causes`` is the catalogue that they are looked up
in, and ``diagnosis`` names layer and cause. ``text`` and ``html`` show it.
"""
