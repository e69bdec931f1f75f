"""The cases of the laboratory: faults by where they are, and what is healthy.

Comments say where a set-up is another one than the textbook's: with real servers the textbook's
shows nothing.
"""

from tests.faults.cases import app, app_more, edge, fronts, gunicorn, more, network, nginx, requests
from tests.faults.cases.fault import Fault
from tests.faults.cases.fronts_healthy import HEALTHY_FRONTS
from tests.faults.cases.healthy import HEALTHY as HEALTHY_NGINX
from tests.faults.cases.healthy import Healthy
from tests.faults.cases.network import HEALTHY_FAR

FAULTS = (
    *app.FAULTS,
    *app_more.FAULTS,
    *gunicorn.FAULTS,
    *nginx.FAULTS,
    *edge.FAULTS,
    *fronts.FAULTS,
    *requests.FAULTS,
    *more.FAULTS,
    *network.FAULTS,
)
HEALTHY = (*HEALTHY_NGINX, *HEALTHY_FRONTS, *HEALTHY_FAR)

__all__ = ["FAULTS", "HEALTHY", "Fault", "Healthy"]
