"""Sphinx extension: the logo, drawn by the model: SET pulses raise a device, drift lowers it.

The curve is the noiseless conductance over five pulses, from pcmlib's own laws.
"""

from pathlib import Path

from sphinx.application import Sphinx

from pcmlib.device import PCMParameters, drift, history_decay, set_increment

PULSES = 5
PERIOD = 0.25  # s: short, so that the drift shows
SIZE = 64
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}">
<rect width="{size}" height="{size}" rx="12" fill="#14323f"/>
<polyline points="{points}" fill="none" stroke="#f0a36b" stroke-width="4" stroke-linejoin="round"/>
</svg>
"""


def saw_tooth() -> list[tuple[float, float]]:
    """Return (time in s, conductance in µS) between and at the pulses."""
    p = PCMParameters()
    conductance, history = p.g_reset, 1.0
    curve = [(-0.3 * PERIOD, conductance)]
    for pulse in range(PULSES):
        start = pulse * PERIOD
        curve.append((start, curve[-1][1]))
        history *= history_decay(p)
        conductance += set_increment(conductance, history, p)[0]
        for elapsed in (0.002, 0.01, 0.03, 0.08, 0.15, PERIOD):
            curve.append((start + elapsed, drift(conductance, elapsed, p.nu, p)))
    return curve


def draw() -> str:
    """Return the curve as an SVG picture."""
    curve = saw_tooth()
    (left, right), top = (curve[0][0], curve[-1][0]), max(g for _, g in curve)
    inner, margin = SIZE * 0.76, SIZE * 0.12
    points = " ".join(
        f"{margin + inner * (t - left) / (right - left):.1f},{SIZE - margin - inner * g / top:.1f}"
        for t, g in curve
    )
    return SVG.format(size=SIZE, points=points)


def setup(app: Sphinx) -> dict[str, bool]:
    """Draw the logo before Sphinx looks for it."""
    target = Path(app.srcdir, "_build", "logo.svg")
    target.parent.mkdir(exist_ok=True)
    target.write_text(draw(), encoding="utf8")
    app.config.html_logo = app.config.html_favicon = "_build/logo.svg"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
