"""Live functions as one WebAssembly object for browsers, from the Python that Numba compiles.

    built = build(("pcmlib.book.explorers.devices",))  # the live functions that these modules make

Numba types a function and writes it in LLVM's intermediate code; what belongs to this machine is
taken off, and LLVM, which comes with Numba, optimises it anew and writes it for wasm32. A
browser instantiates the object as it is, unlinked: LLVM fills in addresses that hold for a memory
of its own. It asks for a memory, a table where the functions appear, what allocates arrays, and the
functions in `MATHS`; `runtime.js` has them.

Numba compiles for a process, so this happens in one of its own, without Numba's optimisation and
without machine code, and is kept in the user's cache under a name made of all the code behind it.
"""

from __future__ import annotations

import base64
import functools
import gc
import hashlib
import importlib
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numba
from numba.core.codegen import JITCodeLibrary, JITCPUCodegen

from pcmlib.base import source
from pcmlib.base.files import cache_folders, written_whole

TRIPLE = "wasm32-unknown-unknown"
FEATURES = "+simd128,+bulk-memory,+sign-ext,+nontrapping-fptoint"
MATHS = ("exp", "log", "pow", "sin", "cos", "log10", "exp2")
ALLOWED = {
    *MATHS,
    "live_report",
    "NRT_MemInfo_alloc_aligned",
    "NRT_MemInfo_call_dtor",
    "memcpy",
    "memset",
    "__multi3",  # a product of 128 bits, in which a size is checked
}
"""What an object may ask the page for."""


# From outside


@functools.cache
def build(modules: Sequence[str]) -> dict[str, Any]:
    """{"object": base64 text, "functions": {name: its arguments}} of these modules' functions.

    Raises:
        RuntimeError: when it fails, with what LLVM or Numba says.
    """
    roots = [name.removeprefix("pcmlib.") for name in (*modules, __name__)]
    versions = sys.version_info[:2], numba.__version__, llvmlite.__version__
    content = repr((source.source_hash(sorted(roots)), versions, sorted(modules)))
    name = f"live-{hashlib.sha256(content.encode()).hexdigest()[:40]}.json"
    for folder in cache_folders():
        if (folder / name).is_file():
            return json.loads((folder / name).read_text())
    text = _in_a_process(modules)
    for folder in cache_folders(create=True):
        try:
            with written_whole(folder / name) as file:
                file.write(text.encode())
            break
        except OSError:  # full, or not ours
            continue
    return json.loads(text)


def _in_a_process(modules: Sequence[str]) -> str:
    settings = {"PCMLIB_BROWSER": "1", "NUMBA_OPT": "0"}
    path = os.pathsep.join([str(source.PACKAGE.parent), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "live.json"
        command = [sys.executable, "-m", __name__, str(out), *modules]
        env = {**os.environ, **settings, "PYTHONPATH": path}
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"live functions could not be compiled:\n{done.stderr}")
        return out.read_text()


# Within the process


def compile_functions(modules: Sequence[str]) -> dict[str, Any]:
    """What `build` returns."""
    from pcmlib.book.live.function import FUNCTIONS

    for name in modules:
        importlib.import_module(name)
    _only_collect()
    entries: list[str] = []  # names in LLVM's code
    libraries: dict[JITCodeLibrary, None] = {}  # each once, in the order in which they came
    described = {}
    for function in FUNCTIONS.values():
        own = []
        for compiled, signature in function.parts:
            compiled.compile(signature)
            own.append(compiled.overloads[signature].fndesc.mangled_name)
            _collect(compiled.overloads[signature].library, libraries)
        entries += [name for name in own if name not in entries]
        numbers = [1 + entries.index(name) for name in own]
        described[function.name] = {"entries": numbers, **function.describe()}
    wasm = web_assembly([library.get_llvm_str() for library in libraries], entries)
    return {"object": base64.b64encode(wasm).decode(), "functions": described}


def _only_collect() -> None:
    """Keep Numba in this process from linking and optimising each function with its callees, and
    from finishing it for this machine: all are linked once, in the end."""

    def keep(library: JITCodeLibrary) -> None:
        library._finalized = True

    JITCodeLibrary.finalize = keep
    JITCodeLibrary._optimize_functions = lambda library, module: None
    JITCodeLibrary.get_pointer_to_function = lambda library, name: 0  # no address
    JITCPUCodegen.set_env = lambda codegen, name, env: None


def _collect(library: JITCodeLibrary, found: dict[JITCodeLibrary, None]) -> None:
    """Put a function's code, and that of all that it calls, into `found`."""
    if library not in found:
        found[library] = None
        for called in library._linking_libraries:
            _collect(called, found)


def web_assembly(codes: Sequence[str], entries: Sequence[str]) -> bytes:
    """Modules of LLVM's code as an object whose table holds the functions `entries`, from 1 on.

    Raises:
        RuntimeError: where this LLVM cannot write WebAssembly, or the code needs what a page lacks.
    """
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    try:
        target = llvm.Target.from_triple(TRIPLE)
    except RuntimeError as error:
        raise RuntimeError(f"llvmlite {llvmlite.__version__} has no {TRIPLE}: {error}") from error
    machine = target.create_target_machine(
        opt=3, reloc="static", codemodel="default", features=FEATURES
    )
    pointers = ", ".join(f"ptr @{name}" for name in entries)
    declared = "\n".join(f"declare i32 @{name}()" for name in entries)
    table = f"{declared}\n@entries = constant [{len(entries)} x ptr] [{pointers}]\n"
    module = llvm.parse_assembly(_for(machine, table))
    for code in codes:
        module.link_in(llvm.parse_assembly(_for(machine, code)))
    for thing in [*module.functions, *module.global_variables]:
        if not thing.is_declaration and thing.name != "entries":
            thing.linkage = "internal"  # what no entry needs falls away
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.slp_vectorization = True
    builder = llvm.create_pass_builder(machine, tuning)
    passes = builder.getModulePassManager()
    passes.add_refprune_pass()  # Numba's own: counts of references that come to nothing
    passes.run(module, builder)
    wasm = machine.emit_object(module)
    missing = imports(wasm) - ALLOWED
    if missing:
        raise RuntimeError(f"live functions need what no page has: {', '.join(sorted(missing))}")
    return wasm


def _for(machine: llvm.TargetMachine, code: str) -> str:
    """The code without what belongs to the machine that it was written on."""
    code = re.sub(r'target datalayout = ".*"', "", code)
    code = re.sub(r'target triple = ".*"', "", code)
    code = re.sub(r'"target-(cpu|features)"="[^"]*"', "", code)
    return f'target datalayout = "{machine.target_data}"\ntarget triple = "{TRIPLE}"\n{code}'


def imports(wasm: bytes) -> set[str]:
    """Names of the functions that an object imports (WebAssembly's binary format, section 2)."""
    data, found = iter(wasm[8:]), set()

    def number() -> int:
        value = shift = 0
        for byte in data:
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return value

    def text() -> bytes:
        return bytes(itertools.islice(data, number()))

    while next(data) != 2:
        text()  # another section
    number()
    for _ in range(number()):
        _, name, kind = text(), text(), number()
        if kind == 0:  # function: its type
            number()
            found.add(name.decode())
        elif kind == 3:  # global: its type, and whether it changes
            _ = number(), number()
        else:  # table: the type of its elements, and, as of a memory, least and greatest size
            if kind == 1:
                number()
            _ = [number() for _ in range(1 + (number() & 1))]
    return found


if __name__ == "__main__":
    gc.disable()  # to search what Numba makes for garbage takes a sixth of the time
    Path(sys.argv[1]).write_text(json.dumps(compile_functions(sys.argv[2:])))
