"""Print the built site to two PDFs, one for readers and one for instructors: `python book/_ext/pdf.py`.

A page that has not changed since it was last printed is taken from _build/pdf.
"""

import asyncio
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml
from binding import Chapter, bind
from playwright.async_api import async_playwright

BOOK = Path(__file__).resolve().parents[1]
HTML = BOOK.parent / "_build" / "html"
PRINTED = BOOK.parent / "_build" / "pdf"
TITLE = "Back-propagation through time, by hand"
INSTRUCTORS = "For instructors"  # the part of the table of contents that is a volume by itself
VOLUMES = {"bptt.pdf": TITLE, "bptt-instructors.pdf": f"{TITLE}: for instructors"}
# The paragraph of a page that offers a PDF, and the same while there is none.
OFFER = re.compile(r'<p>(?:(?!</p>).)*href="(?:bptt|bptt-instructors)\.pdf".*?</p>', re.DOTALL)
# What a page says of other editions, which come later and are not printed (book/_ext/editions.py).
OTHERS = re.compile(rb"<!--(alternates|switch)-->.*?<!--/\1-->", re.DOTALL)
HIDDEN = re.compile(r"<!--no PDF (.*?)-->", re.DOTALL)

PAPER = {
    "format": "A4",
    "margin": {"top": "18mm", "bottom": "20mm", "left": "18mm", "right": "18mm"},
    "scale": 0.75,  # fewer than 200 pages for readers
    "print_background": True,
    "tagged": True,  # only a tagged print knows the places that links lead to
}

# What is folded is opened; it would fade in, and be missing in a print taken at once. What only works on a screen goes.
STYLE = """
  * { animation: none !important; transition: none !important; }
  #jb-print-toc, .jupyter-widgets.widget-play, .jupyter-widgets.widget-slider { display: none !important; }
"""
# Formulas, fonts and widgets must be there. Without a network, a site that takes its widgets from a CDN has none.
READY = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const waiting = () => document.querySelectorAll("script[type='application/vnd.jupyter.widget-view+json']").length
    > document.querySelectorAll(".widget-subarea > .jupyter-widgets").length;
  document.querySelectorAll("details").forEach(box => { box.open = true; });
  for (const until = Date.now() + 10000; waiting() && Date.now() < until; ) await frame();
  await Promise.allSettled([...document.fonts].map(font => font.load()));  // the letters of a formula come last
  for (let drawn = 0; drawn < 2; drawn++) await frame();  // widgets write their labels in the next frame
}"""
# Chromium notes where in the print an element lies if a link of the same page leads to it; these links show nothing.
NOTE_PLACES = """() => {
  const links = document.createElement("div");
  links.style.cssText = "font-size: 0; line-height: 0";
  document.querySelectorAll("article [id]").forEach(target => {
    const link = document.createElement("a");
    link.href = "#" + target.id;
    link.textContent = "\\u200b";
    links.append(link);
  });
  document.querySelector("article").append(links);
}"""
# The title of the page and those of its sections, each with the id of the section. A formula has its text in MathML.
HEADINGS = """() => [...document.querySelectorAll("article section > :is(h1, h2)")].map(heading => {
  const copy = heading.cloneNode(true);
  copy.querySelectorAll("annotation, .headerlink").forEach(hidden => hidden.remove());
  copy.querySelectorAll(".katex").forEach(formula => {
    formula.replaceWith(formula.querySelector("math").textContent.replace(/\\s+/g, ""));
  });
  return [heading.parentElement.id, copy.textContent.replace(/\\s+/g, " ").trim()];
})"""


def volumes():
    """The names of the pages of each volume, {name of the file: names}, in the order of the table of contents."""
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    readers, instructors = [contents["root"]], []
    for part in contents.get("parts", [contents]):
        volume = instructors if part.get("caption") == INSTRUCTORS else readers
        volume += names(part.get("chapters", []))
    return dict(zip(VOLUMES, (readers, instructors), strict=True))


def names(entries):
    """The names of the pages of a list of the table of contents, and of those below them."""
    found = []
    for entry in entries:
        if "glob" in entry:
            found += sorted(str(path.relative_to(BOOK).with_suffix("")) for path in BOOK.glob(f"{entry['glob']}.md"))
        else:
            found += [entry["file"], *names(entry.get("sections", []))]
    return found


def pages():
    """The names of all pages of the book, in the order of its table of contents."""
    return [name for volume in volumes().values() for name in volume]


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def prints():
    """Where the print of each page lies, or will: {name: path}. The path changes with the page."""
    style = (HTML / "_static" / "course.css").read_bytes() + Path(__file__).read_bytes()
    printed = {name: OTHERS.sub(b"", (HTML / f"{name}.html").read_bytes()) for name in pages()}
    digests = {name: hashlib.sha256(style + page).hexdigest() for name, page in printed.items()}
    return {name: PRINTED / f"{name.replace('/', '-')}-{digest[:16]}.pdf" for name, digest in digests.items()}


async def print_site(chromium, paths):
    """Print the pages that have no print yet, as many at a time as there are processors, and bind the volumes."""
    missing = iter([(name, path) for name, path in paths.items() if not path.exists()])
    handler = functools.partial(QuietHandler, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            address = f"http://127.0.0.1:{server.server_port}"
            await asyncio.gather(*(print_in_turn(browser, address, missing) for _ in range(os.cpu_count())))
            for file, pages_of_it in volumes().items():
                chapters = [chapter(name, paths[name]) for name in pages_of_it]
                if chapters:
                    await bind(HTML / file, VOLUMES[file], chapters, functools.partial(print_html, browser))
            await browser.close()
        server.shutdown()


async def print_in_turn(browser, address, missing):
    """Print one page after the other, until none is left."""
    page = await browser.new_page(color_scheme="light")
    for name, path in missing:
        await page.goto(f"{address}/{name}.html", wait_until="networkidle")
        await page.add_style_tag(content=STYLE)
        await page.evaluate(READY)
        headings = await page.evaluate(HEADINGS)
        path.with_suffix(".json").write_text(json.dumps(headings), encoding="utf-8")
        await page.evaluate(NOTE_PLACES)
        await page.pdf(path=path.with_suffix(".part"), **PAPER)
        path.with_suffix(".part").replace(path)


async def print_html(browser, html):
    """The print of a page that belongs to no site, as bytes."""
    page = await browser.new_page(color_scheme="light")
    await page.set_content(html)
    printed = await page.pdf(**PAPER)
    await page.close()
    return printed


def chapter(name, path):
    (_, title), *sections = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return Chapter(name, title, sections, path)


def offer(is_there):
    """Show in all pages what offers a PDF, or hide it in a comment: Chromium may come later, and with it the PDF."""
    for page in HTML.glob("*.html"):
        text = HIDDEN.sub(r"\1", page.read_text(encoding="utf-8"))
        page.write_text(text if is_there else OFFER.sub(r"<!--no PDF \g<0>-->", text), encoding="utf-8")


def main():
    chromium = shutil.which("chromium")
    offer(bool(chromium))
    if not chromium:
        missing = "The site has no PDF: Chromium is missing (`make system` installs it on Debian)."
        if os.environ.get("CI"):
            sys.exit(missing)  # from there it may be published
        print(missing)
        return
    PRINTED.mkdir(parents=True, exist_ok=True)
    paths = prints()
    for old in set(PRINTED.iterdir()) - {kept.with_suffix(end) for kept in paths.values() for end in (".pdf", ".json")}:
        old.unlink()
    asyncio.run(print_site(chromium, paths))


if __name__ == "__main__":
    main()
