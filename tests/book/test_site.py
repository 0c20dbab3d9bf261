"""The built site in a browser, with the network cable out: every page, light and dark, on a desk and on a phone."""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import HTML, chapters, watched

PAGES = [f"{name}.html" for name in ["index", *chapters(), "search"]]
# One template writes the pages of known mistakes: one of them is visited for all.
VISITED = [path for path in PAGES if not path.startswith("mistakes/") or path == "mistakes/two-step.html"]
SEEN = [("light", 390), ("dark", 1280)]  # every colour scheme, a phone's width and a desk's: a visit takes seconds

OPEN_ALL = """
  document.querySelectorAll("details").forEach(box => { box.open = true; });
  document.querySelectorAll(".toggle-button-hidden").forEach(button => button.click());
"""
# The glyphs of MathJax are hidden from screen readers, which read the MathML beside them; they are most of a page.
WITHOUT_GLYPHS = {"exclude": [["mjx-math"]]}
AXE_OPTIONS = {"preload": False, "resultTypes": ["violations"]}
# One template writes all rows of a table; those of the known mistakes would keep axe busy for most of a minute.
SHORTEN_TABLES = """
  document.querySelectorAll("tbody").forEach(body => [...body.rows].slice(10).forEach(row => row.remove()));
"""
BAD_MATHS = """
  () => [...document.querySelectorAll("article .math")]
    .filter(box => !box.querySelector("mjx-container") || box.querySelector("mjx-merror, [data-mjx-error]")
                   || box.querySelector("mjx-assistive-mml")?.textContent.includes("\\\\"))
    .map(box => box.textContent)
"""
# Displayed formulas that are wider than their boxes.
SCROLLING = """
  () => {
    const wide = [...document.querySelectorAll("article div.math mjx-container")]
      .filter(box => box.scrollWidth > box.clientWidth);
    return {
      reached: wide.filter(box => box.tabIndex === 0).length,
      unreached: wide.filter(box => box.tabIndex !== 0).map(box => box.textContent.slice(0, 40)),
    };
  }
"""
# What the reader sees in the box of widgets around a control.
SHOWN = """
  control => [...control.closest(".widget-subarea").querySelectorAll(".widget-html, .widget-output")]
    .filter(frame => frame.offsetParent).map(frame => frame.innerHTML).join()
"""


class Visit(NamedTuple):
    """What was found on one page, in one colour scheme, at one width."""

    path: str
    left_the_host: list[str]
    errors: list[str]
    formulas: int
    bad_maths: list[str]
    overflow: int
    shift: float
    violations: list[str]
    moved: list[bool]  # by slider: whether its picture follows the arrow keys
    played: int  # buttons that move the slider they are linked to


@pytest.fixture
def page(chromium, site):
    """An empty tab on a desk."""
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield watched(context.new_page(), site)


def load(page, address):
    """Open a page, and wait until its maths and its widgets stand."""
    page.goto(address, wait_until="load")
    page.wait_for_function("!window.MathJax || MathJax.startup.promise.then(() => true)")
    page.wait_for_function(
        """document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length
           <= document.querySelectorAll(".widget-subarea .jupyter-widgets:first-child").length"""
    )
    page.wait_for_load_state("networkidle")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((path, *seen), id=f"{path}-{seen[0]}", marks=pytest.mark.xdist_group(f"{path}-{seen[0]}"))
        for path in VISITED
        for seen in SEEN
    ],
)
def visit(request, site, chromium):
    """One load of a page, and all that is looked at in it."""
    path, scheme, width = request.param
    with chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme) as context:
        page = watched(context.new_page(), site)
        load(page, site + path)
        shift = page.evaluate("shift")
        page.evaluate(OPEN_ALL)
        page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")  # boxes fade in
        formulas, bad_maths = page.locator("article mjx-container").count(), page.evaluate(BAD_MATHS)
        overflow = page.evaluate("document.documentElement.scrollWidth") - width
        page.evaluate(SHORTEN_TABLES)
        axe = Axe().run(page, context=WITHOUT_GLYPHS, options=AXE_OPTIONS).response["violations"]
        violations = [f"{rule['id']}: {node['html'][:200]}" for rule in axe for node in rule["nodes"]]
        moved, played = [moves(page, handle) for handle in page.locator(".noUi-handle").all()], plays(page)
        found = page.left_the_host, page.errors, formulas, bad_maths, overflow, shift, violations, moved, played
        return Visit(path, *found)


def moves(page, handle):
    """Whether an arrow key moves a slider and its picture."""
    return from_the_start(page, handle) != pressed(page, "ArrowRight", handle)


def from_the_start(page, handle):
    handle.focus()
    return pressed(page, "Home", handle)


def pressed(page, key, handle):
    page.keyboard.press(key)
    return handle.evaluate(SHOWN)


def plays(page):
    """How many buttons play the slider beside them; one that does not ends the visit."""
    buttons = page.get_by_role("button", name="Play or pause").all()
    for button in buttons:
        handle = button.locator("xpath=ancestor::div[contains(@class, 'widget-subarea')]").locator(".noUi-handle")
        before = from_the_start(page, handle)
        button.click()
        page.wait_for_function(
            "([handle, shown, before]) => eval(shown)(handle) !== before",
            arg=[handle.element_handle(), SHOWN, before],
        )
        button.click()
    return len(buttons)


def built(path):
    return (HTML / path).read_text(encoding="utf-8")


def test_all_pages_of_the_site_are_visited(site):
    paths = (path.relative_to(HTML) for path in HTML.rglob("*.html"))
    assert sorted(PAGES) == sorted(str(path) for path in paths if path.parts[0][0] != "_" and path.parts[0] != "lite")


def test_the_page_asks_no_other_host_for_anything(visit):
    assert visit.left_the_host == []


def test_the_page_reports_no_error(visit):
    assert visit.errors == []


def test_all_maths_of_the_page_is_rendered(visit):
    assert visit.bad_maths == []
    text = "".join(re.findall(r"<article.*</article>", built(visit.path), re.DOTALL))  # the contents repeat some
    assert visit.formulas >= len(re.findall(r'class="math ', text))


def test_the_page_does_not_scroll_sideways(visit):
    assert visit.overflow <= 0


def test_the_text_stays_in_place_while_the_page_loads(visit):
    assert visit.shift <= 0.1  # the limit that the web vitals call good


def test_axe_finds_nothing_that_shuts_a_reader_out(visit):
    assert visit.violations == []


def test_the_arrow_keys_move_every_slider_of_the_page_and_its_picture(visit):
    assert visit.moved == [True] * len(re.findall(r'"model_name": "\w*SliderModel"', built(visit.path)))


def test_play_moves_every_slider_that_it_is_linked_to(visit):
    assert visit.played == built(visit.path).count('"model_name": "PlayModel"')


def test_the_book_has_maths_sliders_and_players(site):
    book = "".join(built(path) for path in PAGES)
    assert book.count('class="math ') > 1000
    assert min(book.count("SliderModel"), book.count("PlayModel")) > 10


def test_a_request_that_leaves_the_host_would_be_seen(page, site):
    page.goto(site + "search.html")
    page.evaluate("new Image().src = 'https://example.org/pixel.png'")
    page.wait_for_timeout(100)
    assert page.left_the_host == ["https://example.org/pixel.png"]


def test_the_keyboard_reaches_every_formula_that_scrolls_whatever_the_width_was_before(page, site):
    load(page, site + "two-step.html")
    for width in (1280, 390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert page.evaluate(SCROLLING)["unreached"] == [], width
        assert page.evaluate(SCROLLING)["reached"] > 0


def test_the_search_finds_a_word(page, site):
    load(page, site + "index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("tanh")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.click()
    page.wait_for_load_state("load")
    assert "tanh" in page.locator("article").inner_text()
    assert page.left_the_host == page.errors == []


def test_every_link_and_fragment_within_the_site_resolves(site):
    lychee = Path(sys.executable).with_name("lychee")
    command = [lychee, "--offline", "--include-fragments", "--no-progress", *PAGES]
    done = subprocess.run(command, cwd=HTML, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_github_pages_serves_the_folders_that_begin_with_an_underscore(site):
    assert (HTML / ".nojekyll").exists()
