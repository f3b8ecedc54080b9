"""The package's public names come when they are asked for."""

import importlib
import subprocess
import sys

import pytest

import pcmlib


@pytest.mark.parametrize("name", pcmlib.__all__)
def test_a_public_name_is_what_its_folder_has(name):
    code = f"import sys, pcmlib; print('torch' in sys.modules, pcmlib.{name}, sep='|')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, found = done.stdout.strip().split("|")
    assert before == "False"
    home = next(x for x in ("crossbar", "device", "training") if hasattr(folder(x), name))
    assert getattr(pcmlib, name) is getattr(folder(home), name)
    assert name in found
    assert name in dir(pcmlib)


def folder(name):
    return importlib.import_module(f"pcmlib.{name}")


def test_any_other_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'pcmlib' has no attribute 'Network'"):
        pcmlib.Network  # noqa: B018
