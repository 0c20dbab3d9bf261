"""Print the built site to one PDF, page after page in the order of the book: `python book/_ext/pdf.py`.

A page that has not changed since it was last printed is taken from _build/pdf.
"""

import asyncio
import functools
import hashlib
import html
import os
import re
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml
from playwright.async_api import async_playwright
from pypdf import PdfReader, PdfWriter

BOOK = Path(__file__).resolve().parents[1]
HTML = BOOK.parent / "_build" / "html"
PDF = HTML / "bptt.pdf"
PRINTED = BOOK.parent / "_build" / "pdf"
TITLE = re.compile(r"<h1>([^<]*)<")
OFFER = re.compile(r'<p>(?:(?!</p>).)*href="bptt\.pdf".*?</p>', re.DOTALL)

MARGIN = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}

# What is folded is opened; it would fade in, and be missing in a print taken at once. What only works on a screen goes.
STYLE = """
  * { animation: none !important; }
  .jupyter-widgets.widget-play { display: none !important; }
"""
# Formulas, fonts and widgets must be there. Without a network, a site that takes its widgets from a CDN has none.
READY = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const waiting = () => document.querySelectorAll("script[type='application/vnd.jupyter.widget-view+json']").length
    > document.querySelectorAll(".widget-subarea > .jupyter-widgets").length;
  document.querySelectorAll("details").forEach(box => { box.open = true; });
  for (const until = Date.now() + 10000; waiting() && Date.now() < until; ) await frame();
  await document.fonts.ready;
  for (let drawn = 0; drawn < 2; drawn++) await frame();  // widgets write their labels in the next frame
}"""


def pages():
    """The names of the book's pages, in the order of its table of contents."""
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    parts = contents.get("parts", [contents])
    return [contents["root"], *(chapter["file"] for part in parts for chapter in part["chapters"])]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def prints():
    """Where the print of each page lies, or will: {name: path}. The path changes with the page."""
    style = (HTML / "_static" / "course.css").read_bytes() + Path(__file__).read_bytes()
    digests = {name: hashlib.sha256(style + (HTML / f"{name}.html").read_bytes()).hexdigest() for name in pages()}
    return {name: PRINTED / f"{name}-{digest[:16]}.pdf" for name, digest in digests.items()}


async def print_pages(chromium, missing):
    """Print the pages of `missing`, {name: path of the print}, as many at a time as there are processors."""
    waiting = iter(missing.items())
    handler = functools.partial(QuietHandler, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            address = f"http://127.0.0.1:{server.server_port}"
            await asyncio.gather(*(print_in_turn(browser, address, waiting) for _ in range(os.cpu_count())))
            await browser.close()
        server.shutdown()


async def print_in_turn(browser, address, waiting):
    """Print one page after the other, until none is left."""
    page = await browser.new_page(color_scheme="light")
    for name, path in waiting:
        await page.goto(f"{address}/{name}.html", wait_until="networkidle")
        await page.add_style_tag(content=STYLE)
        await page.evaluate(READY)
        await page.pdf(path=path.with_suffix(".part"), format="A4", margin=MARGIN, tagged=True, outline=True)
        path.with_suffix(".part").replace(path)


def main():
    chromium = shutil.which("chromium")
    if not chromium:
        index = HTML / "index.html"
        index.write_text(OFFER.sub("", index.read_text(encoding="utf-8")), encoding="utf-8")
        print("The site has no PDF: Chromium is missing (`make system` installs it on Debian).")
        return
    PRINTED.mkdir(parents=True, exist_ok=True)
    wanted = prints()
    for old in set(PRINTED.iterdir()) - set(wanted.values()):
        old.unlink()
    if missing := {name: path for name, path in wanted.items() if not path.exists()}:
        asyncio.run(print_pages(chromium, missing))
    book = PdfWriter()
    for name, path in wanted.items():
        title = TITLE.search((HTML / f"{name}.html").read_text(encoding="utf-8"))[1]
        book.append(PdfReader(path), outline_item=html.unescape(title))
    book.add_metadata({"/Title": "Back-propagation through time, by hand"})
    book.write(PDF)


if __name__ == "__main__":
    main()
