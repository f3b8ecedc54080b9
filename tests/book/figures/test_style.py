"""The book's figures are the same under any matplotlibrc."""

import ast
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlibrc import hostile

from pcmlib.book.experiments import devices as experiments
from pcmlib.book.figures import devices as plots
from pcmlib.book.widgets.page import draw

PLOTS = Path(plots.__file__).parent


def saved(figure, suffix):
    file = BytesIO()
    figure.savefig(file, format=suffix, dpi=50, metadata={"Date": None} if suffix == "svg" else {})
    return file.getvalue()


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_a_saved_figure_has_the_same_bytes_under_any_matplotlibrc(suffix):
    run = experiments.pulse_statistics(devices=20)
    exact = experiments.exact_moments()
    curves = experiments.drift_curves()
    read = experiments.read_statistics(levels=3, reads=9)
    make = (
        lambda: plots.plot_pulse_statistics(run, exact),
        lambda: plots.plot_device_panels(run, read, curves),
        lambda: plots.plot_distributions(run),
    )
    plain = [saved(figure(), suffix) for figure in make]
    with mpl.rc_context(hostile()):
        assert [saved(figure(), suffix) for figure in make] == plain


def test_a_figure_of_one_matplotlibrc_looks_the_same_shown_under_another():
    """As a notebook shows it: drawn onto a canvas, not saved."""

    def shown(settings):
        figure = plots.plot_steps(np.arange(1.0, 6.0), np.ones(5), np.ones(5))
        canvas = FigureCanvasAgg(figure)
        with mpl.rc_context(settings):
            canvas.draw()
        return np.asarray(canvas.buffer_rgba())

    assert np.array_equal(shown({}), shown(hostile()))


def test_a_reader_s_own_figure_is_drawn_whole():
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([0, 1])
    with mpl.rc_context({"savefig.bbox": "tight", "savefig.pad_inches": 1}):
        assert 'viewBox="0 0 288 216"' in draw(figure, "name")


@pytest.mark.parametrize("path", sorted(PLOTS.glob("*.py")), ids=lambda path: path.stem)
def test_every_function_that_makes_a_figure_is_in_the_book_s_style(path):
    for function in ast.parse(path.read_text()).body:
        if isinstance(function, ast.FunctionDef) and "Figure" in ast.unparse(function.returns):
            assert "book_style()" in map(ast.unparse, function.decorator_list), function.name
