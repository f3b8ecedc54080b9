#!/usr/bin/env bash
# tqdm 4.70.1: in a pseudo-terminal whose size was never set, a progress bar shows nothing.
#
# Guess: a size of 0 is as good as none, and the bar falls back to a fixed width, as it does in a pipe.
# Second guess, once it was empty: the width is at fault, and ncols=80 mends it.
# Seen: it is the height. A bar that lies below the last row of the screen is hidden, and with 0 rows
# every bar does; all that is written is a line end. With 0 columns but 24 rows the bar is there,
# squeezed; with 80 columns and 0 rows it is not. ncols and dynamic_ncols change nothing, nrows=20
# does. Pseudo-terminals are born with 0 rows, and who opens one does not always say a size (a fork
# with a terminal, `script` whose own input is none): isatty() is true there, and a long training
# looks hung.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet tqdm==4.70.1
"$folder/env/bin/python" - <<'PYTHON'
import fcntl
import os
import pty
import struct
import sys
import termios

import tqdm


def shown(rows, columns, options=""):
    """Whether a bar is seen in a pseudo-terminal of this size, which is born with (0, 0)."""
    child, terminal = pty.fork()
    if child == 0:
        if (rows, columns) != (0, 0):
            fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        code = f"from tqdm import tqdm\nfor _ in tqdm(range(3), desc='training'{options}): pass"
        os.execv(sys.executable, [sys.executable, "-c", code])
    written = b""
    try:
        while part := os.read(terminal, 1000):
            written += part
    except OSError:  # the program has ended
        pass
    os.waitpid(child, 0)
    return b"training: 100%" in written


sizes = {size: shown(*size) for size in ((0, 0), (24, 0), (0, 80), (24, 80))}
told = {text: shown(0, 0, f", {text}") for text in ("ncols=80", "dynamic_ncols=True", "nrows=20")}
print(tqdm.__version__, "a bar by (rows, columns):", sizes, "without a size:", told)
assert sizes == {(0, 0): False, (24, 0): True, (0, 80): False, (24, 80): True}, sizes
assert told == {"ncols=80": False, "dynamic_ncols=True": False, "nrows=20": True}, told
PYTHON
