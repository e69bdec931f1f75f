# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""How busy the reader was. A busy reader, or a busy machine, finds events late by itself."""

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

    def shares(self) -> tuple[float, float]:
        """The shares of the time until now with a CPU, and waiting for one; 0 to 1."""
        lasted = time.monotonic() - self._began
        if lasted < SHORT:
            return 0.0, 0.0
        used, waited = time.process_time() - self._used, _waited() - self._waited
        return round(used / lasted, 2), round(min(1.0, waited / lasted), 2)


def _waited() -> float:
    """Seconds that this process was ready to run and did not run (Linux: sched-stats)."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
