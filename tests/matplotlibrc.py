"""A matplotlibrc in which hardly any setting is the default, to draw figures under."""

import matplotlib as mpl

WORDS = {
    "axes.labelsize": 20.0,
    "axes.autolimit_mode": "round_numbers",
    "axes.titlelocation": "right",
    "figure.dpi": 217.0,
    "figure.facecolor": "red",
    "font.family": ["monospace"],
    "image.cmap": "gray",
    "image.origin": "lower",
    "legend.fontsize": 4.0,
    "legend.loc": "center",
    "lines.dotted_pattern": [5.0, 1.0],
    "mathtext.fontset": "stix",
    "path.sketch": (1.0, 100.0, 2.0),
    "savefig.bbox": "tight",
    "savefig.dpi": 33.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "another",
    "text.color": "green",
    "xtick.direction": "in",
}
LEFT = {"text.usetex", "interactive"}  # LaTeX may be missing; a window may open


def _other(value):
    """A taller number, or the opposite of yes and no."""
    if isinstance(value, bool):
        return not value
    return 1.7 * value + 1 if isinstance(value, int | float) else value


def _allowed(name, value):
    try:
        with mpl.rc_context({name: value}):
            return True
    except (ValueError, RuntimeError):  # a number above what is allowed
        return False


def hostile():
    """The settings that differ, with their values."""
    names = mpl.rcParamsDefault.keys() - LEFT
    values = {name: WORDS.get(name, _other(mpl.rcParamsDefault[name])) for name in sorted(names)}
    differing = {
        name: value
        for name, value in values.items()
        if value != mpl.rcParamsDefault[name] and _allowed(name, value)
    }
    assert len(differing) > 120
    return differing
