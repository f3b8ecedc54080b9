"""Weight-update schemes: what a gradient becomes, given the memory that holds the weights.

digital weights     vanilla          W <- clip(W - lr g, -1, 1)
                    accumulator      acc <- acc + lr g;  whole quanta leave acc and change W
PCM crossbar        sign             one SET to G+ where g < -level, to G- where g > level
                    stochastic       one SET with probability lr |g| scale / prob_scale
                    multi-mem        lr |g| scale N / 0.75 whole SETs, over N pairs in turn
                    mixed-precision  acc <- acc + lr g;  whole quanta leave acc and become SETs
                    upd-ready        RESET first where the devices lack room, then as multi-mem

What a scheme keeps stands in digital memory, or is held by a second crossbar, as `HOLD` writes it.
"""

from pcmlib.schemes.rules import Settings
from pcmlib.schemes.scheme import HOLD, SCHEMES, Scheme, add_scheme

__all__ = ["HOLD", "SCHEMES", "Scheme", "Settings", "add_scheme"]
