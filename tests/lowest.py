"""Print the lowest versions that pyproject.toml admits, one requirement a line, for pip to install.

torch is the exception: on an index its other releases are builds for CUDA, of gigabytes, so that
its lower bound is not tried.
"""

import tomllib
from itertools import chain
from pathlib import Path

TORCH = "torch==2.13.0"

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
listed = [project["dependencies"], *(extras[name] for name in ("pdf", "postgresql", "test"))]
for requirement in chain.from_iterable(listed):
    if requirement.startswith("torch"):
        print(TORCH)
    elif ">=" in requirement:
        print(requirement.replace(">=", "=="))
