# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""How busy the reader and its machine were. Either makes events late by itself."""

from __future__ import annotations

import time
from pathlib import Path

SHORT = 0.2  # seconds; a pass that ends sooner is mostly start-up, which is always busy


class Workload:
    """Measures this process from now on."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._used = time.process_time()
        self._waited = _waited()
        self._pressed = _pressed()

    def shares(self) -> tuple[float, float, float]:
        """The shares of the time until now, 0 to 1: with a CPU, waiting for one, and with another
        process of the machine waiting for one.
        """
        lasted = time.monotonic() - self._began
        if lasted < SHORT:
            return 0.0, 0.0, 0.0
        spent = (
            time.process_time() - self._used,
            _waited() - self._waited,
            _pressed() - self._pressed,
        )
        used, waited, pressed = (round(min(1.0, one / lasted), 2) for one in spent)
        return used, waited, pressed


def _pressed() -> float:
    """Seconds in which any process of this machine waited for a CPU (Linux: PSI)."""
    try:
        some = Path("/proc/pressure/cpu").read_text(encoding="ascii").splitlines()[0]
        return int(some.rpartition("total=")[2]) / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


def _waited() -> float:
    """Seconds that this process was ready to run and did not run (Linux: sched-stats)."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
