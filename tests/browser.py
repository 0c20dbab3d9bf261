"""What the tests of the site share: where it is built, a tab that notes what leaves it, and what axe finds there."""

from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "_build" / "html"
DESK = {"width": 1280, "height": 900}
START = 120_000  # milliseconds for the start of Python on a machine that does other things too
# To be run by Python in a page: numpy of 32 bits takes no wider integers here.
INDEX = "import numpy as np\nrng = np.random.default_rng(0)\nprint(np.repeat([1, 2], rng.integers(2, 4, size=2)))"
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

# Time goes where axe looks up what lies behind each piece of text, among all boxes of the page. Four kinds of boxes
# can go before, and no finding with them. The letters of a formula are hidden from screen readers, which read the
# MathML beside them, and axe is told to leave them out; their struts keep the formula as high as it was. In MathML
# axe has rules for what has a role, a name, a link or a stop of the Tab key. Names of one class in one cell of code
# have one style. One template writes all rows of a table.
SHORTEN = """() => {
  document.querySelectorAll("tbody").forEach(body => [...body.rows].slice(10).forEach(row => row.remove()));
  const bases = [...document.querySelectorAll(".katex-html .base")];
  const widths = bases.map(base => getComputedStyle(base).width); // all of them, before the first is changed
  bases.forEach((base, index) => {
    base.style.width = widths[index];
    base.replaceChildren(...base.querySelectorAll(":scope > .strut"));
  });
  for (const math of document.querySelectorAll(".katex-mathml math")) {
    if (!math.querySelector("[id], [role], [tabindex], [href], [style], [lang]")) math.textContent = math.textContent;
  }
  for (const pre of document.querySelectorAll(".highlight pre")) {
    const classes = new Set();
    for (const name of [...pre.querySelectorAll("span[class]")].filter(span => !span.childElementCount)) {
      if (classes.has(name.className)) name.replaceWith(name.textContent);
      classes.add(name.className);
    }
    pre.normalize();
  }
}"""
WITHOUT_LETTERS = [".katex-html"]
AXE_OPTIONS = {"preload": False, "resultTypes": ["violations"]}


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


def shuts_out(page, *without, **options):
    """What of a page shuts a reader out, as axe sees it; the page is shortened first, and parts can be left out."""
    page.evaluate(SHORTEN)
    context = {"exclude": [WITHOUT_LETTERS, *([selector] for selector in without)]}
    found = Axe().run(page, context=context, options=AXE_OPTIONS | options).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]
