"""pcmlib's trial and gradient give the losses that others have pinned, and not by chance."""

import numpy as np
import pytest

from pcmlib.book.experiments.pinned import NEST, TENSORFLOW, regression_losses


def test_five_updates_lose_what_nest_and_tensorflow_say():
    """NEST in double precision, to 13 digits; TensorFlow in single, to 7."""
    losses = regression_losses()
    np.testing.assert_allclose(losses, NEST, rtol=1e-13)
    np.testing.assert_allclose(losses, TENSORFLOW, rtol=1e-7)


@pytest.mark.parametrize("change", [{"early": False}, {"filtered": False}, {"limit": 100.0}])
def test_another_rule_would_be_noticed(change):
    """An input that is read one step late, a readout without kappa, gradients clipped at 100."""
    losses = regression_losses(3, **change)
    assert abs(losses / NEST[:3] - 1).max() > 1e-5
