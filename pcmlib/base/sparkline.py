"""A small curve as SVG, for what a notebook shows of a record."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

WIDTH, HEIGHT, EDGE = 240, 64, 6  # px


def sparkline(y: Float[np.ndarray, "R E"], title: str) -> str:
    """Rows of `y` as lines on one logarithmic axis, in the text's own colour; "" without numbers.

    Only what is finite and above 0 is drawn. The ends of the axis are in the `title` that a pointer
    and a screen reader find.
    """
    y = np.asarray(y, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = np.log10(y)
    drawn = np.isfinite(log)
    if not drawn.any():
        return ""
    low, high = log[drawn].min(), log[drawn].max()
    across = np.linspace(EDGE, WIDTH - EDGE, log.shape[1]) if log.shape[1] > 1 else [WIDTH / 2]
    up = HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (log - low) / max(high - low, 1e-12)
    lines = []
    for row, known in zip(up, drawn, strict=True):
        points = " ".join(
            f"{a:.1f},{b:.1f}" for a, b, k in zip(across, row, known, strict=True) if k
        )
        if points:
            lines.append(f'<polyline points="{points}"/>')
    most, least = y[drawn].max(), y[drawn].min()
    said = f"{title}: from {most:.3g} at most to {least:.3g} at least, logarithmic"
    return (
        f'<svg role="img" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'fill="none" stroke="currentColor" stroke-opacity="0.6">'
        f"<title>{said}</title>{''.join(lines)}</svg>"
    )
