"""The likeliest constants, how well a table tells them, and which it does not tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float64
from torch import Tensor

from pcmlib.device.fit.free import Free
from pcmlib.device.fit.likelihood import Grid, grid_for, log_likelihood, slices
from pcmlib.device.fit.reads import Reads
from pcmlib.device.laws import Constants

_WIDTH = 3.0  # of a free number's weak prior: what no read tells stays near where it began
_STEP = 1e-5  # of the differences that give the Hessian
_ROUNDS = 4  # of fits, each on a grid as fine as the last one's noise asks for
_MOST_STEPS, _FEW_STEPS = 100, 40
_FAR = 5.0  # standard deviations
_PILOT, _PILOT_FROM = 5, 100  # each so-manieth device is a pilot, of so many
Tell = Callable[[], object]  # called after each evaluation of the likelihood


class Estimate(NamedTuple):
    x: Float64[Tensor, " free"]
    covariance: Float64[Tensor, "free free"]
    log_likelihood: float
    evaluations: int
    grid: Grid

    def given_zero(self, zero: list[int], kept: list[int]) -> tuple[Tensor, Tensor]:
        """Where the other numbers would be if some were 0, by the quadratic; and their Hessian."""
        C, x = self.covariance, self.x
        share = torch.linalg.solve(C[zero][:, zero], C[zero][:, kept])
        width = C.diagonal()[kept].sqrt()
        shift = torch.minimum(torch.maximum(x[zero] @ share, -_FAR * width), _FAR * width)
        left = C[kept][:, kept] - C[kept][:, zero] @ share
        return x[kept] - shift, torch.linalg.inv(left)


class _Objective:
    """-log-likelihood - log prior, and its gradient."""

    def __init__(self, free: Free, reads: Reads, grid: Grid, start: Tensor, tell: Tell) -> None:
        self.free, self.reads, self.grid, self.start, self.tell = free, reads, grid, start, tell
        self.evaluations = 0

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        value, gradient = torch.zeros((), dtype=torch.float64), torch.zeros_like(x)
        for part in slices(self.reads, self.grid):
            y = x.detach().clone().requires_grad_()
            p, a = self.free.model(y)
            lost = -log_likelihood(p, a, self.reads, self.grid, part).sum()
            gradient += torch.autograd.grad(lost, y)[0]
            value += lost.detach()
        self.evaluations += 1
        self.tell()
        away = (x.detach() - self.start) / _WIDTH
        return value + self.prior(x), gradient + away / _WIDTH

    def prior(self, x: Tensor) -> float:
        """-log prior, but for a constant."""
        return float(((x.detach() - self.start) ** 2).sum()) / (2 * _WIDTH**2)


def estimate(free: Free, reads: Reads, start: Float64[Tensor, " free"], tell: Tell) -> Estimate:
    """Maximise the likelihood from a start; the grid is made anew where it proves too coarse.

    The first steps with many devices are taken on a fifth of them; its Hessian then is the metric.
    """
    pilot = reads.every(_PILOT) if reads.devices >= _PILOT_FROM else None
    x, H, evaluations = start, torch.eye(len(start), dtype=torch.float64), 0
    for told in (pilot, reads):
        if told is None:
            continue
        grid = None
        for _ in range(_ROUNDS):
            wanted = grid_for(Constants(*map(float, free.model(x)[0])), told)
            if grid is not None and not wanted.finer_than(grid):
                break
            grid = wanted
            objective = _Objective(free, told, grid, start, tell)
            x = _minimise(objective, x, H)
        H = _hessian(objective, x) * (reads.devices / told.devices)
        evaluations += objective.evaluations
    found = float(-objective(x)[0]) + objective.prior(x)
    return Estimate(x, torch.linalg.inv(H), found, evaluations, grid)


def refit(free: Free, reads: Reads, x: Tensor, H: Tensor, tell: Tell) -> float:
    """Log-likelihood of a simpler law, from where it should be likeliest."""
    grid = grid_for(Constants(*map(float, free.model(x)[0])), reads)
    objective = _Objective(free, reads, grid, x, tell)
    x = _minimise(objective, x, H, most_steps=_FEW_STEPS)
    return objective.prior(x) - float(objective(x)[0])


def _minimise(objective: _Objective, x: Tensor, H: Tensor, most_steps: int = _MOST_STEPS) -> Tensor:
    """L-BFGS in coordinates z in which the Hessian would be 1, were it H: x = x0 + L^-T z."""
    values, axes = torch.linalg.eigh(H)
    to_x = axes / values.clamp(min=1 / _WIDTH**2).sqrt()
    z = torch.zeros_like(x).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [z], max_iter=most_steps, tolerance_grad=3e-3, tolerance_change=1e-7, history_size=20,
        line_search_fn="strong_wolfe",
    )  # fmt: skip

    def evaluate() -> Tensor:
        value, gradient = objective(x + to_x @ z.detach())
        z.grad = to_x.T @ gradient
        return value

    optimiser.step(evaluate)
    return x + to_x @ z.detach()


def _hessian(objective: _Objective, x: Tensor) -> Tensor:
    """Differences of the gradient; never less than the prior's, as where nothing is told."""
    _, here = objective(x)
    steps = _STEP * torch.eye(len(x), dtype=torch.float64)
    H = torch.stack([(objective(x + step)[1] - here) / _STEP for step in steps])
    values, axes = torch.linalg.eigh((H + H.T) / 2)
    return axes * values.clamp(min=1 / _WIDTH**2) @ axes.T
