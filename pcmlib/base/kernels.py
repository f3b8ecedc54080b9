"""Compiled functions, kept on disk: `kernel` in place of Numba's `njit`, with the same options.

Numba's own cache sees edits to the file of a function, and not to those that it calls elsewhere. A
kernel is kept under a name made of all that its machine code comes from:

    name = SHA-256 of the code of its module and of those that this imports, its place and closure,
           its options, the types of its arguments, the libraries, the processor

in the first of these folders that will take it: $NUMBA_CACHE_DIR, the user's cache, a private one
among the temporary files. With none of them, each process compiles for itself.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import hashlib
import inspect
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from numba import config, njit, types
from numba.core import ir
from numba.core.caching import NullCache
from numba.core.compiler import CompileResult
from numba.core.registry import CPUDispatcher, cpu_target
from numba.core.serialize import dumps
from numba.core.typing.templates import _IntrinsicTemplate
from numba.extending import is_jitted

from pcmlib.base import linking, source
from pcmlib.base.files import cache_folders, written_whole
from pcmlib.base.progress import watched

FORMAT = "pcmlib-kernel-3"  # to be changed with what a file holds
FAST = {"contract", "nsz", "nnan"}
"""`fastmath` under which loops that choose between numbers are vectorised. Nothing is reassociated,
so that bits do not depend on the code around."""
_NOT_INHERITED = {"fastmath": False, "forceinline": False}
FOR_BROWSER = os.environ.get("PCMLIB_BROWSER") == "1"
"""Whether this process compiles for browsers alone (`pcmlib.book.live.webassembly`)."""


def kernel(
    function: Callable | None = None, *, inner: bool = False, borrows: bool = False, **options: Any
) -> Any:
    """Compile `function` with Numba, once for each version of the code: ``@kernel`` or
    ``@kernel(parallel=True)``; options as of `numba.njit`, without `cache`.

    An `inner` kernel is there for others, which take its code into theirs. It has no machine code
    of its own, which saves half of the compiling, until Python calls it.

    One that `borrows` its arrays makes none, gets none from others, returns none, and counts no
    references to them. Numba else counts at each call, 5 ns an array, even of code that it took
    into the caller's: in a loop over rows that is more than their arithmetic.

    A function made inside another is kept too, under what its closure holds. One that takes
    functions as arguments is not, nor one from outside pcmlib, whose code has no name.
    """
    if function is None:
        return functools.partial(kernel, inner=inner, borrows=borrows, **options)
    given = dict(options)
    # Else all three are those of the caller that is compiled first.
    options = _NOT_INHERITED | {"_nrt": not borrows} | options
    if FOR_BROWSER:  # one core
        options = {k: v for k, v in options.items() if k != "parallel"}
    if FOR_BROWSER or inner:  # no calls from Python or C
        options |= {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    function = inspect.unwrap(function)
    if function.__closure__:  # Numba would link two of one name, from two processes, as one
        content = repr(_identity(function, set()))
        function.__qualname__ += f"_{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    compiled = njit(**options)(function)
    if isinstance(compiled, CPUDispatcher):  # and not where Numba is switched off
        compiled.__class__, compiled._options = _InnerKernel if inner else _Kernel, given
    if is_jitted(compiled) and options.get("inline") != "always":  # those are part of their callers
        if not FOR_BROWSER:  # nor anything of what was made for this machine
            compiled._cache = _KernelCache(compiled.py_func, options)
        compiled.get_call_template = functools.partial(_call_template, compiled)
    return compiled


class _Kernel(CPUDispatcher):
    """Compiles with Python's cycle collector at rest, which else takes a sixth of the time."""

    def compile(self, sig: Any) -> Any:
        collects = gc.isenabled()
        gc.disable()
        try:
            code = super().compile(sig)
            if not self.targetoptions.get("_nrt", True):
                _require_borrowed(self.py_func.__name__, self.overloads)
            return code
        finally:
            if collects:
                gc.enable()


def _require_borrowed(name: str, overloads: dict[Any, CompileResult]) -> None:
    """Raise TypeError where a kernel that borrows gets or gives arrays: nobody would free them."""
    models = cpu_target.target_context.data_model_manager
    for result in overloads.values():
        kinds = [result.signature.return_type]
        for call, signature in getattr(result.type_annotation, "calltypes", {}).items():
            if isinstance(call, ir.Expr) and call.op == "call":
                callee = result.type_annotation.typemap[call.func.name]
                templates = getattr(callee, "templates", ())
                views = any(issubclass(one, _IntrinsicTemplate) for one in templates)
                if not views and not isinstance(callee, types.NamedTupleClass):
                    kinds.append(signature.return_type)
        for kind in kinds:
            if models[kind].contains_nrt_meminfo():
                raise TypeError(f"kernel {name}: one that borrows must not get or return {kind}")


def is_kept(compiled: Any, args: tuple[types.Type, ...]) -> bool:
    """Whether a kernel for arguments of these types lies in a folder, or could not be kept."""
    name = compiled._cache._name(args) if isinstance(compiled, _Kernel) else None
    return name is None or any((folder / name).exists() for folder in _folders())


class _InnerKernel(_Kernel):
    """What others take the code of; called from Python, it is compiled once more, for that."""

    def __call__(self, *args: Any) -> Any:
        return self._outer(*args)

    @functools.cached_property
    def _outer(self) -> Any:
        return kernel(self.py_func, **self._options)


def _call_template(compiled: Any, args: tuple, kws: dict[str, Any]) -> Any:
    """A call with a constant, as f(0), takes the code for any number, and not some of its own."""
    kws = {name: types.unliteral(kind) for name, kind in kws.items()}
    return type(compiled).get_call_template(compiled, tuple(map(types.unliteral, args)), kws)


class _KernelCache(NullCache):
    """What a dispatcher of Numba asks for each combination of types that it is called with."""

    def __init__(self, function: FunctionType, options: dict[str, Any]) -> None:
        self._function, self._options = function, options
        self._enabled = True

    @property
    def cache_path(self) -> str | None:
        return next((str(folder) for folder in _folders()), None)

    def load_overload(self, sig: Any, target_context: Any) -> CompileResult | None:
        target_context.refresh()
        name = self._name(sig)
        for folder in _folders() if name else ():
            path = folder / name
            try:
                content = path.read_bytes()
                if hashlib.sha256(content[32:]).digest() != content[:32]:
                    continue
                result = CompileResult._rebuild(target_context, *pickle.loads(content[32:]))
            except Exception:  # not there, or no such thing; unpickling raises all sorts
                continue
            with contextlib.suppress(OSError):  # a cache that is only read
                os.utime(path)  # for forget_unused
            return result
        _say_that_it_compiles()
        return None

    def save_overload(self, sig: Any, data: CompileResult) -> None:
        name = self._name(sig)
        library = data.library
        if name is None or data.lifted or library.has_dynamic_globals or linking.is_inner(library):
            return
        content = dumps(data._reduce())
        for folder in _folders(create=True):
            with contextlib.suppress(OSError):  # cannot be written, or is full: try the next
                folder.mkdir(parents=True, exist_ok=True)
                with written_whole(folder / name) as file:
                    file.write(hashlib.sha256(content).digest() + content)
                _forget_once(folder)
                return

    def disable(self) -> None:
        self._enabled = False

    def flush(self) -> None:
        """Numba's `recompile`: something changed that is not in the code."""
        self._enabled = False

    def _name(self, sig: Any) -> str | None:
        """Of the file; None for what is not to be kept."""
        args = getattr(sig, "args", sig)
        if not self._enabled or any(isinstance(arg, types.Callable) for arg in args):
            return None
        roots: set[str] = set()
        identity = _identity(self._function, roots)
        code = None if None in roots else source.loaded_hash(*sorted(roots))
        if code is None:
            return None
        options = _in_order(self._options)
        content = (FORMAT, code, source.machine(), identity, options, repr(sig))
        digest = hashlib.sha256(repr(content).encode()).hexdigest()
        return f"{self._function.__name__.strip('<>')}-{digest[:40]}.nbc"


def _identity(function: Any, roots: set[str | None]) -> Any:
    """Which function of its module, and what its closure holds; its module goes into `roots`."""
    package, _, module = function.__module__.partition(".")
    roots.add(module if package == "pcmlib" else None)
    held = []
    for cell in function.__closure__ or ():
        value = cell.cell_contents
        if is_jitted(value):
            held.append((_identity(value.py_func, roots), _in_order(value.targetoptions)))
        elif isinstance(value, FunctionType):
            held.append(_identity(value, roots))
        else:
            try:
                held.append(hashlib.sha256(dumps(value)).hexdigest())
            except Exception:  # what cannot be pickled, in any way, has no name
                roots.add(None)
    return module, function.__qualname__, _instructions(function.__code__), held


def _in_order(options: dict[str, Any]) -> list[tuple[str, Any]]:
    """The order of a set (of fastmath's flags) changes from process to process."""
    ordered = {k: sorted(v) if isinstance(v, set) else v for k, v in options.items()}
    return sorted((name, repr(value)) for name, value in ordered.items())


def _instructions(code: CodeType) -> Any:
    """Tells functions of the same name apart; without line numbers, which comments move."""
    constants = [_instructions(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return code.co_code, code.co_names, constants


def _folders(create: bool = False) -> Iterator[Path]:
    """Where kernels are looked for, and kept if the folder can be written."""
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR) / "pcmlib"
    for folder in cache_folders(create):
        yield folder / "kernels"


@functools.cache
def _forget_once(folder: Path) -> None:
    source.forget_unused(folder, "*")


@functools.cache
def _say_that_it_compiles() -> None:
    """Once a process."""
    if watched() and "PYTEST_VERSION" not in os.environ:  # nbval would compare it
        text = "pcmlib: compiling, once for this version of the code (about 10 s for a network) ..."
        print(text, file=sys.stderr)


if not FOR_BROWSER:
    linking.install()
