"""The data behind the chapter on the network and e-prop: one trial from inside, and its gradients.

Times in s, rates in Hz, angles in degrees; the membrane is in the unit of the threshold.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from pcmlib.base.checks import require, require_count
from pcmlib.base.records import Record
from pcmlib.book.experiments.gradients import learning
from pcmlib.network import reference
from pcmlib.network.reference import Gradients, Regularisation
from pcmlib.training import TrainConfig
from pcmlib.training.network import Network


@dataclass(frozen=True, eq=False)
class Traces(Record):
    """One trial of one network, and what one synapse i -> j of it remembers. T time steps."""

    time: Float[np.ndarray, " T"]  # s
    inputs: Bool[np.ndarray, "T n_in"]
    spikes: Bool[np.ndarray, "T n_rec"]
    threshold: float
    pre: int  # i, an input channel
    post: int  # j, a neuron
    v: Float[np.ndarray, " T"]  # membrane of neuron j
    h: Float[np.ndarray, " T"]  # its pseudo-derivative
    zbar: Float[np.ndarray, " T"]  # trace of channel i
    ebar: Float[np.ndarray, " T"]  # eligibility trace of the synapse
    signal: Float[np.ndarray, " T"]  # L, learning signal of neuron j
    output: Float[np.ndarray, " T"]
    target: Float[np.ndarray, " T"]

    @property
    def fired(self) -> Bool[np.ndarray, " T"]:
        """When neuron j spiked."""
        return self.spikes[:, self.post]

    @property
    def arrived(self) -> Bool[np.ndarray, " T"]:
        """When channel i did."""
        return self.inputs[:, self.pre]

    @property
    def gradient(self) -> Float[np.ndarray, " T"]:
        """sum_{s<=t} L(s) ebar(s), which ends in the synapse's gradient."""
        return np.cumsum(self.signal * self.ebar)


def trial_traces(config: TrainConfig, *, sample: int = 0, post: int | None = None) -> Traces:
    """Run one sample before any learning, and follow one synapse of the first network.

    The neuron is `post`, or the one whose rate is nearest to the target rate; the channel is the
    one that its eligibility owes most to.
    """
    require_count("sample", sample, at_least=0, at_most=config.samples - 1)
    if post is not None:
        require_count("post", post, at_least=0, at_most=config.n_rec - 1)
    require(config.adaptive == 0, "config.adaptive", config.adaptive, "0: one trace per synapse")
    network = Network(config.replace(replicas=1))
    p = network.neurons
    trial = network.run(torch.tensor([sample]), update=0).trial
    x, target = network.inputs[0, sample], network.targets[0, sample]
    rate = reference.firing_rate(trial.z, p)[0]
    wanted = network.regularisation.rate[0]
    j = int((rate - wanted).abs().argmin()) if post is None else post
    h = reference.pseudo_derivative(
        trial.v[0, :, j], trial.threshold[0, :, j], p.threshold[0], p.gamma
    ).numpy()
    xbar = low_pass(x.numpy().astype(float), p.alpha)
    before = np.vstack([np.zeros_like(xbar[:1]), xbar[:-1]])
    i = int((h @ before).argmax())
    excess = network.regularisation.strength * (rate[j] - wanted)
    signal = (trial.y[0] - target) @ network.feedback[0, j] + excess
    return Traces(
        time=config.time.numpy(),
        inputs=x.numpy(),
        spikes=trial.z[0].numpy(),
        threshold=float(p.threshold[0]),
        pre=i,
        post=j,
        v=trial.v[0, :, j].numpy(),
        h=h,
        zbar=xbar[:, i],
        ebar=low_pass(h * before[:, i], p.kappa),
        signal=signal.numpy(),
        output=trial.y[0, :, 0].numpy(),
        target=target[:, 0].numpy(),
    )


def low_pass(x: Float[np.ndarray, "T *n"], decay: float) -> Float[np.ndarray, "T *n"]:
    """y(t) = decay y(t-1) + x(t), from y = 0."""
    y = np.zeros_like(x)
    y[0] = x[0]
    for t in range(1, len(x)):
        y[t] = decay * y[t - 1] + x[t]
    return y


def gradient_difference(config: TrainConfig) -> dict[str, float]:
    """Largest difference of the factorised and the causal gradient, over the largest gradient.

    On the first sample, before any learning; each of the two gradients in double precision. 0 for
    a layer that has no gradient, as behind neurons that never fire.
    """
    network = Network(config, compiled=False)
    trial = network.run(torch.zeros(config.replicas, dtype=torch.int64), update=0).trial
    trial = trial._replace(v=trial.v.double(), threshold=trial.threshold.double())
    rest = (
        network.inputs[:, 0],
        trial,
        trial.y.double() - network.targets[:, 0],
        network.feedback.double(),
        Regularisation(*(x.double() for x in network.regularisation)),
        network.neurons,
    )
    fast, causal = reference.gradients(*rest), reference.causal_gradients(*rest)
    return {
        name: float((a - b).abs().max() / b.abs().max().clamp(min=torch.finfo(b.dtype).tiny))
        for name, a, b in zip(("in", "rec", "out"), fast, causal, strict=True)
    }


@dataclass(frozen=True, eq=False)
class Angles(Record):
    """Angle of e-prop's gradient to that of BPTT while R networks learn. K epochs."""

    epochs: tuple[int, ...]
    loss: Float[np.ndarray, "K R"]  # mean squared error at those epochs
    random: dict[str, Float[np.ndarray, "K R"]]  # degrees, a layer each; fixed random feedback
    symmetric: dict[str, Float[np.ndarray, "K R"]]  # degrees; feedback by the readout's weights
    feedback: Float[np.ndarray, "K R"]  # degrees between B and the readout's weights
    seconds: float  # that this took


def angles(config: TrainConfig, epochs: Sequence[int] = (0, 5, 20, 50, 100)) -> Angles:
    """Train digital weights with random feedback, and stop at some epochs to measure.

    The gradients of all samples are added up first, without regularisation.
    """
    require(not config.on_crossbar, "config.scheme", config.scheme, "one with digital weights")
    require(len(epochs) > 0, "epochs", epochs, "at least one epoch")
    for epoch in epochs:
        require_count("epochs", epoch, at_least=0)
    began = time.perf_counter()
    network, S = Network(config), config.samples
    found = []
    for epoch in range(max(epochs) + 1):
        if epoch in epochs:
            found.append(_measure(network))
        for _ in learning(network, range(epoch * S, (epoch + 1) * S)):
            pass
    loss, feedback, *layers = (np.array(x, float) for x in zip(*found, strict=True))
    names = ("in", "rec", "out")
    return Angles(
        epochs=tuple(sorted(set(epochs))),
        loss=loss,
        random=dict(zip(names, layers[:3], strict=True)),
        symmetric=dict(zip(names, layers[3:], strict=True)),
        feedback=feedback,
        seconds=time.perf_counter() - began,
    )


def _measure(network: Network) -> list[np.ndarray]:
    """Loss, angle of B to the readout, then the angles with random and with symmetric feedback."""
    c = network.config
    S = c.samples
    none = Regularisation(torch.zeros(c.replicas), torch.zeros(c.replicas))
    weights = list(network.weights.values())
    feedback = {"random": network.feedback, "symmetric": weights[2]}
    loss, sums = torch.zeros(c.replicas), {name: (0, 0, 0) for name in feedback}
    for s in range(S):
        x, target = network.inputs[:, s], network.targets[:, s]
        result = network.run(torch.full((c.replicas,), s), 0)
        loss += result.loss / S
        for name, B in feedback.items():
            error = result.trial.y - target
            g = reference.gradients(x, result.trial, error, B, none, network.neurons)
            sums[name] = tuple(a + b for a, b in zip(sums[name], g, strict=True))

    p, targets = network.neurons, network.targets.flatten(0, 1)
    each_sample = reference.bptt_gradients(  # all samples of all networks side by side
        network.inputs.flatten(0, 1),
        lambda y: ((y - targets) ** 2).sum() / 2,
        *(w.repeat_interleave(S, 0) for w in weights),
        dataclasses.replace(
            p, **{n: getattr(p, n).repeat_interleave(S) for n in ("threshold", "beta")}
        ),
    )
    exact = Gradients(*(g.unflatten(0, (-1, S)).sum(1) for g in each_sample))
    exact.w_rec.diagonal(dim1=1, dim2=2).zero_()  # those synapses do not exist
    between = [reference.angle(Gradients(*g), exact) for g in sums.values()]
    B = torch.cosine_similarity(network.feedback.flatten(1), weights[2].flatten(1))
    return [
        loss.numpy(),
        torch.rad2deg(torch.arccos(B)).numpy(),
        *(angle[name].numpy() for angle in between for name in ("in", "rec", "out")),
    ]
