"""The expected best of a search against all draws written out, and against limits."""

import itertools

import numpy as np
import pytest

from pcmlib.book.experiments.searches import (
    SPACE,
    Search,
    best_in_turn,
    best_of,
    random_search,
    studies_table,
)
from pcmlib.book.figures.searches import plot_parameters, plot_search, plot_studies

RNG = np.random.default_rng(3)
MADE_UP = Search([{}] * 6, RNG.uniform(0.1, 1, (6, 3)), RNG.uniform(0.1, 1, (6, 4)))


@pytest.mark.parametrize(("budget", "networks"), [(1, 1), (2, 3), (4, 2), (6, 3)])
def test_the_expected_best_is_the_mean_over_all_draws(budget, networks):
    shown, fresh = MADE_UP.tuning[:, :networks].mean(1), MADE_UP.fresh.mean(1)
    chosen = [
        min(draw, key=lambda i: shown[i]) for draw in itertools.combinations(range(6), budget)
    ]
    expected = shown[chosen].mean(), fresh[chosen].mean()
    assert best_of(MADE_UP, budget, networks) == pytest.approx(expected)


def test_each_network_chooses_in_its_turn_and_the_others_judge():
    every = np.hstack([MADE_UP.tuning, MADE_UP.fresh])
    chosen = every.argmin(0)
    judged = [np.delete(every[c], t).mean() for t, c in enumerate(chosen)]
    shown, true = best_in_turn(MADE_UP, 6)
    assert (shown, true) == pytest.approx((every.min(0).mean(), np.mean(judged)))
    assert true > shown
    # a network that is ten times as hard for every candidate makes no curse
    factors = np.array([1, 10, 1, 1, 3, 1, 1])
    alike = Search([{}] * 6, *np.split(np.outer(np.arange(1, 7), factors) / 100, [3], axis=1))
    shown, true = best_in_turn(alike, 6)
    assert true == pytest.approx(shown)


def test_a_search_draws_from_its_space_and_repeats_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("PCMLIB_STORE", str(tmp_path))
    found = random_search(2, tuning=2, fresh=3, epochs=6)
    assert found.tuning.shape == (2, 2)
    assert found.fresh.shape == (2, 3)
    assert ((found.fresh > 0) & (found.fresh <= 1)).all()
    for candidate in found.candidates:
        assert all(SPACE[name][0] <= x <= SPACE[name][1] for name, x in candidate.items())
    random_search.cache_clear()
    again = random_search(2, tuning=2, fresh=3, epochs=6)
    assert (again.tuning == found.tuning).all()


def test_figures_show_what_they_are_given():
    record = {
        "space": {"lr_in": [1e-5, 1e-3], "threshold": [0.1, 1.0]},
        "trials": [
            {"loss": 0.3, "lr_in": 1e-4, "threshold": 0.2},
            {"loss": None, "lr_in": 1e-3, "threshold": 0.3},
            {"loss": 0.1, "lr_in": 2e-4, "threshold": 0.4},
        ],
    }
    step = plot_studies({"one": record}).axes[0].lines[1]
    assert list(step.get_ydata()) == [0.3, 0.3, 0.1]
    panel = plot_parameters(record).axes[1]
    assert panel.lines[1].get_xydata().tolist() == [[0.4, 0.1]]
    scatter, curve = plot_search(MADE_UP, budget=2, networks=3).axes
    assert len(scatter.lines[0].get_xdata()) == 6
    shown, true = (line.get_ydata() for line in curve.lines[:2])
    assert shown[-1] == pytest.approx(MADE_UP.tuning.mean(1).min())
    assert true[0] == pytest.approx(MADE_UP.fresh.mean())


def test_a_study_is_a_row_of_the_table():
    record = {
        "trials": [{"loss": 0.3}, {"loss": None}, {"loss": 0.1}, {"loss": 0.2}],
        "finalists": [{"loss": 0.15}, {"loss": 0.4}],
        "last": [{"loss": 0.12}],
    }
    *_, row = studies_table({"one": record}).splitlines()
    assert row == "| one | 25 % | 0.1 | 0.15 | 0.12 |"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: best_of(MADE_UP, 7, 1), "budget = 7"),
        (lambda: best_of(MADE_UP, 1, 4), "networks = 4"),
        (lambda: random_search(0), "candidates = 0"),
    ],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the words are checked below
        call()
    assert words in str(error.value)
