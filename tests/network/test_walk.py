"""A training walked by hand: one synapse, one device and one step at a time, from the equations.

Plain Python in double precision, which shares no line with the engine: devices under SET and RESET,
drift within a trial, traces as e-prop has them, rules, pulses dealt in turn, refresh. Noise is off,
so that both can be compared pulse by pulse.
"""

import math

import numpy as np
import pytest

from pcmlib.network.epoch import shuffled
from pcmlib.tasks import Samples
from pcmlib.training import TrainConfig
from pcmlib.training.aging import aged, ask
from pcmlib.training.layers import by_layer
from pcmlib.training.network import Network

SCHEMES = ("sign", "multi-mem", "mixed-precision", "upd-ready")
CONFIG = TrainConfig(
    scheme="multi-mem", n_in=4, n_rec=3, n_out=2, steps=60, dt=2e-3, samples=2, epochs=6, pairs=2,
    input_rate=120.0, threshold=0.06, tau_rec=20e-3, tau_out=25e-3, lr_in=0.1, lr_rec=0.1,
    lr_out=0.1, lr_decay=0.9, regularisation=2e-3, target_rate=60.0, feedback_gain=1.0,
    quantum=0.3, stop_level=0.02, scale=6.0, conductance=8.6, refresh_period=3, period=20.0,
    write_noise=0.0, read_noise=0.0, gradient_limit=2.0, seed=4,
)  # fmt: skip


class Device:
    """One cell: G, P and the time of its last pulse."""

    def __init__(self, G):
        self.G, self.P, self.t, self.sets, self.resets = float(G), 1.0, 0.0, 0, 0

    def set(self, t):
        self.P *= math.exp(-1 / 2.6)
        step = -0.084 * self.G + 0.880 + 1.40 * self.P
        self.G = min(max(self.G + step, 0.1), 12.0)
        self.t, self.sets = t, self.sets + 1

    def reset(self, t):
        self.G, self.P, self.t, self.resets = 0.1, 1.0, t, self.resets + 1

    def read(self, t):
        drifted = self.G * ((t - self.t) / 38.6) ** -0.04
        return min(max(drifted, 0.1), 12.0)


class Synapse:
    """N differential pairs, and what the scheme keeps of them."""

    def __init__(self, G, exists, scale):
        self.sides = [[Device(g) for g in side] for side in G]
        self.turn, self.kept, self.exists, self.scale = [0, 0], 0.0, exists, scale

    def means(self):
        return [sum(d.G for d in side) / len(side) for side in self.sides]

    def weight(self, t):
        if not self.exists:
            return 0.0
        plus, minus = (sum(d.read(t) for d in side) / len(side) for side in self.sides)
        return (plus - minus) / self.scale

    def reset(self, side, t):
        for device in self.sides[side]:
            device.reset(t)
        self.turn[side] = 0

    def write(self, change, t):
        """Whole pulses for a change in µS, towards the side that raises or lowers the weight."""
        self.pulse(0 if change > 0 else 1, worth(abs(change), len(self.sides[0])), t)

    def pulse(self, side, count, t):
        for _ in range(count):
            self.sides[side][self.turn[side]].set(t)
            self.turn[side] = (self.turn[side] + 1) % len(self.sides[side])


def worth(change, pairs):
    return math.floor(change * pairs / 0.75 + 1e-6)


def decide(scheme, synapse, g, lr, c, t):
    """What the scheme makes of one synapse's gradient."""
    if scheme == "sign":
        if abs(g) > c.stop_level:
            synapse.pulse(1 if g > 0 else 0, 1, t)
    elif scheme == "multi-mem":
        synapse.write(-lr * g * c.scale, t)
    elif scheme == "mixed-precision":
        synapse.kept += lr * g
        quanta = math.trunc(synapse.kept / c.quantum)
        synapse.kept -= quanta * c.quantum
        if quanta:
            count = max(1, worth(abs(quanta) * c.quantum * c.scale, c.pairs))
            synapse.pulse(1 if quanta > 0 else 0, count, t)
    else:
        change = -lr * g * c.scale
        plus, minus = synapse.means()
        if abs(change) > 10 - (plus if change > 0 else minus):
            before = plus - minus
            synapse.reset(1 if change >= 0 else 0, t)
            plus, minus = synapse.means()
            change -= (plus - minus) - before
        synapse.write(change, t)


def refresh(synapse, t):
    plus, minus = synapse.means()
    if max(plus, minus) > 9 and abs(plus - minus) < 4.5:
        synapse.reset(0, t)
        synapse.reset(1, t)
        synapse.write(plus - minus, t)
        return True
    return False


def walk_trial(c, x, target, layers, feedback, start):
    """Loss, spikes and the three gradients of one trial that starts at `start` (s)."""
    w_in, w_rec, w_out = layers
    alpha, kappa = math.exp(-c.dt / c.tau_rec), math.exp(-c.dt / c.tau_out)
    neurons, outputs = range(c.n_rec), range(c.n_out)
    v, z = [[0.0] * c.n_rec], [[0] * c.n_rec]
    y = [[0.0] * c.n_out]
    for step in range(c.steps - 1):
        t = start + step * c.dt + 5e-4
        v.append([])
        for j in neurons:
            current = sum(w_in[i][j].weight(t) for i in range(c.n_in) if x[step][i])
            current += sum(w_rec[i][j].weight(t) for i in neurons if z[step][i])
            v[-1].append(alpha * v[step][j] + current - c.threshold * z[step][j])
        z.append([int(v[-1][j] > c.threshold) for j in neurons])
        y.append([
            kappa * y[step][k] + sum(w_out[j][k].weight(t) for j in neurons if z[-1][j])
            for k in outputs
        ])  # fmt: skip
    rates = [sum(s[j] for s in z) / (c.steps * c.dt) for j in neurons]
    pull = [c.regularisation * (rate - c.target_rate) for rate in rates]
    g_in, g_rec, g_out = (np.zeros((len(w), len(w[0]))) for w in layers)
    trace_x, trace_z = [0.0] * c.n_in, [0.0] * c.n_rec
    e_in, e_rec, low = np.zeros_like(g_in), np.zeros_like(g_rec), [0.0] * c.n_rec
    for step in range(c.steps):
        error = [y[step][k] - target[step][k] for k in outputs]
        for j in neurons:
            h = c.gamma * max(0.0, 1 - abs(v[step][j] - c.threshold) / c.threshold)
            signal = sum(feedback[j][k] * error[k] for k in outputs) + pull[j]
            for traces, e, g in ((trace_x, e_in, g_in), (trace_z, e_rec, g_rec)):
                for i, trace in enumerate(traces):
                    e[i][j] = kappa * e[i][j] + h * trace
                    g[i][j] += signal * e[i][j]
            low[j] = kappa * low[j] + z[step][j]
            for k in outputs:
                g_out[j][k] += error[k] * low[j]
        trace_x = [alpha * trace + int(x[step][i]) for i, trace in enumerate(trace_x)]
        trace_z = [alpha * trace + z[step][j] for j, trace in enumerate(trace_z)]
    np.fill_diagonal(g_rec, 0)
    limit = c.gradient_limit
    loss = np.mean([(a - b) ** 2 for u, w in zip(y, target, strict=True)
                    for a, b in zip(u, w, strict=True)])  # fmt: skip
    return loss, z, [g.clip(-limit, limit) for g in (g_in, g_rec, g_out)]


def synapses(network, name):
    """One layer at its start, synapse by synapse: [n_pre][n_post]."""
    G = devices(network, name, "G").numpy()
    scale = network.config.scale
    return [
        [Synapse(G[:, :, i, j], name != "rec" or i != j, scale) for j in range(G.shape[3])]
        for i in range(G.shape[2])
    ]


def walk_epoch(network, layers, epoch, rest):
    """One epoch by hand, `rest` seconds late: its loss, spikes, and how many were refreshed."""
    c = network.config
    x, target = network.inputs[0].numpy(), network.targets[0].numpy()
    feedback, order = network.feedback[0].numpy(), shuffled(network.states[0].order[0], epoch, 2)
    losses, spikes, refreshed = [], 0, 0
    for m, s in enumerate(order):
        update = epoch * c.samples + m
        start, after = update * c.period + rest, (update + 1) * c.period + rest
        loss, z, g = walk_trial(c, x[s], target[s], layers, feedback, start)
        losses.append(loss)
        spikes += np.sum(z)
        for name, layer, gradient in zip(("in", "rec", "out"), layers, g, strict=True):
            lr = getattr(c, f"lr_{name}") * c.lr_decay**epoch
            for i, row in enumerate(layer):
                for j, synapse in enumerate(row):
                    if synapse.exists:
                        decide(c.scheme, synapse, gradient[i, j], lr, c, after)
                        if (update + 1) % c.refresh_period == 0:
                            refreshed += refresh(synapse, after)
    return np.mean(losses), spikes, refreshed


def devices(network, name, what):
    return by_layer(network.config, network.state()[what], 2, network.config.pairs)[name][0]


def assert_alike(network, layers):
    """The engine's devices are those of the walk."""
    for name, layer in zip(("in", "rec", "out"), layers, strict=True):
        every = np.array([[s.sides for s in row] for row in layer]).transpose(2, 3, 0, 1)
        got = np.vectorize(lambda d, what: getattr(d, what), otypes=[float])
        exists = np.array([[s.exists for s in row] for row in layer])
        n_set, G = (devices(network, name, what).numpy() for what in ("n_set", "G"))
        np.testing.assert_array_equal(n_set, got(every, "sets"), name)
        np.testing.assert_allclose(G * exists, got(every, "G") * exists, rtol=2e-5)


def assert_asked_alike(network, layers, done):
    """What it answers at several ages, after `done` epochs; the losses."""
    samples, losses = Samples(network.inputs, network.targets, network.counts), []
    c = network.config.replace(epochs=max(done, 1), threshold=0.02)
    feedback = network.feedback[0].numpy()
    for after in (0.0, 0.3, 15.0, 1e3, 3e6):
        start = c.updates * c.period + after
        walked = [
            walk_trial(c, x, target, layers, feedback, start)[0]
            for x, target in zip(*(part[0].numpy() for part in samples[:2]), strict=True)
        ]
        losses.append(ask(c, network.state(), samples, after=after).loss.item())
        assert losses[-1] == pytest.approx(np.mean(walked), rel=1e-4)
    return losses


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_engine_takes_every_step_of_the_walk(scheme):
    """It is asked what it knows before it learns, and while it rests after its first epoch."""
    c = CONFIG.replace(scheme=scheme)
    network, rest = Network(c), 0.0
    layers = [synapses(network, name) for name in ("in", "rec", "out")]
    assert len(set(assert_asked_alike(network, layers, 0))) > 2
    total = np.zeros(2)  # spikes, and synapses that were refreshed
    for epoch in range(c.epochs):
        if epoch == 1:
            assert_asked_alike(network, layers, epoch)
            rest = 5e5
            network.load(aged(network.state(), rest))
        loss, *counts = walk_epoch(network, layers, epoch, rest)
        total += counts
        assert network.epoch(epoch)[0].item() == pytest.approx(loss, rel=1e-4 if rest else 2e-5)
        assert_alike(network, layers)
    cells = [d for layer in layers for row in layer for s in row for side in s.sides for d in side]
    wear = network.wear[:, 0].tolist()
    assert wear[:2] == [sum(d.sets for d in cells), sum(d.resets for d in cells)]
    assert total[0] > 80  # that all of it was walked through
    assert total[1] > 0
    assert wear[0] > 30
