"""What every test has: shapes checked at each call of pcmlib, and reproducible property tests."""

from hypothesis import settings
from jaxtyping import install_import_hook

# Before any test imports pcmlib: its annotations (jaxtyping's shapes among them) are then enforced.
install_import_hook("pcmlib", "beartype.beartype")

# The same examples on every run; no deadline, since the first call of a kernel compiles it.
settings.register_profile("pcmlib", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("pcmlib")
