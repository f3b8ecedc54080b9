"""Explorers: what a page holds, what breaks them, and their widgets in a real kernel."""

import asyncio
import gc
import json
import re
import threading
import time
import weakref
from queue import Empty

import numpy as np
import pytest
from IPython.core.formatters import format_display_data
from jupyter_client.manager import start_new_kernel
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from pcmlib.book.live import LiveFunction
from pcmlib.book.live.function import FUNCTIONS
from pcmlib.book.widgets import Choice, Panel, Slider, Toggle, explorer

KNOBS = {
    "slope": Slider(0, 4, 1, 2, "slope", "µS"),
    "sign": Choice(["up", "down"], "up", "sign"),
    "mesh": Toggle(False, "mesh"),
}


def line(slope, sign="up", mesh=False, width=4):
    figure = Figure(figsize=(width, 3))
    axes = figure.subplots()
    axes.plot([0, 1], [0, slope if sign == "up" else -slope])
    axes.set(ylim=(-5, 5))
    axes.grid(mesh)
    return figure


@pytest.fixture
def book(monkeypatch):
    monkeypatch.setenv("PCMLIB_BOOK", "1")


@pytest.fixture(autouse=True)
def _notebook(monkeypatch):
    monkeypatch.delenv("PCMLIB_BOOK", raising=False)


def make(function=line, knobs=KNOBS, **options):
    return explorer(function, caption="A line.", **options, **knobs)


def test_positions_stand_for_values():
    assert make().start == (2, 0, 0)
    assert make().values((4, 1, 1)) == {"slope": 4, "sign": "down", "mesh": True}


@pytest.fixture
def ramp():
    """A live function, and how often it was called."""
    calls = []

    def ramp(slope, sign, mesh, x, y):
        for k in range(3):
            x[k], y[k] = k, k * slope * (1 - 2 * sign) + mesh

    made = LiveFunction(ramp, {}, {"x": (3,), "y": (3,)}, choices={"sign": ["up", "down"]})

    @made.here
    def _(**knobs):
        calls.append(knobs)
        found = {"x": np.zeros(3, np.float32), "y": np.zeros(3, np.float32)}
        ramp(*knobs.values(), *found.values())
        return found

    @made.figure
    def _(x, y):
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        axes.plot(x, y)
        axes.set(ylim=(-10, 10), xlim=(0, 2))
        return figure

    yield made, calls
    del FUNCTIONS["ramp"]


def test_a_page_is_alive_only_while_a_book_is_built(ramp, monkeypatch):
    function, calls = ramp
    assert "<script" not in make(function).html()
    assert calls == [{"slope": 2.0, "sign": 0.0, "mesh": 0.0}]
    monkeypatch.setenv("PCMLIB_BOOK", "1")
    text = make(function).html()
    told = json.loads(re.search(r'class="explorer-live">(.*?)</script>', text)[1])
    assert told["function"] == "ramp"
    [artist] = told["artists"]
    assert [artist["data"][name]["output"] for name in "xy"] == ["x", "y"]
    assert f'id="{make(function).name}-live-0"' in text
    assert {tuple(call.values()) for call in calls} == {(2, 0, 0), (0, 0, 0), (4, 1, 1)}


@pytest.mark.parametrize(
    "knob",
    [Choice(["down", "up"], "up", "sign"), Choice(["up", "left"], "up", "sign"), Toggle(True, "s")],
)
def test_options_that_the_function_has_not_are_refused(ramp, knob):
    """It gets their places, which would mean others."""
    function, _ = ramp
    with pytest.raises(
        ValueError, match=r"^sign = .*must be the function's choices, \['up', 'down'"
    ):
        make(function, KNOBS | {"sign": knob})


@pytest.mark.usefixtures("book")
def test_a_figure_that_shows_what_is_no_output_stops_the_book(ramp):
    function, _ = ramp
    draw = function.draw
    function.figure(lambda x, y: draw(x, 2 * y))
    with pytest.raises(ValueError, match=r"y of a Line2D .* must be an output"):
        make(function)


@pytest.mark.usefixtures("book")
def test_a_plain_function_stands_on_a_page_at_its_defaults():
    text = make().html()
    assert "<svg" in text
    assert "<script" not in text
    assert "<input" not in text


def test_widgets_compute_a_live_function_at_every_combination(ramp):
    function, calls = ramp
    panel = Panel(make(function))
    for control, index in zip(panel.controls, (4, 1, True), strict=True):
        setattr(control, "value" if index is True else "index", index)
    assert calls[-1] == {"slope": 4.0, "sign": 1.0, "mesh": 1.0}


@pytest.mark.usefixtures("book")
def test_the_same_explorer_has_the_same_bytes_and_two_have_two_names():
    assert make().html() == make().html()
    assert make().name != make(line, {"slope": KNOBS["slope"]}).name


@pytest.mark.usefixtures("book")
def test_figures_of_pyplot_are_closed():
    def with_pyplot(slope):
        figure, axes = plt.subplots()
        axes.plot([0, slope])
        axes.set(ylim=(0, 5))
        return figure

    make(with_pyplot, {"slope": KNOBS["slope"]})
    assert not plt.get_fignums()


def test_no_figure_outlives_its_drawing():
    drawn = []

    def remembered(slope):
        figure = line(slope)
        drawn.append(weakref.ref(figure))
        return figure

    explored = make(remembered, {"slope": KNOBS["slope"]})
    explored.draw((4,))
    gc.collect()
    assert [figure() for figure in drawn] == [None, None]


def fails_at(value):
    def broken(slope):
        if slope == value:
            raise ZeroDivisionError("broken")
        return line(slope)

    return broken


def test_an_explorer_that_is_broken_at_its_defaults_stops_its_cell():
    with pytest.raises(ZeroDivisionError, match="broken"):
        make(fails_at(2), {"slope": KNOBS["slope"]})


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"caption": " "}, "caption"),
        ({"knobs": {}}, "knobs"),
        ({"function": lambda slope, sign, mesh: None}, "function"),
    ],
)
def test_bad_arguments_are_refused_by_name(options, name):
    given = {"function": line, "caption": "A line.", "knobs": KNOBS} | options
    function, knobs = given.pop("function"), given.pop("knobs")
    with pytest.raises(ValueError, match=f"^{name} = "):
        explorer(function, **given, **knobs)


def test_outside_a_kernel_an_explorer_is_html():
    data, _ = format_display_data(make(), include={"text/plain", "text/html"})
    bundle = make()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert re.fullmatch(r"<explorer-[0-9a-f]{8}: line\(slope, sign, mesh\)>", bundle["text/plain"])
    assert data["text/html"] == bundle["text/html"]


def test_widgets_reach_every_combination():
    panel = Panel(make())
    slope, sign, mesh = panel.controls
    start = panel.picture.value
    slope.index, sign.index, mesh.value = 4, 1, True
    assert panel.positions == (4, 1, 1)
    assert panel.picture.value != start
    expected = "".join(panel.explorer.draw((4, 1, 1)))
    assert expected in panel.picture.value


def test_an_error_of_a_moved_knob_is_shown_and_raised():
    panel = Panel(make(fails_at(4), {"slope": KNOBS["slope"]}))
    with pytest.raises(ZeroDivisionError):
        panel.controls[0].index = 4
    assert 'role="alert"' in panel.picture.value
    assert "ZeroDivisionError: broken" in panel.picture.value
    panel.controls[0].index = 3
    assert "<svg" in panel.picture.value


def test_only_the_newest_position_is_computed():
    calls = []

    def slow(slope):
        calls.append(slope)
        if len(calls) == 2:  # positions that arrive while a figure is being computed
            for index in (1, 2, 0):
                panel.controls[0].index = index
        return line(slope)

    panel = Panel(make(slow, {"slope": KNOBS["slope"]}))

    async def drag():
        for index in (1, 0, 3, 4):
            panel.controls[0].index = index
        await asyncio.sleep(1)

    asyncio.run(drag())
    assert calls == [2, 4, 0]  # the default, the newest of the first drag, and of the second


def test_moves_that_reach_two_threads_are_drawn_one_after_the_other():
    """The picture is then that of the newest position, whichever thread was the slower."""
    drawn, begun = [], threading.Event()

    def slow(slope):
        if threading.current_thread() is not threading.main_thread():
            drawn.append(("begin", slope))
            begun.set()
            time.sleep(0.3 if slope == 0 else 0.05)
            drawn.append(("end", slope))
        return line(slope)

    panel = Panel(make(slow, {"slope": KNOBS["slope"]}))

    def move(index):
        panel.controls[0].index = index

    first = threading.Thread(target=move, args=(0,))
    second = threading.Thread(target=move, args=(4,))
    first.start()
    assert begun.wait(10)
    second.start()
    for thread in (first, second):
        thread.join()
    assert drawn == [("begin", 0), ("end", 0), ("begin", 4), ("end", 4)]


KERNEL = """
import asyncio, time
from matplotlib.figure import Figure
from tqdm.auto import tqdm
from pcmlib.book.widgets import Slider, explorer

calls = []

def slow(slope):
    calls.append(slope)
    for _ in tqdm(range(5), leave=False):
        time.sleep(0.1)
    if slope == 9:
        raise ZeroDivisionError("broken")
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([0, slope])
    return figure

shown = explorer(slow, caption="A line.", slope=Slider(0, 9, 1, 2, "slope"))
shown
"""


class Kernel:
    """A running kernel, and what it has sent."""

    def __init__(self):
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code):
        """Execute a cell; return its messages, of all kinds."""
        self.client.execute(code)
        return self.messages(lambda message: message["content"].get("execution_state") == "idle")

    def messages(self, last, timeout=60):
        found = []
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            try:
                found.append(self.client.get_iopub_msg(timeout=0.5))
            except Empty:
                continue
            if last(found[-1]):
                return found
        raise AssertionError(f"the kernel is silent; it sent {found}")

    def move(self, model_id, index):
        """What a front end sends when a slider moves."""
        data = {"method": "update", "state": {"index": index}, "buffer_paths": []}
        message = self.client.session.msg("comm_msg", {"comm_id": model_id, "data": data})
        self.client.shell_channel.send(message)


@pytest.fixture
def kernel():
    running = Kernel()
    yield running
    running.client.stop_channels()
    running.manager.shutdown_kernel(now=True)


def test_in_a_kernel_sliders_drop_stale_positions_and_show_progress_and_errors(kernel):
    messages = kernel.run(KERNEL)
    errors = [message["content"] for message in messages if message["msg_type"] == "error"]
    assert not errors
    [result] = [m["content"]["data"] for m in messages if m["msg_type"] == "execute_result"]
    assert "<svg" in result["text/html"]
    box = result["application/vnd.jupyter.widget-view+json"]["model_id"]
    models = {
        m["content"]["comm_id"]: m["content"]["data"]["state"]
        for m in messages
        if m["msg_type"] == "comm_open"
    }
    assert models[box]["_model_name"] == "VBoxModel"
    [slider] = [key for key, state in models.items() if state.get("description") == "slope"]

    for index in (3, 4, 5, 6, 7, 8):
        kernel.move(slider, index)
        time.sleep(0.02)

    def state(message):
        return message["content"].get("data", {}).get("state", {})

    sent = kernel.messages(lambda message: re.match(r"\d.* s$", str(state(message).get("value"))))
    while "8" not in str(kernel.run("print(calls)")[-2]["content"].get("text")):
        time.sleep(0.1)
    texts = [m["content"]["text"] for m in kernel.run("print(calls)") if m["msg_type"] == "stream"]
    calls = eval(texts[0])
    assert calls[0] == 2
    assert calls[-1] == 8
    assert len(calls) <= 4  # of six moves at most: the first seen, and what was newest after it
    outputs = [state(message)["outputs"] for message in sent if "outputs" in state(message)]
    assert any(outputs)  # the bar of tqdm while it computes
    assert outputs[-1] == []  # and nothing when it is over

    kernel.move(slider, 9)
    sent = kernel.messages(lambda message: 'role="alert"' in str(state(message).get("value")))
    assert "ZeroDivisionError: broken" in str(sent[-1])
