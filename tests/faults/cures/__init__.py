"""The remedies of the catalogue, applied to the stacks of the laboratory by a machine.

A key of the table is a cause, a cause and the product at fault, or a cause and the beginning of a
variant. Its value is what the remedy says to do, each alternative by itself, or the reason why no
machine can do it.
"""

from tests.faults.cases import Fault
from tests.faults.cures import app, edge, more, nginx, requests
from tests.faults.cures.cure import Cure, Cures, product

CURES: Cures = {**app.CURES, **nginx.CURES, **edge.CURES, **requests.CURES, **more.CURES}

__all__ = ["CURES", "Cure", "cures_of", "key_of", "reason_against"]


def key_of(fault: Fault) -> str:
    """The table's key for this variant, for this product, or for any; empty without one."""
    variants = (key for key in CURES if key.startswith(f"{fault.cause}-"))
    keys = (
        *(key for key in variants if f"{fault.name}-".startswith(f"{key}-")),
        f"{fault.cause} {product(fault)}",
        fault.cause,
    )
    return next((key for key in keys if key in CURES), "")


def cures_of(fault: Fault) -> tuple[Cure, ...]:
    """The cures; none if no machine can apply them."""
    cures = CURES.get(key_of(fault), ())
    return cures if isinstance(cures, tuple) else ()


def reason_against(fault: Fault) -> str:
    """Why no machine can apply the remedy; empty if one can."""
    cures = CURES.get(key_of(fault), "")
    return cures if isinstance(cures, str) else ""
