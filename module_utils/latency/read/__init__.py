# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read streams, and note when each piece came. This room does all the I/O.

``options`` makes targets from a task's options. ``measure`` reads a target, pass by pass, and
``passes`` says what each pass asks for. ``reader`` reads many streams in one ``loop``. A ``stream``
is read by libcurl (``curl``, ``multi``, ``transfer``, ``url``, ``explain``) or from a ``command``.
Its bytes go through ``decode`` (``inflate``, ``events``) into a timeline. ``workload`` says how
busy the reader was, and ``access`` why a layer cannot be tried.
"""
