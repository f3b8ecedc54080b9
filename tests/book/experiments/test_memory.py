"""The controls of the digital accumulator and of open-loop pulses."""

import pytest
from runs import made_up

from pcmlib.book.experiments import memory


@pytest.mark.usefixtures("untrained")
def test_the_controls_differ_in_what_they_say_and_share_their_networks():
    runs = memory.memories(networks=2)
    configs = {
        (how, kept): run.config for how, kinds in runs.items() for kept, run in kinds.items()
    }
    for (how, kept), config in configs.items():
        assert config.seeds == [0, 1]
        assert config.epochs == 250
        assert config.bits is None
        assert config.write_verify == (how == memory.VERIFIED)
        assert config.kept_on_pcm == (kept == memory.ON_PCM)
        holds = config.scheme == "mixed-precision"
        assert holds == (kept in (memory.ON_PCM, memory.GATHERED))
    sets = [config.to_dict() | {"scheme": ""} for config in configs.values()]
    assert all(sets.count(one) == 1 for one in sets)


def test_the_effort_by_hand():
    slow = made_up([[0.2] * 20, [0.4] * 20], set_pulses=[[28] * 20, [56] * 20])
    fast = made_up([[0.1] * 20, [0.2] * 20])
    slow.reads[:] = 280
    runs = {memory.OPEN: {memory.GATHERED: fast, "slow": slow}}
    assert memory.reads_a_synapse(slow) == 280 / 28
    first, second = memory.effort_table(runs).splitlines()[2:]
    assert first.startswith("| digital accumulator | open loop | 0.15")
    assert first.endswith("|  | 0.00 | 0.00 | 0.0 |")
    assert second.endswith("| 2 (2 to 2) | 1.50 | 0.00 | 10.0 |")
