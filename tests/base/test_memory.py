"""Work that needs more memory than there is is refused."""

import os
import resource

import pytest

from pcmlib.base import memory


def test_the_least_limit_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_CONTAINER", tmp_path / "memory.max")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY,) * 2)
    machine = memory.available()
    assert machine == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for text, there in (("max\n", machine), ("5000\n", 5000)):
        memory._CONTAINER.write_text(text)
        assert memory.available() == there
    monkeypatch.setattr(resource, "getrlimit", lambda which: (4000, 4000))
    assert memory.available() == 4000


def test_what_needs_more_is_refused_with_both_numbers(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 2e9)
    memory.require_memory("rows", 10, 2e9)
    message = r"^rows = 20: must be less: it needs 4,321.0 GB of memory, and there are 2.0$"
    with pytest.raises(ValueError, match=message):
        memory.require_memory("rows", 20, 4.321e12)
