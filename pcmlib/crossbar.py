"""A crossbar of differential synapses: each weight is the difference of PCM conductances.

A device's conductance is positive and only goes up, pulse by pulse. So a synapse has two sides, G+
and G-, each of N devices, and its weight is the difference of their means:

    w = (mean_n G+_n - mean_n G-_n) / scale

To raise w, SET pulses go to G+; to lower it, to G-. The N devices of a side take turns (round
robin): a larger N averages the WRITE noise, and makes a pulse's step N times smaller.

Source: srnn-pcm, `xbar.py` (Demirag et al., arXiv:2108.01804), without its faults.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Float32, Int, Shaped
from torch import Tensor

from pcmlib.base.checks import require, require_count, require_number
from pcmlib.device import PCMArray, PCMParameters, history_decay, set_increment

ASSUMED_PULSE = 0.75  # µS: the step that the update schemes take one SET of a device to be


class Crossbar:
    """R crossbars (replicas) of n_pre x n_post synapses with N differential pairs each.

    State:
        devices   PCMArray of shape [R, 2, N, n_pre, n_post]: replica; polarity (0 is G+, 1 is G-);
                  pair; presynaptic neuron, whose fan-out is contiguous in memory; postsynaptic one
        turn      [R, 2, n_pre, n_post]: the pair that receives the next pulse of a side

    Args:
        n_pre, n_post: presynaptic and postsynaptic neurons.
        replicas: R independent crossbars.
        pairs: N differential pairs a synapse.
        parameters: the device's constants.
        scale: µS that a weight of 1 corresponds to; a number, or one a replica.
        conductance: where all devices start (µS; each gets 10 % of spread); a number, or one a
            replica; None: as after a RESET.
        exists: bool [n_pre, n_post]: synapses that are there; the others weigh 0 and get no pulse.
        seed: one number, or one a replica. One number s stands for s, s + 1, ...: replica r is
            the crossbar that seed s + r gives alone.
        device: torch device.

    Raises:
        ValueError: naming the parameter, its value and what is allowed.
    """

    def __init__(
        self,
        n_pre: int,
        n_post: int,
        *,
        replicas: int = 1,
        pairs: int = 1,
        parameters: PCMParameters | None = None,
        scale: float | Float[Tensor, " R"] = 1.0,
        conductance: float | Float[Tensor, " R"] | None = None,
        exists: Bool[Tensor, "n_pre n_post"] | None = None,
        seed: int | Sequence[int] = 0,
        device: str | torch.device = "cpu",
    ) -> None:
        sizes = {"n_pre": n_pre, "n_post": n_post, "replicas": replicas, "pairs": pairs}
        for name, size in sizes.items():
            require_count(name, size)
        if isinstance(seed, int) and seed >= 0:
            seed = range(seed, seed + replicas)
        require(
            isinstance(seed, Sequence) and len(seed) == replicas,
            "seed",
            seed,
            f"a whole number, at least 0, or {replicas} of them, one a replica",
        )
        self.replicas, self.pairs, self.n_pre, self.n_post = replicas, pairs, n_pre, n_post
        self.scale = self._per_replica("scale", scale).to(device)
        if conductance is not None:
            conductance = self._per_replica("conductance", conductance).view(-1, 1, 1, 1, 1)
        self.devices = PCMArray(
            (replicas, 2, pairs, n_pre, n_post),
            parameters,
            seed=list(seed),
            conductance=conductance,
            device=device,
        )
        self.turn = torch.zeros((replicas, 2, n_pre, n_post), dtype=torch.int32, device=device)
        if exists is None:
            exists = torch.ones((n_pre, n_post), dtype=torch.bool)
        allowed = f"bool of shape {(n_pre, n_post)}"
        fits = exists.dtype == torch.bool and exists.shape == (n_pre, n_post)
        require(fits, "exists", (exists.dtype, tuple(exists.shape)), allowed)
        self.exists = exists.to(device)

    # What the synapses hold

    @property
    def sides(self) -> Float32[Tensor, "R 2 n_pre n_post"]:
        """Mean conductance of each side (µS), T0 after the last pulse, without noise."""
        return self.devices.G.mean(dim=2)

    @property
    def difference(self) -> Float32[Tensor, "R n_pre n_post"]:
        """mean G+ - mean G- (µS), T0 after the last pulse, without noise."""
        return self._difference(self.devices.G)

    def weights(self) -> Float32[Tensor, "R n_pre n_post"]:
        """The weights, T0 after the last pulse, without noise."""
        return self.difference / self.scale.view(-1, 1, 1)

    def read(self, t: float, pre: Int[Tensor, " K"] | None = None) -> Float32[Tensor, "R K n_post"]:
        """One noisy read of the weights at time t (s), of all or of the chosen presynaptic ones."""
        if pre is None:
            G, exists = self.devices.read(t), self.exists
        else:
            inside = pre.numel() == 0 or (int(pre.min()) >= 0 and int(pre.max()) < self.n_pre)
            require(inside, "pre", pre, f"presynaptic neurons 0 .. {self.n_pre - 1}")
            everything = slice(None)
            G = self.devices.read(t, (everything, everything, everything, pre))
            exists = self.exists[pre]
        return (G[:, 0].mean(1) - G[:, 1].mean(1)) * exists / self.scale.view(-1, 1, 1)

    def matvec(self, x: Float[Tensor, "R n_pre"], t: float) -> Float32[Tensor, "R n_post"]:
        """y_j = sum_i w_ij x_i with the weights as one noisy read at time t (s) gives them."""
        shape = (self.replicas, self.n_pre)
        require(tuple(x.shape) == shape, "x.shape", tuple(x.shape), f"{shape}")
        return torch.einsum("ri,rij->rj", x, self.read(t))

    # Programming

    def program(
        self,
        change: Float[Tensor, "R n_pre n_post"],
        t: float,
        *,
        assumed_pulse: float | Float[Tensor, " R"] = ASSUMED_PULSE,
    ) -> None:
        """Open-loop programming: whole SET pulses to G+ where `change` (µS) > 0, to G- where < 0.

            pulses = trunc(|change| N / assumed_pulse), dealt one pair at a time in turn

        `assumed_pulse` (µS): what a SET of one device is taken to add; a number, or one a replica.
        """
        self._check_change("change", change)
        self.deal(self.pulses(change, assumed_pulse), t)

    def pulses(
        self,
        change: Float[Tensor, "R n_pre n_post"],
        assumed_pulse: float | Float[Tensor, " R"] = ASSUMED_PULSE,
    ) -> Shaped[Tensor, "R 2 n_pre n_post"]:
        """The whole number of pulses for each side that a change of weight (µS) is worth."""
        step = self._per_replica("assumed_pulse", assumed_pulse).to(change).double()
        count = change.double().abs() * self.pairs / step.view(-1, 1, 1)
        # A change of exactly k steps is k pulses, whatever the last bit of the division says.
        count = torch.floor(count * (1 + 1e-6)).int()
        return torch.stack([count * (change > 0), count * (change < 0)], dim=1)

    def pulses_by_mean_curve(
        self, change: Float[Tensor, "R n_pre n_post"], most: int = 64
    ) -> Shaped[Tensor, "R 2 n_pre n_post"]:
        """The same, where each pulse is taken to add what the model's own mean curve says.

        From each side's mean G and P, follow the mean step E' = E + m1 E + c1 + A1 P until it has
        grown by |change|; up to `most` pulses a device, where the curve ends below that.
        """
        self._check_change("change", change)
        require_count("most", most)
        p, N = self.devices.parameters, self.pairs
        growth = torch.stack([change, -change], dim=1).clamp(min=0)
        G, P = self.sides, self.devices.P.mean(dim=2)
        target, steps = G + growth, torch.zeros_like(G)
        for _ in range(most):
            P = P * history_decay(p)
            mean_step = set_increment(G, P, p)[0].clamp(min=1e-6)
            # the last step counts by its part, so that N pairs can share it
            steps = steps + ((target - G) / mean_step).clamp(0, 1)
            G = torch.minimum(G + mean_step, target)
            if torch.equal(G, target):
                break
        return torch.round(steps * N).int()

    def deal(self, counts: Shaped[Tensor, "R 2 n_pre n_post"], t: float) -> None:
        """Give each side its count of SET pulses at time t (s), one pair after the other.

        Of n pulses dealt from pair `turn` on, pair j receives ceil((n - (j - turn) mod N) / N).
        """
        shape, N = self.turn.shape, self.pairs
        require(counts.shape == shape, "counts.shape", tuple(counts.shape), f"{tuple(shape)}")
        whole = not counts.is_floating_point() and int(counts.min()) >= 0
        require(whole, "counts", (counts.dtype, counts.min().item()), "whole, at least 0")
        counts = counts * self.exists
        if N == 1:
            self.devices.set(t, counts.unsqueeze(2))
            return
        pair = torch.arange(N, dtype=torch.int32, device=counts.device).view(N, 1, 1)
        place = (pair - self.turn.unsqueeze(2)) % N
        share = (counts.unsqueeze(2) - place + N - 1).div(N, rounding_mode="floor")
        self.devices.set(t, share)
        self.turn = (self.turn + counts).remainder(N).int()

    def reset(self, sides: Bool[Tensor, "R 2 n_pre n_post"], t: float) -> None:
        """RESET all N devices of the chosen sides at time t (s); their next turn is pair 0's."""
        require(
            sides.dtype == torch.bool and sides.shape == self.turn.shape,
            "sides",
            (sides.dtype, tuple(sides.shape)),
            f"bool of shape {tuple(self.turn.shape)}",
        )
        sides = sides & self.exists
        self.devices.reset(t, sides.unsqueeze(2).expand(self.devices.shape))
        self.turn = torch.where(sides, 0, self.turn)

    def refresh(
        self,
        t: float,
        *,
        threshold: float = 9.0,
        difference: float = 4.5,
        assumed_pulse: float | Float[Tensor, " R"] = ASSUMED_PULSE,
    ) -> Bool[Tensor, "R n_pre n_post"]:
        """Give saturated synapses room: RESET both sides, then program their difference back.

        A synapse is refreshed where either side's mean is above `threshold` (µS) while the sides
        differ by less than `difference` (µS). Returns where that was.
        """
        require_number("threshold", threshold, above=0)
        require_number("difference", difference, above=0)
        value = self.difference
        saturated = (self.sides > threshold).any(dim=1) & (value.abs() < difference) & self.exists
        if saturated.any():
            self.reset(saturated.unsqueeze(1).expand(self.turn.shape), t)
            self.program(value * saturated, t, assumed_pulse=assumed_pulse)
        return saturated

    def make_update_ready(
        self, target: Float[Tensor, "R n_pre n_post"], t: float, *, reach: float = 10.0
    ) -> None:
        """Update-ready: RESET first, where pulses alone would not reach `target` (µS).

        With d = target - (G+ - G-), the side that must grow is G+ where d > 0, else G-. Where it
        lacks the room (|d| > reach - G of that side), the OTHER side is RESET: this frees |d| of
        its conductance at once. What is left is then programmed, on whichever side it falls.
        """
        self._check_change("target", target)
        require_number("reach", reach, above=0)
        d = target - self.difference
        plus, minus = self.sides.unbind(dim=1)
        lacks_room = d.abs() > reach - torch.where(d > 0, plus, minus)
        self.reset(torch.stack([lacks_room & (d < 0), lacks_room & (d >= 0)], dim=1), t)

    # Wear

    @property
    def set_pulses(self) -> Int[Tensor, " R"]:
        """SET pulses ever given, by replica."""
        return self.devices.n_set.sum(dim=(1, 2, 3, 4))

    @property
    def reset_pulses(self) -> Int[Tensor, " R"]:
        """RESET pulses ever given, by replica."""
        return self.devices.n_reset.sum(dim=(1, 2, 3, 4))

    def _difference(
        self, G: Float[Tensor, "R 2 N n_pre n_post"]
    ) -> Float32[Tensor, "R n_pre n_post"]:
        return (G[:, 0].mean(1) - G[:, 1].mean(1)) * self.exists

    def _check_change(self, name: str, value: Tensor) -> None:
        shape = (self.replicas, self.n_pre, self.n_post)
        require(tuple(value.shape) == shape, f"{name}.shape", tuple(value.shape), f"{shape}")
        require(bool(torch.isfinite(value).all()), name, "a NaN or infinite entry", "finite")

    def _per_replica(self, name: str, value: float | Tensor) -> Float32[Tensor, " R"]:
        values = torch.as_tensor(value, dtype=torch.float32)
        fits = values.shape in ((), (self.replicas,)) and bool(torch.isfinite(values).all())
        allowed = f"above 0; one number, or {self.replicas}, one a replica"
        require(fits and bool((values > 0).all()), name, value, allowed)
        return values.expand(self.replicas).clone()
