"""One conversion between networks elsewhere and ours, driven by `pcmlib.interop.conventions`.

    leak       of a step, whatever it is made of: tau_rec = -dt / log leak, as ours decays exactly
    weights    [post, pre] there, [pre, post] here, times what they enter v by: 1, or 1 - leak
    threshold  >= theta there is > the number before theta here, in single precision
    reset      in the same step it decays with v: it has to lower v by theta / leak, not by theta

What has no counterpart is refused by name. All neurons of a network share their constants.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcmlib.base.checks import Values, as_tensor, plain, require, require_number
from pcmlib.base.records import Record
from pcmlib.interop.conventions import GAINS, LEAKS, OURS, SIMULATORS, UNITS, Conventions

_CLOSE = 1e-6  # as near as single precision tells


@dataclass(frozen=True, eq=False)
class Brought(Record):
    """A network from elsewhere, as ours."""

    constants: dict[str, Any]  # fields of `pcmlib.training.TrainConfig`
    weights: dict[str, Float[Tensor, "n_pre n_post"]]  # "in", "rec", "out": for `train`
    later: int  # time steps by which our spikes come later than there, for the same inputs


@dataclass(frozen=True, eq=False)
class Sent(Record):
    """A network of ours, as a simulator takes it."""

    neuron: dict[str, Any]  # by the simulator's names
    readout: dict[str, Any]  # likewise
    weights: dict[str, Float[Tensor, "n_post n_pre"]]  # "in", "rec", "out"
    sooner: int  # time steps by which spikes there come sooner than here, for the same inputs


def bring(
    simulator: str,
    neuron: Any,
    *,
    w_in: Values = None,
    w_rec: Values = None,
    w_out: Values = None,
    readout: Any = None,
    dt: float = 1e-3,
    unlike: tuple[str, ...] = (),
) -> Brought:
    """A network elsewhere as ours.

    Args:
        simulator: "snntorch", "norse", "norse-box" or "nest".
        neuron: what holds the constants: the module of the neurons, not the network around it, or a
            dict such as NEST's ``neurons.get()``.
        w_in, w_rec, w_out: weights [post, pre], or `torch.nn.Linear`. None: the module's own; else
            there is no recurrence, and a readout of zeros.
        readout: holds the readout's leak, as `neuron` does; None: `TrainConfig` has it.
        dt: s, of a step, where the module does not say.
        unlike: ("reset",) takes a network with another reset all the same. Its neurons agree with
            ours until the first spike.

    Raises:
        ValueError: naming what cannot be expressed.
    """
    c, look = _known(simulator, unlike), _looking(neuron)
    _require_model(f"{c.title}: neuron", neuron, c.models)
    needed = [c.names[n] for n in ("leak", "threshold", "refractory", "current") if n in c.names]
    missing = ", ".join(path for path in needed if look(path) is None)
    allowed = f"the neurons' module, or a dict of their constants; it has no {missing}"
    require(not missing, "neuron", type(neuron).__name__, allowed)
    c = _in_force(c, look, c.must)
    dt = _number(c, look, "dt", dt)
    require_number("dt", dt, above=0)
    leak, theta = _leak(c, look, dt), _number(c, look, "threshold")
    require_number(f"{c.title}: threshold", theta, above=0)
    if "reset" not in unlike:
        _require_our_reset(c, leak, theta - _number(c, look, "lowered_to", 0.0), theta)
    allowed = f"{OURS.recurs}, as here"
    require(c.recurs == OURS.recurs, f"{c.title}: delay of a spike", c.recurs, allowed)
    rests = "refractory" in c.names
    rest = UNITS[c.unit].read(_number(c, look, "refractory"), dt) / dt if rests else 0.0
    whole = abs(rest - round(rest)) < _CLOSE
    require(whole, f"{c.title}: refractory time", f"{rest:g} steps", "a whole number of them")

    gain, given = GAINS[c.gain](leak), {"w_in": w_in, "w_rec": w_rec}
    found = {name: _own(c, look, name) if w is None else w for name, w in given.items()}
    W_rec, n = None, None
    if found["w_rec"] is not None:
        W_rec = gain * _matrix("w_rec", found["w_rec"])
        n = W_rec.shape[1]
        require(len(W_rec) == n, "w_rec.shape", (n, len(W_rec)), "[post, pre] of the same neurons")
    W_in = gain * _matrix("w_in", found["w_in"], None, n)
    n = W_in.shape[1]
    W_rec = torch.zeros(n, n) if W_rec is None else W_rec
    _require_no_bias(f"{c.title}: bias of the recurrence", _own(c, look, "bias"))
    loops = int((W_rec.diagonal() != 0).sum())
    allowed = "0: pcmlib has no self-connections. Set the diagonal of w_rec to 0, and train there"
    require(loops == 0, f"{c.title}: neurons with a weight onto themselves", loops, allowed)
    W_out, leaks = torch.zeros(n, 1) if w_out is None else _matrix("w_out", w_out, n), {}
    if readout is not None:
        _require_model(f"{c.title}: readout", readout, c.readouts)
        r = _in_force(c, _looking(readout), c.readout)
        kappa = _leak(r, _looking(readout), dt)
        W_out, leaks = GAINS[r.gain](kappa) * W_out, {"tau_out": LEAKS["exact"].write(kappa, dt)}
    constants = {
        "dt": dt, "tau_rec": LEAKS["exact"].write(leak, dt), **leaks, "refractory": round(rest),
        "threshold": theta if c.fires == OURS.fires else _neighbour(theta, 0.0),
        "n_in": W_in.shape[0], "n_rec": n, "n_out": W_out.shape[1],
        "recurrence": bool(W_rec.any()),
    }  # fmt: skip
    return Brought(constants, {"in": W_in, "rec": W_rec, "out": W_out}, OURS.arrives - c.arrives)


def send(
    simulator: str, config: Any, weights: Mapping[str, Values], *, unlike: tuple[str, ...] = ()
) -> Sent:
    """A network of ours for another simulator.

    Args:
        simulator: as of `bring`.
        config: a `pcmlib.training.TrainConfig`, of one threshold.
        weights: "in", "rec" and "out", [n_pre, n_post] or [1, n_pre, n_post]: those of a
            `TrainingRun` of one network, as a read T0 after the last pulse gives them.
        unlike: as of `bring`.

    Raises:
        ValueError: naming what cannot be expressed.
    """
    c = _known(simulator, unlike)
    c, dt, theta = _in_force(c, c.sends.get, {}), config.dt, plain(config.threshold)
    require_number("threshold", theta, above=0)
    require(config.adaptive == 0, "adaptive", config.adaptive, f"0: {c.title} does not adapt")
    rests = config.refractory > 1
    allowed = f"0 or 1: {c.title} has no refractory time"
    require(not rests or "refractory" in c.names, "refractory", config.refractory, allowed)
    leak, kappa = (LEAKS["exact"].read(tau, dt) for tau in (config.tau_rec, config.tau_out))
    theta = theta if c.fires == OURS.fires else _neighbour(theta, math.inf)
    lowers = theta / leak ** (OURS.resets - c.resets) if "lowered_to" in c.names else theta
    if "reset" not in unlike:
        _require_our_reset(c, leak, lowers, theta)

    def in_its_unit(left: float) -> float:
        return UNITS[c.unit].write(LEAKS[c.leak].write(left, dt), dt)

    neuron, readout = dict(c.sends), dict(c.readout)
    if "current" in c.names:
        neuron[c.names["current"]] = readout[c.names["current"]] = in_its_unit(0.0)
    if "refractory" in c.names:
        neuron[c.names["refractory"]] = UNITS[c.unit].write(config.refractory * dt, dt)
    if "lowered_to" in c.names:
        neuron[c.names["lowered_to"]] = theta - lowers if c.reset == OURS.reset else 0.0
    neuron |= {c.names["leak"]: in_its_unit(leak), c.names["threshold"]: theta}
    readout[c.names["leak"]] = in_its_unit(kappa)
    moved, shapes = {}, dict(zip(("in", "rec", "out"), config.shapes, strict=True))
    require(shapes.keys() <= set(weights), "weights", sorted(weights), "of in, rec and out")
    for name, left in {"in": leak, "rec": leak, "out": kappa}.items():
        w = as_tensor(f"weights[{name!r}]", weights[name], "real", torch.float32)
        w = w[0] if w.ndim == 3 and len(w) == 1 else w
        allowed = f"{shapes[name]}, [n_pre, n_post] of one network"
        require(w.shape == shapes[name], f"weights[{name!r}].shape", tuple(w.shape), allowed)
        moved[name] = w.T / GAINS[c.gain](left)
    neuron, readout = ({_last(path): x for path, x in d.items()} for d in (neuron, readout))
    return Sent(neuron, readout, moved, OURS.arrives - c.arrives)


def _known(simulator: str, unlike: tuple[str, ...]) -> Conventions:
    require(set(unlike) <= {"reset"}, "unlike", unlike, "() or ('reset',)")
    known = [name for name, c in SIMULATORS.items() if c.names]
    require(simulator in known, "simulator", simulator, f"one of {', '.join(known)}")
    return SIMULATORS[simulator]


def _require_model(name: str, module: Any, models: tuple[str, ...]) -> None:
    """Require that a module is of one of these classes, or derived from it."""
    kinds = {kind.__name__ for kind in type(module).__mro__}
    known = not isinstance(module, torch.nn.Module) or bool(kinds & set(models))
    require(
        known, name, type(module).__name__, f"{' or '.join(models)}, and not the network around"
    )


def _looking(owner: Any) -> Callable[[str], Any]:
    """A function that finds "a.b" in an object or a dict; None where there is no such thing."""

    def find(path: str) -> Any:
        found = owner
        for part in path.split("."):
            keyed = isinstance(found, Mapping)
            found = found.get(part) if keyed else getattr(found, part, None)
        return found

    return find


def _in_force(c: Conventions, look: Callable[[str], Any], must: Mapping[str, Any]) -> Conventions:
    """The conventions under the options that were chosen."""
    for path, wanted in must.items():
        found = look(path)
        same = found is None or _one(path, found) == wanted
        require(same, f"{c.title}: {_last(path)}", found, f"{wanted!r}: pcmlib has no other")
    for path, cases in c.options.items():
        found = look(path)
        if found is not None:
            chosen = getattr(found, "__name__", _one(path, found))
            allowed = f"one of {', '.join(map(str, cases))}"
            require(chosen in cases, f"{c.title}: {_last(path)}", chosen, allowed)
            c = dataclasses.replace(c, **cases[chosen])
    return c


def _own(c: Conventions, look: Callable[[str], Any], name: str) -> Any:
    return look(c.names[name]) if name in c.names else None


def _number(
    c: Conventions, look: Callable[[str], Any], name: str, default: float | None = None
) -> float:
    found = _own(c, look, name)
    value = default if found is None else _one(f"{c.title}: {name}", found)
    require_number(f"{c.title}: {name}", value)
    return float(value)


def _one(name: str, value: Any) -> Any:
    """The one number of all neurons."""
    found = plain(value)
    if not isinstance(found, tuple):
        return found
    require(len(set(found)) == 1, name, found, "one number for all neurons")
    return found[0]


def _leak(c: Conventions, look: Callable[[str], Any], dt: float) -> float:
    """What a step leaves of v; a synaptic current has to be gone by then."""

    def left(name: str) -> float:
        value = _number(c, look, name)
        require_number(f"{c.title}: {_last(c.names[name])}", value, above=0)
        return LEAKS[c.leak].read(UNITS[c.unit].read(value, dt), dt)

    current = left("current") if "current" in c.names else 0.0
    allowed = "0: pcmlib has no synaptic time constant. Take one of a step: tau_syn = dt"
    require(abs(current) < _CLOSE, f"{c.title}: current left after a step", current, allowed)
    leak, allowed = left("leak"), "above 0 and below 1: no time constant has another"
    require(0 < leak < 1, f"{c.title}: leak of a step", leak, allowed)
    return leak


def _require_our_reset(c: Conventions, leak: float, lowers: float, theta: float) -> None:
    """Require that a spike lowers the next step's v by theta."""
    allowed = f"{OURS.reset}: a spike lowers v by the threshold, and does not set it; or say "
    allowed += 'unlike=("reset",), and train on'
    require(c.reset == OURS.reset, f"{c.title}: reset", c.reset, allowed)
    share = lowers * leak ** (OURS.resets - c.resets) / theta
    name = f"{c.title}: reset, as a share of the threshold, of the next step's v"
    allowed = "1: one in the same step decays with v, and has to be the threshold / leak"
    require(math.isclose(share, 1, rel_tol=_CLOSE), name, share, allowed)


def _require_no_bias(name: str, bias: Any) -> None:
    some = bias is not None and bool(as_tensor(name, bias, "real", torch.float32).any())
    allowed = "0: pcmlib has none. Give it as weights of one more input, which always spikes"
    require(not some, name, plain(bias), allowed)


def _matrix(
    name: str, value: Any, n_pre: int | None = None, n_post: int | None = None
) -> Float[Tensor, "n_pre n_post"]:
    """Weights [post, pre], or a linear layer's; n_pre, n_post: None where they are not known."""
    if isinstance(value, torch.nn.Module):
        _require_no_bias(f"{name}: bias", value.bias)
        value = value.weight
    require(value is not None, name, value, "weights [post, pre], or a torch.nn.Linear")
    w = as_tensor(name, value, "real", torch.float32)
    known = {"post": n_post, "pre": n_pre}
    fits = w.ndim == 2 and all(k in (None, x) for k, x in zip(known.values(), w.shape, strict=True))
    said = ", ".join(f"{name} = {k}" for name, k in known.items() if k is not None)
    require(fits, f"{name}.shape", tuple(w.shape), f"[post, pre]{said and f', with {said}'}")
    return w.T.contiguous()


def _neighbour(theta: float, towards: float) -> float:
    """The next number in single precision: v >= theta is v > the number before theta."""
    return float(np.nextafter(np.float32(theta), np.float32(towards)))


def _last(path: str) -> str:
    return path.rpartition(".")[2]
