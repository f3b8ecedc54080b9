"""How Numba's compiled functions are put together, in ways that it has no option for.

    overload    what stands in for a library's function: never called from Python or C
    inner       has no machine code of its own; those who call it take its code into theirs
    outer       is linked with all that it calls, at any depth, each a copy of its own

`install` puts these in place of Numba's methods, for all that this process compiles.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from llvmlite.binding import Linkage
from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.cpu import CPUContext
from numba.core.typing.templates import _OverloadFunctionTemplate


def install() -> None:
    """Compile and link as this module says from here on."""
    JITCodeLibrary._finalize_final_module = _own_callees
    JITCodeLibrary.finalize = _link_once
    CPUContext.get_executable = _executable
    _OverloadFunctionTemplate._get_jit_decorator = _without_wrapper


def is_inner(library: JITCodeLibrary) -> bool:
    """Whether it is that of an inner kernel."""
    return getattr(library, "_inner", False)


def _own_callees(library: JITCodeLibrary) -> None:
    """Let a kernel call its own copy of each function that it calls.

    Numba compiles such a copy into each caller, at times with other last bits (`fastmath`), and
    runs the one that came first into the process: what a kernel gives would depend on which others
    were compiled or loaded before it.
    """
    module = library._final_module
    defined = [f for f in module.functions if not f.is_declaration]
    if library._shared_module is None and any("6pcmlib" in f.name for f in defined):
        shared = module.clone()  # what other kernels take their copies from
        for function in shared.functions:
            if not function.is_declaration and function.linkage == Linkage.external:
                function.linkage = "linkonce_odr"
        library._shared_module = shared
        for function in defined:
            if function.linkage == Linkage.linkonce_odr:
                function.linkage = "internal"
    _finalize(library)


def _link_once(library: JITCodeLibrary) -> None:
    """Link an outer kernel with all that it calls, at any depth; inner ones wait for that."""
    if is_inner(library):
        library._finalize_dynamic_globals()
        library._finalized = True
    else:
        # A callee behind all its callers: LLVM drops a function that nothing asks for so far.
        library._linking_libraries = list(dict.fromkeys([*_called(library)][::-1]))[::-1]
        _link(library)


def _called(library: JITCodeLibrary) -> Iterator[JITCodeLibrary]:
    for callee in library._linking_libraries:
        yield callee
        if is_inner(callee):
            yield from _called(callee)


def _executable(context: CPUContext, library: JITCodeLibrary, fndesc: Any, env: Any) -> Any:
    """What a dispatcher calls; of an inner kernel, a function that nobody calls."""
    try:
        if not library._finalized:  # as one from the cache is
            library._final_module.get_function(fndesc.llvm_cpython_wrapper_name)
    except NameError:
        library._inner = True
        library._ensure_finalized()
        name, module = fndesc.qualname.split(".")[-1], fndesc.lookup_module()
        return _dynfunc.make_function(module, name, "an inner kernel", 0, env, (library,))
    return _get_executable(context, library, fndesc, env)


def _without_wrapper(template: _OverloadFunctionTemplate) -> Callable:
    """How an overload is compiled: without the function for calls from C, which nobody makes."""
    return functools.partial(_decorator_of(template), no_cfunc_wrapper=True)


_finalize = JITCodeLibrary._finalize_final_module
_link = JITCodeLibrary.finalize
_get_executable = CPUContext.get_executable
_decorator_of = _OverloadFunctionTemplate._get_jit_decorator
