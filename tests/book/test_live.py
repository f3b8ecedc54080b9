"""The script that computes in pages is made beside the reading of the pages."""

import threading
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest

from pcmlib.book.live.page import script

PATH = Path(__file__).resolve().parents[2] / "book" / "live.py"
_spec = spec_from_file_location("book_live", PATH)  # "live" is a folder of tests, too
extension = module_from_spec(_spec)
_spec.loader.exec_module(extension)


def test_it_is_made_in_a_process_for_a_thread_s_locks_would_hold_up_the_forks(tmp_path):
    app, before = SimpleNamespace(outdir=tmp_path), threading.active_count()
    extension.begin(app)
    assert threading.active_count() == before
    extension.finish(app, None)
    extension.stop(app, None)
    assert (tmp_path / "_static" / "live.js").read_text("utf-8") == script()


def test_a_build_without_it_fails_and_says_why(tmp_path):
    (tmp_path / "_static" / "live.js").mkdir(parents=True)
    app = SimpleNamespace(outdir=tmp_path)
    extension.begin(app)
    with pytest.raises(RuntimeError, match=r"(?s)live.js could not be made.*IsADirectoryError"):
        extension.finish(app, None)


def test_a_build_that_fails_leaves_nothing_behind(tmp_path):
    app = SimpleNamespace(outdir=tmp_path)
    extension.begin(app)
    extension.stop(app, ValueError("of the build"))
    assert app.live_script.returncode is not None
