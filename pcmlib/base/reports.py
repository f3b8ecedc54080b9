"""What a long compiled function tells while it computes: nothing here, its state in a browser."""

from __future__ import annotations

import llvmlite.binding as llvm
from numba.core import types
from numba.extending import register_jitable

from pcmlib.base.kernels import FOR_BROWSER

if FOR_BROWSER:
    llvm.add_symbol("live_report", 1)  # nobody calls it in the process that compiles
    _report = types.ExternalFunction("live_report", types.void(types.int64))

    @register_jitable
    def report(step):
        """Show the outputs as they are now."""
        _report(step)

else:

    @register_jitable
    def report(step):
        """Show the outputs as they are now, in a browser."""
