"""A folder served on loopback, and a tab that can reach nothing else."""

import functools
import http.server
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
# On a page with live functions: all that it computes begins 0.7 s later.
SLOW = """() => {
  const { run } = Live.prototype;
  Live.prototype.run = async function (...job) {
    await new Promise((resolve) => setTimeout(resolve, 700));
    return run.apply(this, job);
  };
}"""


@contextmanager
def opened(browser, width=1280, faults=None, **options):
    """A tab that notes console errors, failed and refused requests in `faults`."""
    faults = [] if faults is None else faults
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)

    def local_only(route):
        if urlsplit(route.request.url).hostname in ("127.0.0.1", None):  # None: data: and blob:
            route.continue_()
        else:
            faults.append(f"asked another host: {route.request.url}")
            route.abort()

    context.route("**/*", local_only)
    page = context.new_page()
    page.on("console", lambda m: m.type in ("error", "warning") and faults.append(m.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    page.on("response", lambda r: r.status >= 400 and faults.append(f"{r.status}: {r.url}"))
    page.faults = faults
    try:
        yield page
    finally:
        context.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, *arguments):
        pass


@contextmanager
def served(folder):
    """Serve a folder on a free port of loopback; yields the address."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
