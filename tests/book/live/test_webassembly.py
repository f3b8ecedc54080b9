"""LLVM's code as an object for browsers, and what such an object may ask for."""

import os
import subprocess
import sys

import llvmlite.binding as llvm
import pytest

from pcmlib.book.live import webassembly
from pcmlib.book.live.webassembly import imports, web_assembly

CODE = """
target datalayout = "e-m:e-p270:32:32-p271:32:32-i64:64"
target triple = "x86_64-unknown-linux-gnu"
declare double @{name}(double)
define i32 @entry(ptr %result, ptr %exception, double %x) #0 {{
  %y = call double @{name}(double %x)
  store double %y, ptr %result
  ret i32 0
}}
define i32 @nobody(ptr %result) #0 {{
  ret i32 0
}}
attributes #0 = {{ nounwind "target-cpu"="skylake" "target-features"="+avx2" }}
"""


def test_an_object_asks_for_what_a_page_has():
    wasm = web_assembly([CODE.format(name="sin")], ["entry"])
    assert wasm[:8] == b"\0asm\1\0\0\0"
    assert imports(wasm) == {"sin"}
    assert b"nobody" not in wasm  # what no entry needs falls away


def test_modules_that_share_a_function_share_it_in_the_object():
    shared = """define linkonce_odr i32 @shared(i32 %x) noinline {{
      ret i32 %x
    }}
    define i32 @{name}(ptr %r, ptr %e) {{
      %y = call i32 @shared(i32 1)
      ret i32 %y
    }}"""
    one, two = (shared.format(name=name) for name in ("one", "two"))
    both = web_assembly([one, two], ["one", "two"])
    assert len(both) < 2 * len(web_assembly([one], ["one"]))


def test_what_no_page_has_is_named():
    with pytest.raises(RuntimeError, match="what no page has: getrandom"):
        web_assembly([CODE.format(name="getrandom")], ["entry"])


def test_a_compiler_without_the_target_is_named(monkeypatch):
    def missing(triple):
        raise RuntimeError("no such target")

    monkeypatch.setattr(llvm.Target, "from_triple", missing)
    with pytest.raises(RuntimeError, match=r"llvmlite .* has no wasm32-unknown-unknown"):
        web_assembly([CODE.format(name="sin")], ["entry"])


def test_a_failure_says_what_the_compiler_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    webassembly.build.cache_clear()
    with pytest.raises(RuntimeError, match=r"No module named 'pcmlib\.book\.explorers\.nothing'"):
        webassembly.build(("pcmlib.book.explorers.nothing",))


PAGE = """
from numba.core.codegen import JitEngine
from pcmlib.base.kernels import kernel
from pcmlib.book.live import live, webassembly

@kernel
def inner(x):
    return x + 1

@live(y=(2,))
def line(offset, y):
    y[0], y[1] = offset + inner(1), offset + inner(7)

def refuse(*_):
    raise AssertionError("machine code, which no browser runs")

JitEngine.finalize_object = JitEngine.get_function_address = refuse
print(*webassembly.compile_functions([])["functions"], len(inner.signatures))
"""


def test_a_page_s_functions_are_compiled_once_and_not_for_this_machine():
    env = os.environ | {"PCMLIB_BROWSER": "1", "NUMBA_OPT": "0"}
    done = subprocess.run([sys.executable, "-c", PAGE], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["line", "1"]
