"""python -m benchmarks.site: from opening an exercise in the browser to the first numpy result, cold and warm.

Needs the built site and Chromium. Prints seconds and bytes served, and writes _build/bench/site.json.
"""

import json
import shutil
import statistics
import tempfile
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import sync_playwright

HTML = Path("_build/html")
OUT = Path("_build/bench/site.json")
READERS = 5
TARGETS = {"cold": 12.0, "warm": 8.0}  # seconds, on two quiet cores
FIRST_RESULT = """
  async () => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    let result = "";
    const future = kernel.requestExecute({ code: "import numpy as np; print(np.ones(3).sum())" });
    future.onIOPub = (message) => { result += message.content.text ?? ""; };
    await future.done;
    return result;
  }
"""
KERNEL = "() => window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel"


class Counter(SimpleHTTPRequestHandler):
    """Serves files, and adds up their bytes."""

    served = 0

    def log_message(self, *args):
        pass

    def copyfile(self, source, target):
        Counter.served += Path(source.name).stat().st_size if hasattr(source, "name") else 0
        super().copyfile(source, target)


def start(page, address):
    """Open the notebook; return the seconds until it is shown and until numpy has computed, and the bytes served."""
    Counter.served, began = 0, time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_selector(".jp-CodeCell")
    shown = time.perf_counter() - began
    page.wait_for_function(KERNEL)
    assert page.evaluate(FIRST_RESULT) == "3.0\n"
    return {"shown": shown, "numpy": time.perf_counter() - began, "MB": Counter.served / 1e6}


def visits(playwright, address):
    """The first and the second visit of a reader with a new profile: {"cold": ..., "warm": ...}."""
    with tempfile.TemporaryDirectory() as profile:
        chromium = playwright.chromium.launch_persistent_context(
            profile, executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        found = {}
        for name in TARGETS:
            page = chromium.new_page()
            page.set_default_timeout(120_000)
            found[name] = start(page, address)
            page.close()
        chromium.close()
    return found


def main():
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), partial(Counter, directory=str(HTML))) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/lite/notebooks/index.html?path=two-step.ipynb"
        found = [visits(playwright, address) for _ in range(READERS)]
        server.shutdown()
    for name, target in TARGETS.items():
        row = {key: statistics.median(each[name][key] for each in found) for key in found[0][name]}
        print(f"{name}: notebook after {row['shown']:.1f} s, numpy after {row['numpy']:.1f} s", end=" ")
        print(f"(target {target:.0f} s), {row['MB']:.1f} MB served; medians of {READERS}")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
