"""A real JupyterLab on loopback: run a notebook, move a slider, and the figure changes."""

import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from serving import ROOT, opened

SLOW = """
import json
import time
from matplotlib.figure import Figure
from tqdm.auto import tqdm
from pcmlib.book.widgets import Slider, explorer

calls = []

def slow(slope):
    calls.append((slope, time.time()))
    for _ in tqdm(range(10), desc="training", leave=False):
        time.sleep(0.1)
    figure = Figure(figsize=(4, 3))
    figure.subplots().plot([0, slope])
    return figure

explorer(slow, caption="A line.", slope=Slider(0, 30, 1, 2, "slope", "µS"))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a server, and the folder of its notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    home = tmp_path_factory.mktemp("home")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    environment.pop("PCMLIB_BOOK", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"]
    options = [f"--port={port}", "--port-retries=0", "--IdentityProvider.token="]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *options], cwd=folder, env=environment, stdout=log, stderr=log
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                try:
                    urllib.request.urlopen(f"{address}/api", timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, (home / "log").read_text()
                    time.sleep(0.5)
            yield address, folder
        finally:
            server.terminate()
            server.wait(30)


def run_all(page, address, name, seconds=40):
    """Open a notebook and run all its cells."""
    page.goto(f"{address}/lab/tree/{name}?reset")  # without the tabs of another test
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=60_000)
    page.get_by_text("(ipykernel) | Idle").wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.locator(".widget-vbox .widget-readout").first.wait_for(timeout=seconds * 1000)


def picture(page):
    return page.locator(".widget-vbox .explorer-picture").first


def changed(page, before):
    """Wait for the figure to change."""
    script = "old => document.querySelector('.widget-vbox .explorer-picture').innerHTML !== old"
    page.wait_for_function(script, arg=before, timeout=60_000)


def test_a_slow_explorer_computes_the_newest_position_only_and_shows_its_bar(browser, lab):
    address, folder = lab
    cells = [
        nbformat.v4.new_code_cell(source) for source in (SLOW, "print('calls', json.dumps(calls))")
    ]
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=python)
    nbformat.write(notebook, folder / "slow.ipynb")
    with opened(browser) as page:
        run_all(page, address, "slow.ipynb")
        before = picture(page).inner_html()
        handle = page.locator(".widget-vbox .noUi-handle").first
        box = handle.bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(*middle)
        page.mouse.down()
        for step in range(1, 31):  # a drag across the slider, through a position each 50 ms
            page.mouse.move(middle[0] + 6 * step, middle[1])
            page.wait_for_timeout(50)
        page.locator(".widget-vbox").get_by_text("training").first.wait_for(timeout=10_000)
        page.mouse.up()
        released = time.time()  # the kernel's clock too
        changed(page, before)
        quiet = 0
        while quiet < 4:  # two seconds without a computation: the last one is over
            page.wait_for_timeout(500)
            quiet = 0 if page.get_by_text("computing …").is_visible() else quiet + 1
        last = page.locator(".widget-vbox .widget-readout").first.inner_text()
        page.locator(".jp-Cell").last.click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1500)
        [text] = [
            t for t in page.locator(".jp-OutputArea-output").all_inner_texts() if "calls" in t
        ]
        calls = json.loads(text.strip().splitlines()[-1].removeprefix("calls "))
        assert f"{calls[-1][0]} µS" == last
        # The drag went through some thirty positions, a computation takes a second. Those that
        # begin after the drag are the newest position, and one that was on its way to the kernel.
        late = [slope for slope, began in calls if began > released]
        assert len(late) <= 2, calls
        # One at a time: JupyterLab hands moves to two threads of the kernel.
        starts = [began for _, began in calls]
        assert min(b - a for a, b in itertools.pairwise(starts)) >= 1, calls
        assert page.locator(".widget-vbox").get_by_text("training").count() == 0


def test_a_chapter_runs_and_its_slider_changes_the_figure(browser, lab):
    address, folder = lab
    chapters = [
        path
        for path in sorted((ROOT / "notebooks").glob("*.ipynb"))
        if "Slider(" in path.read_text() or "Steps(" in path.read_text()
    ]
    assert chapters
    (folder / "chapter.ipynb").write_bytes(chapters[0].read_bytes())
    with opened(browser) as page:
        run_all(page, address, "chapter.ipynb", seconds=300)
        before = picture(page).inner_html()
        handle = page.locator(".widget-vbox .noUi-handle").first
        handle.focus()
        handle.press("ArrowRight")
        changed(page, before)
        assert page.locator(".jp-RenderedText[data-mime-type*=error]").count() == 0
