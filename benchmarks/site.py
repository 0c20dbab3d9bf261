"""python -m benchmarks.site: what a page and an exercise weigh, and how soon they are there, on two kinds of line.

Needs the built site and Chromium; Lighthouse is fetched by npx. Prints a table, and writes it to _build/bench/site.md.
"""

import gzip
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path

from playwright.sync_api import sync_playwright

HTML = Path("_build/html")
OUT = Path("_build/bench/site.md")
CHROMIUM = ["--no-sandbox", "--disable-gpu"]
TIMED = ["index", "two-step", "vanishing"]
NO_PAGES = {"404", "one-page"}
LIGHTHOUSE = "lighthouse@12.8.2"  # the last that runs on Node.js 18
# Limits, and what was found in November 2026 before the site was made lighter: kB, kB, MB, MB.
LIMITS = {"index": 250, "chapter": 750, "exercise": 15, "site": 60}
BEFORE = {"index": 1159, "two-step": 2470, "vanishing": 2470, "exercise": 21.9, "site": 86}
SLOW = {"bytes_per_second": 200_000, "latency": 0.3}  # 1.6 Mbit/s, 300 ms
FAST = {"bytes_per_second": 0, "latency": 0}  # without limits
TEXT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
MATHS = "document.fonts.ready.then(() => performance.now())"  # formulas are set already; what they wait for is letters
NUMPY = "import numpy as np\nprint(np.ones(3).sum())"
CHECKED = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"
FIRST_RESULT = """async () => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  let result = "";
  const future = kernel.requestExecute({ code: "import numpy as np; print(np.ones(3).sum())" });
  future.onIOPub = (message) => { result += message.content.text ?? ""; };
  await future.done;
  return result;
}"""


class Line(SimpleHTTPRequestHandler):
    """Serves the site zipped, at the pace of a line, and counts.

    Chromium can slow down a page, but not what the worker fetches in which Python starts.
    """

    protocol_version = "HTTP/1.1"
    sent = requests = 0
    pace = FAST
    free_at = 0.0
    lock = threading.Lock()

    def log_message(self, *args):
        pass

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self.send_error(404)
            return
        content, zipped = packed(path)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.wait_for_the_line(len(content))
        with suppress(ConnectionError):  # the reader has what was waited for, and has gone
            self.end_headers()
            self.wfile.write(content)

    def wait_for_the_line(self, size):
        with Line.lock:
            Line.sent, Line.requests = Line.sent + size, Line.requests + 1
            if not Line.pace["bytes_per_second"]:
                return
            begins = max(time.monotonic() + Line.pace["latency"], Line.free_at)
            Line.free_at = begins + size / Line.pace["bytes_per_second"]
        time.sleep(Line.free_at - time.monotonic())


@cache
def packed(path):
    """A file as a server sends it, and whether that is zipped: what is packed already is sent as it is."""
    content = path.read_bytes()
    small = gzip.compress(content)
    return (small, True) if len(small) < 0.9 * len(content) else (content, False)


@contextmanager
def cold_page(chromium, pace):
    """A page of a reader who comes for the first time; what was counted before is forgotten.

    The profile lies on a disk: a private window keeps no large file, and would fetch the library of Python twice.
    """
    Line.sent = Line.requests = 0
    Line.pace, Line.free_at = pace, 0.0
    program = shutil.which("chromium")
    with (
        tempfile.TemporaryDirectory() as profile,
        chromium.launch_persistent_context(profile, executable_path=program, args=CHROMIUM) as context,
    ):
        page = context.new_page()
        page.set_default_timeout(400_000)
        yield page


def visit(chromium, address, pace):
    """Kilobytes, requests, and the seconds until the text and the formulas of a page are there."""
    with cold_page(chromium, pace) as page:
        page.goto(address, wait_until="load")
        maths = page.evaluate(MATHS) / 1000
        page.wait_for_load_state("networkidle")
        return {"kB": Line.sent / 1e3, "requests": Line.requests, "text": page.evaluate(TEXT) / 1000, "maths": maths}


def live_cell(chromium, address, pace):
    """Megabytes and requests from the click on a live cell to its first numpy result, and the seconds."""
    with cold_page(chromium, pace) as page:
        page.goto(address, wait_until="networkidle")
        Line.sent, Line.requests, began = 0, 0, time.perf_counter()
        cell = page.locator(".tag_live").first
        cell.get_by_role("button", name="Change and run").click()
        cell.locator("textarea").fill(NUMPY)
        cell.get_by_role("button", name="Run", exact=True).click()
        cell.locator(".cell_output").get_by_text("3.0", exact=True).wait_for()
        return {"MB": Line.sent / 1e6, "requests": Line.requests, "numpy": time.perf_counter() - began}


def exercise(chromium, address, pace):
    """The same from the address of an exercise."""
    with cold_page(chromium, pace) as page:
        began = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_function(CHECKED)
        assert page.evaluate(FIRST_RESULT) == "3.0\n"
        return {"MB": Line.sent / 1e6, "requests": Line.requests, "numpy": time.perf_counter() - began}


def lighthouse(address):
    """The performance that Lighthouse gives a page in its mobile setting, of 100, and what it is made of."""
    chrome = f"--chrome-flags=--headless {' '.join(CHROMIUM)}"
    flags = ["--quiet", "--only-categories=performance", "--output=json", chrome]
    environment = os.environ | {"CHROME_PATH": shutil.which("chromium")}
    command = ["npx", "--yes", LIGHTHOUSE, address, *flags]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        return f"not measured: {done.stderr.strip().splitlines()[-1]}"
    report = json.loads(done.stdout)
    parts = ["first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift"]
    shown = ", ".join(f"{report['audits'][part]['title']} {report['audits'][part]['displayValue']}" for part in parts)
    return f"{100 * report['categories']['performance']['score']:.0f} ({shown})"


def rows(chromium, site):
    """The rows of the table."""
    names = sorted(path.stem for path in HTML.glob("*.html") if path.stem not in NO_PAGES)
    for name in [*TIMED, *(name for name in names if name not in TIMED)]:
        fast = visit(chromium, f"{site}{name}.html", FAST)
        slow = visit(chromium, f"{site}{name}.html", SLOW) if name in TIMED else None
        limit = LIMITS.get(name, LIMITS["chapter"])
        times = [f"{each['text']:.1f}, {each['maths']:.1f}" if each else "" for each in (fast, slow)]
        yield [name, f"{fast['kB']:.0f} kB", f"{limit} kB", before(name, "kB"), fast["requests"], *times]
    for name, measure, address in (
        ("live cell", live_cell, f"{site}two-step.html"),
        ("exercise", exercise, f"{site}lite/notebooks/index.html?path=two-step.ipynb"),
    ):
        fast, slow = (measure(chromium, address, pace) for pace in (FAST, SLOW))
        times = [f"numpy {each['numpy']:.1f}" for each in (fast, slow)]
        yield [name, f"{fast['MB']:.1f} MB", f"{LIMITS['exercise']} MB", before(name, "MB"), fast["requests"], *times]
    files = [path for path in HTML.rglob("*") if path.is_file() and path.suffix != ".pdf"]
    size = sum(path.stat().st_size for path in files if path.relative_to(HTML).parts[0] != "zh") / 1e6
    yield ["whole site, without PDFs", f"{size:.0f} MB", f"{LIMITS['site']} MB", f"{BEFORE['site']} MB", "", "", ""]


def before(name, unit):
    return f"{BEFORE[name]} {unit}" if name in BEFORE else ""


def main():
    handler = partial(Line, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{server.server_port}/"
        head = ["", "sent", "limit", "before", "requests", "seconds on a fast line", "at 1.6 Mbit/s, 300 ms"]
        lines = []
        for row in chain([head, ["---"] * len(head)], rows(playwright.chromium, site)):
            lines.append("| " + " | ".join(map(str, row)) + " |")
            print(lines[-1], flush=True)
        Line.pace = FAST
        for name in ("index", "two-step"):
            lines.append(f"\nLighthouse, {name}: {lighthouse(f'{site}{name}.html')}")
            print(lines[-1], flush=True)
        server.shutdown()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
