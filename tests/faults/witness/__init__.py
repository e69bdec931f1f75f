"""An independent witness: it reads a stack by bare sockets, and shares no code with the module.

`answer` decodes HTTP/1, `rule` says what is wrong, `reader` has the sockets, and `look` asks each
layer of a stack.
"""

from tests.faults.witness.look import NOTHING, Seen, blind_to, look

__all__ = ["NOTHING", "Seen", "blind_to", "look"]
