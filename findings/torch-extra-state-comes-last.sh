#!/usr/bin/env bash
# torch 2.13.0: a state that set_extra_state refuses has changed the module's weights already.
#
# Guess: load_state_dict checks first, as it does for names and shapes that do not fit, where it
# raises one error that lists them all; or the extra state, which says what the weights belong to,
# is set before them.
# Seen: the weights are copied first, then the extra state is set; an error from there leaves the
# module with the new weights and its old extra state. Modules that come before it in the tree have
# been loaded whole, those after it not at all, and nothing is collected into one message. Who keeps
# more than tensors (a version, a scale, the state of a device) has to refuse in
# _load_from_state_dict, which runs before the weights are copied.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/python" -m pip install --quiet torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PYTHON'
import torch


class Scaled(torch.nn.Linear):
    """Weights that mean something at one scale alone."""

    scale = 1.0

    def get_extra_state(self):
        return {"scale": self.scale}

    def set_extra_state(self, state):
        if state["scale"] != self.scale:
            raise ValueError(f"scale is {state['scale']}, not {self.scale}")


def net(fill, scale):
    """Three layers, of which the middle one has this scale."""
    layers = torch.nn.Sequential(*(Scaled(1, 1, bias=False) for _ in range(3)))
    layers[1].scale = scale
    for layer in layers:
        torch.nn.init.constant_(layer.weight, fill)
    return layers


ours, other = net(0.0, 1.0), net(7.0, 2.0)
try:
    ours.load_state_dict(other.state_dict())
except ValueError as error:
    print("refused:", error)
else:
    raise SystemExit("not refused")
weights = [layer.weight.item() for layer in ours]
print(torch.__version__, "weights after the refusal:", weights)
assert weights == [7.0, 7.0, 0.0], weights

fresh, misfit = net(0.0, 1.0), dict(net(7.0, 1.0).state_dict())
misfit["1.weight"] = torch.ones(2, 2)
try:
    fresh.load_state_dict(misfit)
except RuntimeError as error:
    assert "size mismatch for 1.weight" in str(error)
weights = [layer.weight.item() for layer in fresh]
print("after a shape that does not fit:", weights)
assert weights == [7.0, 0.0, 7.0], weights
PYTHON
