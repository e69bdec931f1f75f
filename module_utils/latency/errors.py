# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stops a measurement or a report. Each error is one sentence for the user."""

from __future__ import annotations


class LatencyError(Exception):
    """The parent of the errors below."""


class OptionError(LatencyError):
    """An option is missing or has a wrong value."""


class ReaderError(LatencyError):
    """This host cannot read any stream, for example because it has no pycurl."""


class ReportError(LatencyError):
    """The report cannot be made from what was given."""
