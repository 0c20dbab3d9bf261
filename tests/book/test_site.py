"""The built site in a browser, with the network cable out: every page, light and dark, on a desk and on a phone."""

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import HTML, watched

DESK, PHONE = 1280, 390  # widths in pixels
SEEN = [("light", PHONE), ("dark", DESK)]  # every colour scheme and every width: a visit takes seconds

WIDGET = 'type="application/vnd.jupyter.widget-view+json"'
OPEN_ALL = """
  document.querySelectorAll("details").forEach(box => { box.open = true; });
  document.querySelectorAll(".toggle-button-hidden").forEach(button => button.click());
"""
# The glyphs of MathJax are hidden from screen readers, which read the MathML beside them; they are most of a page.
WITHOUT_GLYPHS = {"exclude": [["mjx-math"]]}
AXE_OPTIONS = {"preload": False, "resultTypes": ["violations"]}
BAD_MATHS = """
  () => [...document.querySelectorAll("article .math")]
    .filter(box => !box.querySelector("mjx-container") || box.querySelector("mjx-merror, [data-mjx-error]")
                   || box.querySelector("mjx-assistive-mml")?.textContent.includes("\\\\"))
    .map(box => box.textContent)
"""
# What the reader sees in the box of widgets around a control.
SHOWN = """
  control => [...control.closest(".widget-subarea").querySelectorAll(".widget-html, .widget-output")]
    .filter(frame => frame.offsetParent).map(frame => frame.innerHTML).join()
"""


class Visit(NamedTuple):
    """What was found on one page, in one colour scheme, at one width."""

    where: str
    left_the_host: list[str]
    errors: list[str]
    bad_maths: list[str]
    overflow: int
    shift: float
    violations: list[str]


@pytest.fixture
def page(chromium, site):
    """An empty tab on a desk; whatever it asks of another host is blocked, and listed in `page.left_the_host`."""
    with chromium.new_context(viewport={"width": DESK, "height": 900}) as context:
        yield watched(context.new_page(), site)


def pages():
    """The paths of all pages of the book, from the root of the built site."""
    paths = (path.relative_to(HTML) for path in HTML.rglob("*.html"))
    return sorted(path.as_posix() for path in paths if path.parts[0][0] != "_" and path.parts[0] != "lite")


def pages_with_widgets():
    return [path for path in pages() if WIDGET in (HTML / path).read_text(encoding="utf-8")]


def load(page, address):
    """Open a page, and wait until its maths and its widgets stand."""
    page.goto(address, wait_until="load")
    page.wait_for_function("!window.MathJax || MathJax.startup.promise.then(() => true)")
    page.wait_for_function(
        """document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]').length
           <= document.querySelectorAll(".widget-subarea .jupyter-widgets:first-child").length"""
    )
    page.wait_for_load_state("networkidle")


@pytest.fixture(scope="session")
def visits(site, chromium):
    found = []
    for scheme, width in SEEN:
        with chromium.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme) as context:
            found += [visit(watched(context.new_page(), site), site, path, scheme, width) for path in pages()]
    return found


def visit(page, site, path, scheme, width):
    load(page, site + path)
    shift = page.evaluate("shift")
    page.evaluate(OPEN_ALL)
    page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")  # boxes fade in
    axe = Axe().run(page, context=WITHOUT_GLYPHS, options=AXE_OPTIONS).response["violations"]
    found = Visit(
        where=f"{path}, {scheme}, {width} px",
        left_the_host=page.left_the_host,
        errors=page.errors,
        bad_maths=page.evaluate(BAD_MATHS),
        overflow=page.evaluate("document.documentElement.scrollWidth") - width,
        shift=shift,
        violations=[f"{rule['id']}: {node['html'][:200]}" for rule in axe for node in rule["nodes"]],
    )
    page.close()
    return found


def test_no_page_asks_another_host_for_anything(visits):
    assert {visit.where: visit.left_the_host for visit in visits if visit.left_the_host} == {}


def test_a_request_that_leaves_the_host_would_be_seen(page, site):
    page.goto(site + "search.html")
    page.evaluate("new Image().src = 'https://example.org/pixel.png'")
    page.wait_for_timeout(100)
    assert page.left_the_host == ["https://example.org/pixel.png"]


def test_no_page_reports_an_error(visits):
    assert {visit.where: visit.errors for visit in visits if visit.errors} == {}


def test_all_maths_is_rendered(visits, page, site):
    assert {visit.where: visit.bad_maths for visit in visits if visit.bad_maths} == {}
    load(page, site + "two-step.html")
    assert page.locator("article mjx-container").count() > 100


def test_no_page_scrolls_sideways(visits):
    assert {visit.where: visit.overflow for visit in visits if visit.overflow > 0} == {}


def test_the_text_stays_in_place_while_a_page_loads(visits):
    good = 0.1  # the limit that the web vitals call good
    assert {visit.where: visit.shift for visit in visits if visit.shift > good} == {}


def test_axe_finds_nothing_that_shuts_a_reader_out(visits):
    assert {visit.where: visit.violations for visit in visits if visit.violations} == {}


def test_the_arrow_keys_move_every_slider_and_its_picture(page, site):
    moved = 0
    for path in pages_with_widgets():
        load(page, site + path)
        for handle in page.locator(".noUi-handle").all():
            handle.focus()
            page.keyboard.press("Home")
            before = handle.evaluate(SHOWN)
            page.keyboard.press("ArrowRight")
            assert handle.evaluate(SHOWN) != before, path
            moved += 1
    assert moved


def test_play_moves_every_slider_that_it_is_linked_to(page, site):
    played = 0
    for path in pages_with_widgets():
        load(page, site + path)
        for play in page.get_by_role("button", name="Play or pause").all():
            handle = play.locator("xpath=ancestor::div[contains(@class, 'widget-subarea')]").locator(".noUi-handle")
            handle.focus()
            page.keyboard.press("Home")
            before = handle.evaluate(SHOWN)
            play.click()
            page.wait_for_function(
                "([handle, shown, before]) => eval(shown)(handle) !== before",
                arg=[handle.element_handle(), SHOWN, before],
            )
            play.click()
            played += 1
    assert played


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
    command = [lychee, "--offline", "--include-fragments", "--no-progress", *pages()]
    done = subprocess.run(command, cwd=HTML, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_github_pages_serves_the_folders_that_begin_with_an_underscore(site):
    assert (HTML / ".nojekyll").exists()
