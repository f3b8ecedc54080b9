"""Compiled functions are kept, seen to be stale at any edit, and in no one's way."""

import errno
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.errors import NumbaError

import pcmlib
from pcmlib.base import kernels, source
from pcmlib.base.arrays import part
from pcmlib.base.kernels import kernel
from pcmlib.network import state
from pcmlib.training import TrainConfig, store

PACKAGE = Path(pcmlib.__file__).parent


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A folder of its own, and no other, for the kernels of this process."""
    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/proc/nonexistent")
    monkeypatch.setattr(tempfile, "tempdir", "/proc/nonexistent")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def use(**options):
    """One kernel as a new process has it: its answer, and whether it came from the cache."""
    function = kernel(**options)(state.copy.py_func)
    out = np.zeros((1, 3), np.float32)
    function(np.full((1, 3), 0.5, np.float32), out)
    np.testing.assert_array_equal(out, 0.5)
    return sum(function.stats.cache_hits.values()) == 1


def files(folder):
    return {path: path.stat().st_ino for path in folder.rglob("*") if path.is_file()}


# Other processes


@pytest.fixture
def package(tmp_path):
    """A copy of pcmlib, whose top imports nothing, for speed."""
    ignored = shutil.ignore_patterns("__pycache__", "studies")
    copy = Path(shutil.copytree(PACKAGE, tmp_path / "copy" / "pcmlib", ignore=ignored))
    for folder in (copy, copy / "crossbar", copy / "device"):
        (folder / "__init__.py").write_text("")
    return copy


def start(code, package, **env):
    """A process that runs `code` with that package."""
    kept = {key: os.environ[key] for key in ("PATH", "TMPDIR") if key in os.environ}
    kept["HOME"] = str(package.parents[1] / "home")  # without this user's kernels
    env = kept | {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"} | env
    command = [sys.executable, "-W", "error", "-c", code]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=env, cwd=package.parent, **pipes)


def answer(process):
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    assert errors == ""  # not even at the first use, since nobody looks at a pipe
    return out


# apply_set calls a function of another file, rng.fill_normal
PULSE = """
import numpy as np
from pcmlib.base import rng
from pcmlib.device import pulses
from pcmlib.device.laws import PCMParameters
G, P, counts = (np.ones((1, 1, 2), kind) for kind in (np.float32, np.float32, np.int32))
devices = pulses.Devices(G, P, 0.0 * G.astype(float), counts.copy(), counts.copy())
p, one = PCMParameters().constants(), np.float32(1)
pulses.apply_set(devices, counts, 0.0, p, one, rng.keys(1), 0, 0, 1)
print(G[0])
"""


def test_an_edit_to_a_callee_in_another_file_is_seen_and_undone(package, tmp_path):
    path, folder = package / "base" / "rng.py", tmp_path / "cache"
    text = path.read_text()
    ran = [start(PULSE, package, NUMBA_CACHE_DIR=str(folder)) for _ in range(2)]  # at once
    first, second = (answer(process) for process in ran)
    assert first == second
    assert len(files(folder)) == 1  # apply_set, and within it fill_normal
    path.write_text(text.replace("np.sqrt(_F(-2)", "np.sqrt(_F(-8)"))
    assert answer(start(PULSE, package, NUMBA_CACHE_DIR=str(folder))) != first
    both = files(folder)
    assert len(both) == 2
    path.write_text("# a comment\n" + text)
    assert answer(start(PULSE, package, NUMBA_CACHE_DIR=str(folder))) == first
    assert files(folder) == both  # compiled again, they would be other files


# program calls set_row, which calls fill_normal; both are fastmath
UPDATE = """
import hashlib, sys
import numpy as np
from pcmlib.base import rng
from pcmlib.crossbar.programming import Devices, Update, program
from pcmlib.device.laws import PCMParameters
if sys.argv[1:]:
    rng.fill_normal(np.empty(100, np.float32), np.uint64(0), 0, 0, 0)
G, P = np.full((2, 1, 100, 100), 3, np.float32), np.full((2, 1, 100, 100), 0.5, np.float32)
n = np.zeros(G.shape, np.int32)
reads, exists = np.zeros(1, np.int64), np.ones((100, 100), np.float32)
devices = Devices(G, P, 0.0 * G.astype(float), n, n.copy(), n[:, 0].copy(), reads, exists)
flags, none = (False, False), np.float32(0)
update = Update(38.6, 1, *flags, none, *map(np.float32, (0.75, 0.7, 9, 4.5)))
counts, p = n[:, 0] + np.int32(3), PCMParameters().constants()
program(counts, counts > 9, devices, update, p, np.uint64(7))
print(hashlib.sha256(G.tobytes()).hexdigest())
"""


def test_what_a_process_compiled_or_loaded_before_changes_no_bit(package, tmp_path):
    """First use, second use, and after a kernel that both call was loaded alone."""
    folder = str(tmp_path / "cache")
    code = UPDATE.replace("sys.argv[1:]", "False")
    first = answer(start(code, package, NUMBA_CACHE_DIR=folder))
    assert answer(start(code, package, NUMBA_CACHE_DIR=folder)) == first
    code = UPDATE.replace("sys.argv[1:]", "True")
    assert answer(start(code, package, NUMBA_CACHE_DIR=folder)) == first


# `copy` once more, in a process that has loaded what it needs before it becomes somebody else
STRANGER = """
import os, tempfile
import numpy as np
import pcmlib
from pcmlib.base import kernels
from pcmlib.network import state
def use():
    function = kernels.kernel(state.copy.py_func)
    out = np.zeros((1, 3), np.float32)
    function(out + 1, out)
    return out.tolist() == [[1, 1, 1]], sum(function.stats.cache_hits.values())
tempfile.tempdir = "/proc/nonexistent"
print(use(), use(), any(f.exists() for f in kernels._folders(create=True)))  # none to write
tempfile.tempdir = os.environ["TMPDIR"]
if os.getuid() == 0:
    os.setgroups([]), os.setgid(54321), os.setuid(54321)  # whom no list of users knows
print(use(), use())
private, = os.listdir(tempfile.tempdir)
private = os.path.join(tempfile.tempdir, private)
print(oct(os.stat(private).st_mode & 0o777))
os.chmod(private, 0o777)
print(use(), use())  # what others could have written is not read
"""


def test_without_a_home_or_a_package_to_write_to(tmp_path):
    copy = tmp_path / "copy" / "pcmlib"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in (copy, *(path for path in copy.rglob("*") if path.is_dir())):
        (folder / "__pycache__").touch()  # a file, where a folder should be
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    for folder in tmp_path.parents:
        if folder.name.startswith(("pytest-", "popen-", "test_")):  # closed by pytest
            folder.chmod(0o755)
    tmp_path.chmod(0o755)
    home, temporary = "/proc/nonexistent", str(tmp_path / "open")
    lines = answer(start(STRANGER, copy, HOME=home, TMPDIR=temporary)).splitlines()
    assert lines == [
        "(True, 0) (True, 0) False",
        "(True, 0) (True, 1)",
        "0o700",
        "(True, 0) (True, 0)",
    ]


def test_the_processor_is_the_one_that_numba_targets(package, monkeypatch):
    code = "from pcmlib.base import source; print(source.machine())"
    settings = [{}, {"NUMBA_CPU_NAME": "generic"}, {"NUMBA_CPU_FEATURES": ""}, {"NUMBA_OPT": "1"}]
    answers = {answer(start(code, package, **setting)) for setting in settings}
    assert len(answers) == 4
    before = store.run_key(TrainConfig())
    monkeypatch.setattr(numba.config, "CPU_NAME", "generic")
    source.machine.cache_clear()
    changed = store.run_key(TrainConfig())
    monkeypatch.undo()
    source.machine.cache_clear()
    assert changed != before
    assert store.run_key(TrainConfig()) == before


# This process


def test_kept_for_the_next_process(cache):
    assert not use()
    assert use()
    (path,) = files(cache)
    assert not use(fastmath=True)  # the same function by other rules
    assert not use(fastmath={"nnan", "nsz"})
    flags = kernels._in_order({"fastmath": set("bcdefgha")})  # sets differ between processes
    assert flags == [("fastmath", repr(list("abcdefgh")))]
    assert len(files(cache)) == 3
    assert path in files(cache)


def test_code_that_was_edited_under_a_process_has_no_name(cache, monkeypatch):
    """The process runs what it loaded, which is on no disk any more."""
    path = PACKAGE / "base" / "rng.py"  # which network.trial imports
    before = store.run_key(TrainConfig())
    with monkeypatch.context() as patch:
        patch.setitem(source._AT_START, path, (0, 0))
        assert not use()
        assert not use()
        assert store.run_key(TrainConfig()) != before
    assert not files(cache)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-9],
        lambda content: content[:999] + bytes([content[999] ^ 4]) + content[1000:],
        lambda content: kernels.hashlib.sha256(b"no pickle").digest() + b"no pickle",
    ],
)
def test_a_damaged_file_is_compiled_again(damage, cache):
    use()
    (path,) = files(cache)
    path.write_bytes(damage(path.read_bytes()))
    assert not use()
    assert use()


def test_a_folder_that_can_only_be_read_is_read(cache, monkeypatch):
    use()

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    for name in ("mkdir", "replace", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    monkeypatch.setattr(os, "utime", refuse)
    assert use()
    assert not use(fastmath=True)


def test_a_full_disk_leaves_nothing_and_the_next_folder_is_taken(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    replace = Path.replace

    def full(path, target):
        if cache in path.parents:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    assert not use()
    assert use()
    assert not files(cache)
    assert len(files(tmp_path / "home")) == 1


def test_functions_of_one_name_are_told_apart_by_code_and_closure(cache):
    def times(factor):
        def scale(x):
            return factor * x

        return scale

    def made(function, x):
        function.__module__ = "pcmlib.base.rng"  # one from elsewhere has no name
        function = kernel(function)
        return function(x), sum(function.stats.cache_hits.values())

    assert [made(times(k), 1.0) for k in (2, 3, 2, 3)] == [(2, 0), (3, 0), (2, 1), (3, 1)]
    assert [made(f, 1.0) for f in (lambda x: x + 1, lambda x: x + 2)] == [(2, 0), (3, 0)]
    before = files(cache)
    assert kernel(times(4))(1.0) == 4  # of this test's module
    assert files(cache) == before


def test_a_constant_argument_needs_no_code_of_its_own(cache):
    @kernel
    def inner(x):
        return x + 1

    @kernel
    def outer(x):
        return inner(x) + inner(7)

    assert outer(1) == 10
    assert len(inner.signatures) == 1


def test_the_functions_of_a_user_stay_where_numba_puts_them(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    path = tmp_path / "own.py"
    path.write_text("from numba import njit\n@njit(cache=True)\ndef f(x):\n    return x + 1\n")
    spec = importlib.util.spec_from_file_location("own", path)
    own = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(own)
    assert own.f(1) == 2
    assert [p.suffix for p in sorted((tmp_path / "__pycache__").glob("own.f*"))] == [".nbc", ".nbi"]


@pytest.mark.parametrize(("book", "tty", "lines"), [("", True, 1), ("", False, 0), ("1", True, 0)])
def test_the_first_use_says_that_it_compiles(book, tty, lines, cache, monkeypatch, capsys):
    monkeypatch.delenv("PYTEST_VERSION", raising=False)
    monkeypatch.delenv("PCMLIB_BOOK", raising=False)
    if book:
        monkeypatch.setenv("PCMLIB_BOOK", book)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: tty)
    kernels._say_that_it_compiles.cache_clear()
    use(), use(), use(fastmath=True)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == lines
    assert all("compiling" in line for line in said)


def test_files_are_forgotten_by_age_and_by_size(tmp_path):
    for age, name in enumerate(["new", "recent", "older"]):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (2e9 - age, 2e9 - age))
    source.forget_unused(tmp_path, "*", kept_bytes=250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "recent"]
    os.utime(tmp_path / "recent", (1e9, 1e9))
    source.forget_unused(tmp_path, "*")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_an_inner_kernel_is_part_of_its_callers_and_kept_with_them(cache):
    def twice(x):
        return 2 * x

    twice.__module__ = "pcmlib.base.rng"  # one from elsewhere has no name
    inner = kernel(twice, inner=True)

    def outer():
        def once_more(x):
            return inner(x) + 1

        once_more.__module__ = "pcmlib.base.rng"
        return kernel(once_more)

    first, second = outer(), outer()
    assert (first(3), len(files(cache))) == (7, 1)
    assert (second(3), sum(second.stats.cache_hits.values())) == (7, 1)
    assert inner(3) == 6  # from Python: compiled for it
    assert len(files(cache)) == 2


# LLVM sees that `idle` is never called, and drops it, and with it, if it comes too early, `leaf`
LINKED = """
from pcmlib.base.kernels import kernel

@kernel(inner=True)
def leaf(x):
    return x + 1

@kernel(inner=True)
def idle(x):
    return leaf(x)

@kernel(inner=True)
def busy(x):
    return 2 * leaf(x)

@kernel
def outer(x):
    total = 0
    if x != x:
        total += idle(x)
    return total + busy(x)

print(outer(3))
"""


def test_a_callee_that_one_caller_does_not_need_is_there_for_the_others(package):
    assert answer(start(LINKED, package)) == "8\n"


def test_an_inner_kernel_has_its_options_whoever_is_compiled_first(cache):
    """(1 + x) - 1 is 0 in float64 for a small x, and x where a caller's `fastmath` is taken on."""
    inner = kernel(lambda x: (1.0 + x) - 1.0, inner=True)
    fast = kernel(lambda x: inner(x), fastmath=True)
    plain = kernel(lambda x: inner(x))
    assert [f(1e-20) for f in (fast, plain)] == [0, 0]
    assert kernel(lambda x: (1.0 + x) - 1.0, fastmath=True)(1e-20) == 1e-20


def test_a_kernel_that_borrows_gets_and_gives_no_arrays(cache):
    """Nobody would count references to them: memory would be freed too early, or never."""
    same = kernel(lambda x: x, inner=True)
    new = kernel(lambda x: np.zeros(len(x)), inner=True)
    borrow = functools.partial(kernel, inner=True, borrows=True)
    line = borrow(lambda x, i: x[i].sum() + part(x, 0, (2,))[1])  # views of what it has
    assert kernel(lambda x: line(x, 1))(np.arange(4.0).reshape(2, 2)) == 2 + 3 + 1
    for bad in (
        borrow(lambda x: x),
        borrow(lambda x: (1, x[1:])),
        borrow(lambda x: same(x)[0]),
        borrow(lambda x: new(x)[0]),
        borrow(lambda x: x.reshape((1, 2))[0, 0]),
    ):
        with pytest.raises(TypeError, match="one that borrows must not get or return"):
            kernel(lambda x, bad=bad: bad(x))(np.ones(2))
    makes = borrow(lambda x: np.zeros(2)[0])
    with pytest.raises(NumbaError):
        kernel(lambda x: makes(x))(np.ones(2))
