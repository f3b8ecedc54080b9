"""No kernel of a training reads or writes beside its arrays, or keeps one, whatever the network."""

import os
import subprocess
import sys
from pathlib import Path


def test_every_index_of_a_training_is_within_bounds_and_every_array_freed():
    script = Path(__file__).with_name("bounded.py")
    done = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | {"NUMBA_BOUNDSCHECK": "1", "NUMBA_NRT_STATS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
