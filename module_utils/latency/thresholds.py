# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much delay is allowed. This module imports nothing else of the package."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

STARVED = 0.1  # share of the time without a CPU, above which the limits are eased
MOST = 2.0  # times the limit of what a busy machine does only once, as it answers


class Thresholds(NamedTuple):
    """Limits in seconds, or ratios.

    ``delay_p50`` to ``wait`` limit what a layer adds. A layer may always have ``relative`` times
    what the layer before it had. ``time_to_first_chunk`` to ``coalesced_ratio`` limit each layer by
    itself; None means no limit. ``silence`` only leads to a warning.
    """

    delay_p50: float = 0.015
    delay_p99: float = 0.25
    time_to_headers: float = 0.2
    slowdown: float = 1.6  # of concurrent streams, as a multiple of a single stream
    wait: float = 0.3  # for headers, after the first of the streams that were opened together
    relative: float = 3.0
    time_to_first_chunk: float | None = None
    largest_gap: float | None = None
    coalesced_ratio: float | None = None
    silence: float = 60.0  # the shortest idle limit on the way

    def eased(self, waited: float) -> Thresholds:
        """Limits for a busy machine. ``waited`` is the share of the time without a CPU, 0 to 1."""
        if waited <= STARVED:
            return self
        by = 1 + 30 * waited
        return self._replace(
            delay_p50=by * self.delay_p50,
            delay_p99=by * self.delay_p99,
            time_to_headers=min(by, MOST) * self.time_to_headers,
            wait=(1 + 5 * waited) * self.wait,
            slowdown=(1 + waited) * self.slowdown,  # a single stream is slow as well
        )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Thresholds:
        """The given limits, and defaults for the others.

        Raises ValueError with a sentence for an unknown name or a wrong value.
        """
        for name, value in given.items():
            if name not in cls._fields:
                allowed = ", ".join(cls._fields)
                raise ValueError(f"Unknown threshold '{name}'; allowed: {allowed}.")
            if value is None and getattr(cls(), name) is None:
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
                raise ValueError(
                    f"thresholds.{name} is {value!r}; allowed are seconds or a ratio, 0 or more."
                )
        return cls(**given)
