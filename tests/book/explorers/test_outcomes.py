"""The explorers of finished runs: another way to see the same numbers."""

import numpy as np
import pytest

from pcmlib.book.experiments.cost import Energy
from pcmlib.book.experiments.searches import best_of, random_search
from pcmlib.book.experiments.training import CROSSBAR_SCHEMES
from pcmlib.book.explorers import outcomes
from pcmlib.book.explorers.small_runs import small


@pytest.mark.parametrize(("budget", "networks"), [(1, 1), (7, 2), (24, 4)])
def test_search(budget, networks):
    found, search = outcomes.search(budget=budget, networks=networks), random_search()
    for k in (1, budget, 24):
        expected = best_of(search, k, networks)
        got = found["best_shown"][k - 1], found["best_true"][k - 1]
        np.testing.assert_allclose(got, expected, rtol=1e-5)
    shown = search.tuning[:, :networks].mean(1)
    chosen = shown[:budget].argmin()
    np.testing.assert_allclose(found["chosen_shown"], shown[chosen], rtol=1e-6)
    np.testing.assert_allclose(found["chosen_true"], search.fresh.mean(1)[chosen], rtol=1e-6)


@pytest.mark.parametrize(("set_pulse", "reset_pulse"), [(0.675, 50.0), (10.0, 0.0)])
def test_cost(set_pulse, reset_pulse):
    found = outcomes.cost(set_pulse=set_pulse, reset_pulse=reset_pulse)["energy"]
    energy = Energy(1e-12 * set_pulse, 1e-12 * reset_pulse)
    for row, scheme in zip(found, CROSSBAR_SCHEMES, strict=True):
        np.testing.assert_allclose(row, energy.of(small(scheme)).mean(0), rtol=1e-5)
