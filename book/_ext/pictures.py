"""Draw pictures into book/_static: `python book/_ext/pictures.py`, after `make course` and `make zh`, with Chromium.

The first page shows a part of the report on that class, and the page of the exercises one of them that is opened in its
chapter, both in the language of the edition. The icons are favicon.svg, for what shows no SVG; the card goes beside a
link to the site in a chat or a search.
"""

import io
import shutil
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from editions import languages
from nbgrader.coursedir import CourseDirectory
from pdf import HTML, place
from PIL import Image
from playwright.sync_api import sync_playwright

from book.figures.two_step import two_step_graph
from grading import report
from grading.commands import SAMPLE, class_at
from rnnlib.words import say, speaking

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "book" / "_static"
COLOURS = 64  # of a picture of a page
BLUE = "#0b5cad"  # the ground of the icon
ICON = """<body style="margin:0;background:{ground}">{svg}</body>"""
CARD = """<body style="margin:0;box-sizing:border-box;height:630px;padding:48px 64px;background:#fff;color:#111;
  border-top:16px solid {blue};font-family:'DejaVu Sans',sans-serif">
<style>svg {{ width: 100%; }}</style>
<h1 style="margin:0;font-size:45px;white-space:nowrap">Back-propagation through time, by hand</h1>
<p style="margin:14px 0 24px;font-size:27px">From two steps on paper to code that checks itself</p>
<div style="width:1020px;margin:auto">{picture}</div></body>"""
FIRST = [("E", "o"), ("o", "q"), ("q", "s_1"), ("s_1", "z_1"), ("z_1", "a_1"), ("a_1", "u_1")]
BACK = [("z_1", "b_1"), ("b_1", "s_0"), ("s_0", "z_0"), ("z_0", "a_0"), ("a_0", "u_0")]


def pictures():
    """What to draw: {name of the file: (width, height, page)}."""
    svg = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    graph = two_step_graph("The card's own text says what is to be seen.", done=FIRST, now=BACK).html
    return {
        "icon-32.png": (32, 32, ICON.format(ground="transparent", svg=svg)),
        "icon-180.png": (180, 180, ICON.format(ground=BLUE, svg=svg)),  # telephones round the corners themselves
        "card.png": (1200, 630, CARD.format(blue=BLUE, picture=graph)),
    }


def draw(browser, width, height, page):
    """The picture as the bytes of a PNG file."""
    tab = browser.new_page(viewport={"width": width, "height": height})
    tab.set_content(page)
    picture = tab.screenshot(omit_background=True)
    tab.close()
    return picture


def draw_report(browser, language):
    """A part of the report on the sample class, as the bytes of a PNG file."""
    tab = browser.new_page(viewport={"width": 760, "height": 900})
    with tempfile.TemporaryDirectory() as folder, speaking(language):
        tab.goto(report.write(folder, CourseDirectory(config=class_at(SAMPLE)), language=language).as_uri())
        headings = [tab.get_by_role("heading", name=name, exact=True).first for name in ("two-step", say("Tests"))]
        top, end = (heading.bounding_box()["y"] - 8 for heading in headings)
        picture = tab.screenshot(clip={"x": 0, "y": top, "width": 760, "height": end - top}, full_page=True)
    tab.close()
    return with_few_colours(picture)


# Run the cells of the notebook up to the first check, and show the part of the exercise to which it belongs.
RUN_TO_CHECK = """async () => {
  const { content } = jupyterapp.shell.currentWidget;
  const last = content.widgets.findIndex(cell => cell.model.sharedModel.getSource().includes("exercise.run("));
  for (let place = 0; place <= last; place += 1) {
    content.activeCellIndex = place;
    await jupyterapp.commands.execute("notebook:run-cell");
  }
  content.activeCellIndex = last - 1;
  content.widgets[last - 2].node.scrollIntoView();
}"""
# On a slow machine, which of two saves counts.
CLOSE_DIALOGS = "() => document.querySelectorAll('.jp-Dialog').forEach(dialog => dialog.remove())"
IS_READY = """() => { const panel = window.jupyterapp?.shell?.currentWidget;
  return panel?.context?.isReady && panel.sessionContext?.session?.kernel?.status === "idle"; }"""


def draw_exercise(browser, site, language):
    """An exercise that is opened in its chapter, with the first check run, as the bytes of a PNG file."""
    tab = browser.new_page(viewport={"width": 768, "height": 1300}, device_scale_factor=1.25)
    tab.set_default_timeout(300_000)
    tab.goto(site + place("two-step.html", language))
    tab.locator(".exercise-here").first.click()
    notebook = tab.locator(".exercise-stage iframe").element_handle().content_frame()
    notebook.wait_for_function(IS_READY)
    notebook.evaluate(RUN_TO_CHECK)
    tab.add_style_tag(content=".bd-header-article, #pst-skip-link { display: none !important; }")
    button = tab.locator(".exercise-here").first
    button.evaluate("button => button.scrollIntoView()")
    tab.wait_for_timeout(2000)  # until what was scrolled stands still
    notebook.evaluate(CLOSE_DIALOGS)
    left, top = (button.bounding_box()[side] for side in "xy")
    picture = tab.screenshot(clip={"x": left, "y": top - 4, "width": 768 - 2 * left, "height": 955})
    tab.close()
    return with_few_colours(picture)


def with_few_colours(picture):
    small = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    return small.getvalue()


def main():
    handler = partial(SimpleHTTPRequestHandler, directory=str(HTML))
    with sync_playwright() as playwright, ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site = f"http://127.0.0.1:{server.server_port}/"
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, picture in pictures().items():
            (STATIC / name).write_bytes(draw(browser, *picture))
        for language in ["en", *languages()]:
            ending = ".png" if language == "en" else f".{language}.png"  # where Sphinx looks for it
            (STATIC / f"class-report{ending}").write_bytes(draw_report(browser, language.replace("_", "-")))
            (STATIC / f"exercise{ending}").write_bytes(draw_exercise(browser, site, language))
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
