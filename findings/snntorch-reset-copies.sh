#!/usr/bin/env bash
# snnTorch 1.0.0: utils.reset(net) leaves the neurons of a deep copy as they are.
#
# Guess: it walks the modules of the network that it is given, and resets their hidden state.
# Seen: it resets those that are listed in their class, where a neuron enters itself when it is
# constructed. A copy by copy.deepcopy never was. After reset(copy), the copy's membrane still holds
# the last trial, with its graph: the next backward pass goes through the trial before, and fails.
# The neuron's own reset_mem() works. Who copies a network (for a target network, an ensemble, a
# conversion of its layers) resets the copy's neurons one by one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet torch==2.13.0 numpy==2.4.6 snntorch==1.0.0
"$folder/env/bin/python" - <<'PYTHON'
import copy

import snntorch
import torch
from snntorch import utils

net = torch.nn.Sequential(torch.nn.Linear(2, 3), snntorch.Leaky(beta=0.9, init_hidden=True))
twin = copy.deepcopy(net)
x = torch.ones(1, 2)


def after_reset(one):
    """Whether the membrane is at 0 again, after a trial and a reset."""
    one(x)
    assert one[1].mem.abs().sum() > 0
    utils.reset(one)
    return bool((one[1].mem == 0).all())


found = {"the network": after_reset(net), "its deep copy": after_reset(twin)}
print(snntorch.__version__, "reset by utils.reset:", found)
assert found == {"the network": True, "its deep copy": False}, found
twin[1].reset_mem()
assert (twin[1].mem == 0).all()
PYTHON
