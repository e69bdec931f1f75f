# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a stream arrives at each layer, and which layer holds it back.

Three rooms:

- ``read`` reads streams. It alone does I/O. It turns targets into measurements.
- ``judge`` turns measurements into a diagnosis. It is pure: values in, values out.
- ``tell`` turns a diagnosis into text, HTML or JSON. It knows the words of ``judge``.

Below them are the values that they share: ``timeline`` (one stream), ``measurement`` (a layer, by
its passes), ``thresholds`` (what is allowed), ``redact`` (secrets) and ``errors``. Above them is
``ladder``, which reads and judges for the module stream_latency.

Imports go downward only. ``read`` and ``judge`` import no other room, ``tell`` imports only
``judge``, and ``ladder`` does not import ``tell``.

A layer has three shapes: ``Target`` (to read), ``Measurement`` (it has a ``Pass`` for each way to
read the layer), and ``Layer`` (it has a ``Judged`` for each pass).
"""
