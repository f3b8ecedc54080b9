"""A crossbar of differential synapses: each weight is the difference of PCM conductances.

A device's conductance is positive and only goes up, pulse by pulse. So a synapse has two sides, G+
and G-, each of N devices, and its weight is the difference of their means:

    w = (mean_n G+_n - mean_n G-_n) / scale

To raise w, SET pulses go to G+; to lower it, to G-. The N devices of a side take turns (round
robin): a larger N averages the WRITE noise, and makes a pulse's step N times smaller.

Source: srnn-pcm, `xbar.py` (Demirag et al., arXiv:2108.01804), without its faults.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float32, Float64, Int, Int32
from torch import Tensor

from pcmlib.base import rng
from pcmlib.base.checks import Values, as_tensor, plain, require, require_count, require_number
from pcmlib.crossbar.laws import (
    ASSUMED_PULSE,
    REFRESH_ABOVE,
    REFRESH_WITHIN,
    is_saturated,
    whole_pulses,
)
from pcmlib.crossbar.replicas import program_all
from pcmlib.device import PCMArray, PCMParameters
from pcmlib.device.pulses import MOST_PULSES


class Crossbar:
    """R crossbars (replicas) of n_pre x n_post synapses with N differential pairs each.

    State:
        devices   PCMArray of shape [R, 2, N, n_pre, n_post]: replica; polarity (0 is G+, 1 is G-);
                  pair; presynaptic neuron, whose fan-out is contiguous in memory; postsynaptic one
        turn      [R, 2, n_pre, n_post]: the pair that receives the next pulse of a side
        reads     [R]: reads of synapses that programming needed

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
        scale: Values = 1.0,
        conductance: Values = None,
        exists: Values = None,
        seed: Values = 0,
    ) -> None:
        sizes = {"n_pre": n_pre, "n_post": n_post, "replicas": replicas, "pairs": pairs}
        sizes = {name: plain(size) for name, size in sizes.items()}
        for name, size in sizes.items():
            require_count(name, size)
        n_pre, n_post, replicas, pairs = sizes.values()
        rng.keys(plain(seed))  # refuses what is no seed
        seeds = plain(seed)
        if not isinstance(seeds, tuple):
            seeds = tuple(range(seeds, seeds + replicas))
        allowed = f"a whole number, at least 0, or {replicas} of them, one a replica"
        require(len(seeds) == replicas, "seed", seed, allowed)
        self.replicas, self.pairs, self.n_pre, self.n_post = replicas, pairs, n_pre, n_post
        self.scale = self._per_replica("scale", scale).float()
        if conductance is not None:
            conductance = self._per_replica("conductance", conductance).view(-1, 1, 1, 1, 1)
        exists = torch.ones((n_pre, n_post), dtype=torch.bool) if exists is None else exists
        self.exists = as_tensor("exists", exists, "mask", torch.bool, shape=(n_pre, n_post))
        shape = replicas, 2, pairs, n_pre, n_post
        self.devices = PCMArray(shape, parameters, seed=seeds, conductance=conductance)
        self.turn = torch.zeros((replicas, 2, n_pre, n_post), dtype=torch.int32)
        self.reads = torch.zeros(replicas, dtype=torch.int64)

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

    def read(self, t: float, pre: Values = None) -> Float32[Tensor, "R K n_post"]:
        """One noisy read of the weights at time t (s), of all or of the chosen presynaptic ones."""
        if pre is None:
            G, exists = self.devices.read(t), self.exists
        else:
            chosen = as_tensor("pre", pre, "index", torch.int64)
            inside = chosen.ndim == 1 and bool(((chosen >= 0) & (chosen < self.n_pre)).all())
            require(inside, "pre", pre, f"presynaptic neurons 0 .. {self.n_pre - 1}")
            G, exists = self.devices.read(t, (*[slice(None)] * 3, chosen)), self.exists[chosen]
        return (G[:, 0].mean(1) - G[:, 1].mean(1)) * exists / self.scale.view(-1, 1, 1)

    def measure(self) -> Float32[Tensor, "R n_pre n_post"]:
        """One noisy read of G+ - G- (µS), as T0 after the last pulse (`PCMArray.measure`)."""
        return self._difference(self.devices.measure())

    def matvec(self, x: Values, t: float) -> Float32[Tensor, "R n_post"]:
        """y_j = sum_i w_ij x_i with the weights as one noisy read at time t (s) gives them.

        x [R, n_pre] may be spikes (bool) or numbers.
        """
        x = as_tensor("x", x, "signal", torch.float32, shape=(self.replicas, self.n_pre))
        return torch.einsum("ri,rij->rj", x, self.read(t))

    # Programming

    def program(self, change: Values, t: float, *, assumed_pulse: Values = ASSUMED_PULSE) -> None:
        """Open-loop programming: whole SET pulses to G+ where `change` (µS) > 0, to G- where < 0.

            pulses = trunc(|change| N / assumed_pulse), dealt one pair at a time in turn

        Args:
            change: [R, n_pre, n_post], wanted change of each weight, in µS.
            t: time in s.
            assumed_pulse: µS that a SET of one device is taken to add; a number, or one a replica.
        """
        self.deal(self.pulses(change, assumed_pulse), t)

    def pulses(
        self, change: Values, assumed_pulse: Values = ASSUMED_PULSE
    ) -> Int32[Tensor, "R 2 n_pre n_post"]:
        """The whole number of pulses for each side that a change of weight (µS) is worth."""
        change = self.check_change("change", change)
        step = self._per_replica("assumed_pulse", assumed_pulse)
        count = whole_pulses(change, step.view(-1, 1, 1), self.pairs)
        allowed = f"worth at most {MOST_PULSES} pulses for a device, of {assumed_pulse} µS"
        largest = count.max().item() / self.pairs
        require(largest <= MOST_PULSES, "change (greatest)", change.abs().max().item(), allowed)
        count = count.int()
        return torch.stack([count * (change > 0), count * (change < 0)], dim=1)

    def deal(self, counts: Values, t: float) -> None:
        """Give each side its count [R, 2, n_pre, n_post] of SET pulses at time t (s), in turn.

        `pcmlib.crossbar.laws.share` says which pair receives how many.
        """
        self._program(t, self._check_counts(counts))

    def verify(self, target: Values, t: float, *, tolerance: Values) -> None:
        """Closed-loop programming: one SET after the other, with a read before and after each,
        until one says G+ - G- is within `tolerance` of `target` [R, n_pre, n_post] (all in µS).

        A SET that overshoots is met by one on the other side, which brings the difference back, and
        its side up. After MOST_CORRECTIONS N SETs a synapse is left as it is.
        """
        goal = self.check_change("target", target).float().where(self.exists, torch.nan)
        self._program(t, goal=goal, tolerance=self._per_replica("tolerance", tolerance))

    def write(
        self, counts: Values, t: float, *, assumed_pulse: Values, tolerance: Values = None
    ) -> None:
        """Counts [R, 2, n_pre, n_post] of SETs, open loop; with a `tolerance` (µS), closed loop:
        to what a first read says, and the change that they are worth at `assumed_pulse` (µS)."""
        self._program(
            t, self._check_counts(counts), assumed_pulse=assumed_pulse, tolerance=tolerance
        )

    def reset(self, sides: Values, t: float) -> None:
        """RESET all N devices of the chosen sides at time t (s); their next turn is pair 0's.

        sides: bool [R, 2, n_pre, n_post].
        """
        sides = as_tensor("sides", sides, "mask", torch.bool, shape=tuple(self.turn.shape))
        self._program(t, reset=sides)

    def refresh(
        self,
        t: float,
        *,
        threshold: float | None = None,
        difference: float | None = None,
        assumed_pulse: Values = ASSUMED_PULSE,
        tolerance: Values = None,
        replicas: Values = None,
    ) -> Bool[Tensor, "R n_pre n_post"]:
        """Give saturated synapses room: RESET both sides, then program their difference back.

        A synapse is refreshed where either side's mean is above `threshold` (µS; None: 0.75 g_max)
        while the sides differ by less than `difference` (µS; None: 0.375 g_max), in those
        `replicas` (bool [R]; None: all). With a `tolerance` (µS) it is written closed loop
        (`write`). Returns where that was.
        """
        g_max = self.devices.parameters.g_max
        threshold = REFRESH_ABOVE * g_max if threshold is None else threshold
        difference = REFRESH_WITHIN * g_max if difference is None else difference
        require_number("threshold", threshold, above=0)
        require_number("difference", difference, above=0)
        if tolerance is not None:
            self._per_replica("tolerance", tolerance)
        value = self.difference
        plus, minus = self.sides.unbind(dim=1)
        saturated = is_saturated(plus, minus, threshold, difference) & self.exists
        if replicas is not None:
            chosen = as_tensor("replicas", replicas, "mask", torch.bool, shape=(self.replicas,))
            saturated = saturated & chosen.view(-1, 1, 1)
        counts = self.pulses(value * saturated, assumed_pulse)
        if saturated.any():
            both = saturated.unsqueeze(1).expand(self.turn.shape)
            self._program(t, counts, both, assumed_pulse=assumed_pulse, tolerance=tolerance)
        return saturated

    def _program(
        self,
        t: float,
        counts: Values = None,
        reset: Values = None,
        *,
        goal: Values = None,
        assumed_pulse: Values = ASSUMED_PULSE,
        tolerance: Values = None,
    ) -> None:
        """RESETs, then SETs or what brings G+ - G- to its goal (NaN: nothing), by the kernels."""
        t, R, step = self.devices.check_time(t), self.replicas, torch.zeros(self.replicas, 2)
        step[:, 1] = self._per_replica("assumed_pulse", assumed_pulse)
        if tolerance is not None:
            step[:, 0] = self._per_replica("tolerance", tolerance)
        none = torch.empty(R, 2, 0, 0, dtype=torch.int32)
        if counts is not None:
            counts = counts * self.exists
        else:  # `verify` counts on its own
            counts = none if goal is None else torch.empty_like(self.turn)
        reset = none.bool() if reset is None else reset & self.exists
        goal = torch.empty(R, 0, 0) if goal is None else goal
        asked = counts, reset, goal
        self.turn, reads = program_all(self.devices, self.turn, self.exists, *asked, step, t)
        self.reads += reads

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
        self, G: Float32[Tensor, "R 2 N n_pre n_post"]
    ) -> Float32[Tensor, "R n_pre n_post"]:
        return (G[:, 0].mean(1) - G[:, 1].mean(1)) * self.exists

    def check_change(self, name: str, values: Values) -> Float64[Tensor, "R n_pre n_post"]:
        """A change of each weight (µS) as a tensor, or ValueError."""
        shape = (self.replicas, self.n_pre, self.n_post)
        return as_tensor(name, values, "real", torch.float64, shape=shape)

    def _check_counts(self, counts: Values) -> Int32[Tensor, "R 2 n_pre n_post"]:
        """SETs of each side, no more than the devices take at once."""
        counts = as_tensor("counts", counts, "whole", torch.int32, shape=tuple(self.turn.shape))
        least, most = (int(end) for end in counts.aminmax())
        limit = MOST_PULSES * self.pairs
        allowed = f"from 0 to {limit}, {MOST_PULSES} for a device at once"
        inside = least >= 0 and most <= limit
        require(inside, "counts (least, greatest)", (least, most), allowed)
        return counts

    def _per_replica(self, name: str, values: Values) -> Float64[Tensor, " R"]:
        """A number for all replicas, or one for each; above 0 in float32, too."""
        numbers = as_tensor(name, values, "real", torch.float64)
        narrow = numbers.float()
        fits = numbers.shape in ((), (self.replicas,)) and bool(torch.isfinite(narrow).all())
        allowed = f"above 0; one number, or {self.replicas}, one a replica"
        require(fits and bool((narrow > 0).all()), name, values, allowed)
        return numbers.expand(self.replicas).clone()
