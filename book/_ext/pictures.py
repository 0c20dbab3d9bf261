"""Draw pictures into book/_static: `python book/_ext/pictures.py` needs Chromium, and what `make course` makes.

The first page shows a part of the report on that class. The icons are favicon.svg, for what shows no SVG; the card goes
beside a link to the site in a chat or a search.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from book.figures.two_step import two_step_graph

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "book" / "_static"
REPORT = ROOT / "_build" / "sample-class" / "report" / "index.html"  # `make course` makes it
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


def draw_report(browser):
    """A part of the report on the sample class, as the bytes of a PNG file with as few colours as it needs."""
    tab = browser.new_page(viewport={"width": 760, "height": 900})
    tab.goto(REPORT.as_uri())
    top, end = (tab.get_by_role("heading", name=name).bounding_box()["y"] - 8 for name in ("two-step", "Tests"))
    picture = tab.screenshot(clip={"x": 0, "y": top, "width": 760, "height": end - top}, full_page=True)
    tab.close()
    small = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(32).save(small, "PNG", optimize=True)
    return small.getvalue()


def main():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, picture in pictures().items():
            (STATIC / name).write_bytes(draw(browser, *picture))
        (STATIC / "class-report.png").write_bytes(draw_report(browser))
        browser.close()


if __name__ == "__main__":
    main()
