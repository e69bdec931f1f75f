"""The cases of the laboratory: faults by where they are, and what is healthy.

Comments say where a set-up is another one than the textbook's: with real servers the textbook's
shows nothing.
"""

from tests.faults.cases import app, app_more, edge, gunicorn, nginx, requests
from tests.faults.cases.fault import Fault
from tests.faults.cases.healthy import HEALTHY, Healthy

FAULTS = (
    *app.FAULTS,
    *app_more.FAULTS,
    *gunicorn.FAULTS,
    *nginx.FAULTS,
    *edge.FAULTS,
    *requests.FAULTS,
)

__all__ = ["FAULTS", "HEALTHY", "Fault", "Healthy"]
