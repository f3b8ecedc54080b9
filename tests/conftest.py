"""What holds for every test: shapes are checked, warnings are errors (pyproject.toml)."""

from pathlib import Path

import hypothesis
import matplotlib
from jaxtyping import install_import_hook

matplotlib.use("agg")

# Check the shapes in every annotation of the package. Modules with compiled loops are left out:
# Numba can't compile a function that the hook has wrapped.
_package = Path(__file__).parent.parent / "pcmlib"
install_import_hook(
    [
        f"pcmlib.{path.stem}"
        for path in sorted(_package.glob("[!_]*.py"))
        if "njit" not in path.read_text()
    ],
    "typecheck.typecheck",
)

hypothesis.settings.register_profile("pcmlib", deadline=None, derandomize=True)
hypothesis.settings.load_profile("pcmlib")
