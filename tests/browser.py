"""What the tests of the site share: where it is built, and a tab that notes what leaves it."""

from http.server import SimpleHTTPRequestHandler
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
BUILD = ["make", "site"]
START = 120_000  # milliseconds for the start of Python on a machine that does other things too
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Adds up how far the content of a page moves while it loads, in the unit of the web vitals.
WATCH_SHIFTS = """
  window.shift = 0;
  new PerformanceObserver(list => list.getEntries().forEach(entry => { shift += entry.value; }))
    .observe({type: "layout-shift", buffered: true});
"""


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def watched(page, *sites):
    """Let a page ask `sites` only; note what else it asks for, and its errors."""
    page.left_the_host, page.errors = [], []

    def block(route):
        page.left_the_host.append(route.request.url)
        route.abort()

    page.route(lambda url: not url.startswith((*sites, "data:", "blob:")), block)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.add_init_script(WATCH_SHIFTS)
    return page
