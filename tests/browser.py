"""What the tests of the site share: where it is built, and a tab that notes what leaves it."""

from http.server import SimpleHTTPRequestHandler
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
START = 120_000  # milliseconds for the start of Python on a machine that does other things too
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # there is no other host
]
WRITTEN = "indexeddb,local_storage"  # where a page keeps what a reader has written

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
    """Note what a page asks of others than `sites`, and its errors.

    To block requests is left to CHROMIUM_FLAGS: a page that Playwright intercepts has no cache.
    """
    page.left_the_host, page.errors = [], []
    ours = (*sites, "data:", "blob:")
    page.on("request", lambda asked: None if asked.url.startswith(ours) else page.left_the_host.append(asked.url))
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("console", lambda message: page.errors.append(message.text) if message.type == "error" else None)
    page.add_init_script(WATCH_SHIFTS)
    return page
