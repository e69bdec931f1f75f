# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Judge measurements. Pure: values in, values out, no I/O and no clock.

``figures`` are of one stream, ``metrics`` of a pass. ``verdict`` finds the word for a pass; its
checks are in ``ends``, ``waits``, ``kind`` and ``lateness``, the words in ``words``. ``layers``
judges all passes of a layer, ``culprit`` finds the layer at fault, and ``lookup`` its causes: the
catalogue is in ``causes``, what it looks for in ``signs``. ``diagnosis`` joins all of it, with
``remarks``; ``rounds`` joins two rounds.
"""
