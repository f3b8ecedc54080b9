"""The checked cells hold on another processor: a chapter trains as an older machine would.

No fused multiply-add and no wide vectors: sums are rounded elsewhere, a spike comes a step later,
and every digit of the trained networks is another one. The verdicts must be the same.
"""

import os
import platform
import subprocess
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = ROOT / "notebooks" / "08_fp32.ipynb"  # of those that train, the shortest
OLDER = {
    "NUMBA_CPU_NAME": "x86-64" if platform.machine() in ("x86_64", "AMD64") else "generic",
    "NUMBA_CPU_FEATURES": "",
    "ATEN_CPU_CAPABILITY": "default",
}


def test_the_variables_reach_both_compilers():
    """Else the other test would be one of this processor."""
    ask = (
        "import numba, torch; print(numba.config.CPU_NAME, torch.backends.cpu.get_cpu_capability())"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask], env=os.environ | OLDER, capture_output=True, text=True
    )
    assert done.stdout.split() == [OLDER["NUMBA_CPU_NAME"], "DEFAULT"], done.stderr


def test_a_chapter_that_trains_passes_on_an_older_processor(tmp_path):
    """Own caches: nothing compiled or trained for this processor is taken."""
    own = {"NUMBA_CACHE_DIR": str(tmp_path / "numba"), "PCMLIB_STORE": str(tmp_path / "runs")}
    tested = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*tested, str(CHAPTER)],
        cwd=ROOT,
        env=os.environ | OLDER | own,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    code = [c for c in nbformat.read(CHAPTER, as_version=4).cells if c.cell_type == "code"]
    assert f"{len(code)} passed" in done.stdout
    assert list((tmp_path / "runs").glob("*.npz")), "nothing was trained"
