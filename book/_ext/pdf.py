"""Print the editions of the built site to two PDFs each, one for readers and one for instructors:
`python book/_ext/pdf.py zh_CN`, the English one where no language is named.

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

import redrawn
import yaml
from binding import Chapter, Front, bind
from editions import folder_of, translations
from playwright.async_api import async_playwright

BOOK = Path(__file__).resolve().parents[1]
HTML = BOOK.parent / "_build" / "html"
PRINTED = BOOK.parent / "_build" / "pdf"
ENGLISH = "en"
INSTRUCTORS = "For instructors"  # the part of the table of contents that is a volume by itself


def _(text):
    """Marks a text for the catalogue `site`; `words` of an edition has its translation."""
    return text


CONTENTS = _("Contents")
VOLUMES = {
    "bptt.pdf": _("Back-propagation through time, by hand"),
    "bptt-instructors.pdf": _("Back-propagation through time, by hand: for instructors"),
}
# The paragraph of a page that offers a PDF, and the same while there is none.
OFFER = re.compile(r'<p>(?:(?!</p>).)*href="(?:bptt|bptt-instructors)\.pdf".*?</p>', re.DOTALL)
# What a page says of other editions, which may come later and are not printed (book/_ext/editions.py).
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
  #jb-print-toc { display: none !important; }
"""
# Formulas, fonts and figures must be there.
READY = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const waiting = () => document.querySelector(".interactive:not(.alive)");
  document.querySelectorAll("details").forEach(box => { box.open = true; });
  for (const until = Date.now() + 10000; waiting() && Date.now() < until; ) await frame();
  await Promise.allSettled([...document.fonts].map(font => font.load()));  // the letters of a formula come last
  for (let drawn = 0; drawn < 2; drawn++) await frame();  // what was opened is drawn in the next frame
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


def prints(language):
    """Where the print of each page lies, or will: {address of the page in the site, without .html: path}.

    The path changes with the page.
    """
    style = (HTML / "_static" / "course.css").read_bytes() + Path(__file__).read_bytes()
    found = {}
    for address in [place(name, language) for name in pages()]:
        page = OTHERS.sub(b"", (HTML / f"{address}.html").read_bytes())
        digest = hashlib.sha256(style + page).hexdigest()[:16]
        found[address] = printed_in(language) / f"{address.replace('/', '-')}-{digest}.pdf"
    return found


def place(name, language):
    """Where something of an edition is in the site."""
    return f"{folder_of(language)}/{name}".lstrip("/")


def printed_in(language):
    return PRINTED / language


async def print_site(chromium, paths, language):
    """Print the pages that have no print yet, as many at a time as there are processors, and bind the volumes."""
    missing = iter([(address, path) for address, path in paths.items() if not path.exists()])
    handler = functools.partial(QuietHandler, directory=str(HTML))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            site = f"http://127.0.0.1:{server.server_port}"
            await asyncio.gather(*(print_in_turn(browser, site, missing) for _ in range(os.cpu_count())))
            for file, names_of_it in volumes().items():
                addresses = [place(name, language) for name in names_of_it]
                chapters = [chapter(address, paths[address]) for address in addresses]
                if chapters:
                    front = front_of(file, language)
                    await bind(HTML / place(file, language), front, chapters, functools.partial(print_html, browser))
            await browser.close()
        server.shutdown()


def front_of(file, language):
    words = {} if language == ENGLISH else translations(language, "site")
    title, contents = (words.get(text, text) for text in (VOLUMES[file], CONTENTS))
    return Front(language.replace("_", "-"), title, contents)


async def print_in_turn(browser, site, missing):
    """Print one page after the other, until none is left."""
    page = await browser.new_page(color_scheme="light")
    for address, path in missing:
        await page.goto(f"{site}/{address}.html", wait_until="networkidle")
        await page.add_style_tag(content=STYLE)
        await page.evaluate(READY)
        headings = await page.evaluate(HEADINGS)
        path.with_suffix(".json").write_text(json.dumps(headings), encoding="utf-8")
        await page.evaluate(NOTE_PLACES)
        await page.pdf(path=path.with_suffix(".part"), **PAPER)
        path.with_suffix(".part").replace(path)


async def print_html(browser, html, **paper):
    """The print of a page that belongs to no site, as bytes; `paper` is what it has in the place of PAPER."""
    page = await browser.new_page(color_scheme="light")
    await page.set_content(html)
    printed = await page.pdf(**PAPER | paper)
    await page.close()
    return printed


def chapter(address, path):
    (_, title), *sections = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return Chapter(address, title, sections, path)


def offer(is_there, language):
    """Show in all pages what offers a PDF, or hide it in a comment: Chromium may come later, and with it the PDF."""
    for page in (HTML / folder_of(language)).glob("*.html"):
        text = HIDDEN.sub(r"\1", page.read_text(encoding="utf-8"))
        page.write_text(text if is_there else OFFER.sub(r"<!--no PDF \g<0>-->", text), encoding="utf-8")


def missing(chromium, language):
    """Why an edition has no PDF, and what helps; empty if nothing is missing."""
    if not chromium:
        return "Chromium is missing (`make system` installs it on Debian)"
    if language != ENGLISH and not redrawn.font():
        return "a font with Chinese letters is missing (`make system` installs one on Debian)"
    return ""


def main(language=ENGLISH):
    chromium = shutil.which("chromium")
    lacking = missing(chromium, language)
    offer(not lacking, language)
    if lacking:
        said = f"The site has no PDF in the language {language}: {lacking}."
        if os.environ.get("CI"):
            sys.exit(said)  # from there it may be published
        print(said)
        return
    printed_in(language).mkdir(parents=True, exist_ok=True)
    paths = prints(language)
    kept = {path.with_suffix(end) for path in paths.values() for end in (".pdf", ".json")}
    for old in set(printed_in(language).iterdir()) - kept:
        old.unlink()
    asyncio.run(print_site(chromium, paths, language))


if __name__ == "__main__":
    main(*sys.argv[1:])
