"""Networks of snnTorch, Norse and NEST into ours and back, by one table of conventions.

SIMULATORS  how each simulator means a network: a record each, from which the book's table is made;
            those with models can be brought and sent
bring       constants and weights of a network there, as ours
send        constants and weights of ours, as the simulator takes them
"""

from pcmlib.interop.conventions import OURS, SIMULATORS, Conventions, reset_by_difference
from pcmlib.interop.move import Brought, Sent, bring, send

__all__ = [
    "OURS", "SIMULATORS", "Brought", "Conventions", "Sent", "bring", "reset_by_difference", "send",
]  # fmt: skip
