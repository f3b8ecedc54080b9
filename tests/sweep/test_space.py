"""The search space: every point of it can be trained, and it is the same for all schemes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pcmlib.schemes import SCHEMES
from pcmlib.sweep.space import candidates_config, search_space, start

DERIVED = {"lr_end", "quantum_pulses", "prob_scale_pulses", "refresh_period"}
schemes = st.sampled_from(sorted(SCHEMES))


@st.composite
def candidates(draw):
    """A scheme, and points of its search space."""
    scheme = draw(schemes)
    point = st.fixed_dictionaries(
        {name: st.floats(*limits) for name, limits in search_space(scheme).items()}
    )
    return scheme, draw(st.lists(point, min_size=1, max_size=4))


@given(candidates(), st.integers(1, 3), st.integers(1, 300))
def test_every_point_of_the_space_is_a_configuration(some, networks, epochs):
    """Replicas i n ... i n + n - 1 hold candidate i, whatever the candidate."""
    scheme, points = some
    config = candidates_config(scheme, points, networks=networks, epochs=epochs, seed=1000)
    assert config.replicas == networks * len(points)
    for i, point in enumerate(points):
        for r in range(i * networks, (i + 1) * networks):
            own = config.replica(r)
            for name in point.keys() - DERIVED:
                assert getattr(own, name) == point[name]
            if "refresh_period" in point:
                assert abs(own.refresh_period - point["refresh_period"]) <= 0.5
            if "prob_scale_pulses" in point:
                assert own.prob_scale / own.assumed_pulse == pytest.approx(
                    point["prob_scale_pulses"]
                )
            if "lr_end" in point:
                assert own.lr_decay**epochs == pytest.approx(point["lr_end"])
            if "quantum_pulses" in point:
                pulses = own.quantum * own.scale / own.assumed_pulse
                assert pulses == pytest.approx(point["quantum_pulses"])


def test_candidates_share_their_networks():
    points = [{name: low for name, (low, _) in search_space("vanilla").items()}] * 3
    config = candidates_config("vanilla", points, networks=2, epochs=1, seed=1000)
    assert config.seeds == [1000, 1001] * 3


def test_a_parameter_has_one_range_in_all_schemes():
    """The comparison is fair only if what means the same may be the same."""
    ranges = {}
    for scheme in set(SCHEMES) - {"accumulator"}:
        for name, limits in search_space(scheme).items():
            assert ranges.setdefault(name, limits) == limits
            for bits in (None, 8) if SCHEMES[scheme].on_crossbar else (None,):
                assert limits[0] <= start(scheme, {"bits": bits})[name] <= limits[1]


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_a_task_may_have_networks_and_ranges_of_its_own(scheme):
    """Its study starts in the middle of them, and all else is that of the task's runs."""
    space, first = search_space(scheme, task="evidence"), start(scheme, {"task": "evidence"})
    assert first.keys() == space.keys() == search_space(scheme).keys()
    assert all(low < first[n] < high for n, (low, high) in space.items())
    one = {"networks": 1, "epochs": 50, "seed": 1000}
    config = candidates_config(scheme, [first], **one, task="evidence", steps=1300)
    assert (config.task, config.steps, config.n_rec, config.epochs) == ("evidence", 1300, 100, 50)
    for name in first.keys() - DERIVED:
        assert config.replica(0).each(name) == [first[name]]


def test_refuses_reporting_seeds():
    point = {name: low for name, (low, _) in search_space("vanilla").items()}
    with pytest.raises(ValueError, match=r"seed = 7: must be .*1000"):
        candidates_config("vanilla", [point], networks=1, epochs=1, seed=7)


def test_refuses_an_unknown_scheme():
    with pytest.raises(ValueError, match="scheme = 'adam'"):
        search_space("adam")
