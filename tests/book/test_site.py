"""The built site in a browser, with the network cable out: every page, light and dark, on a desk and on a phone."""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pdf
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import AXE_OPTIONS, DESK, HTML, START, WITHOUT_LETTERS, shuts_out, watched

PAGES = [f"{name}.html" for name in [*pdf.pages(), "search"]]
# One template writes the pages of known mistakes: one of them is visited for all.
VISITED = [path for path in PAGES if not path.startswith("mistakes/") or path == "mistakes/two-step.html"]
SEEN = [("light", 390), ("dark", 1280)]  # every colour scheme, a phone's width and a desk's: a visit takes seconds
PAPER = 672  # pixels between the margins of an A4 page

OPEN_ALL = """
  document.querySelectorAll("details").forEach(box => { box.open = true; });
  document.querySelectorAll(".toggle-button-hidden").forEach(button => button.click());
"""
INLINE = '<span class="katex"><span class="katex-mathml"><math'  # what KaTeX begins a formula with
# The sources of the formulas that are wider than their boxes.
SCROLLING = """
  () => [...document.querySelectorAll("article .katex-display")]
    .filter(box => box.scrollWidth > box.clientWidth)
    .map(box => box.querySelector("annotation").textContent)
"""
# The first lines of code, and of what it prints, in boxes that are too narrow for a line of it.
CUT_CODE = """
  () => [...document.querySelectorAll("article .highlight pre")]
    .filter(box => box.offsetParent && box.scrollWidth > box.clientWidth)
    .map(box => box.textContent.split("\\n")[0])
"""
# Formulas whose comma or full stop stands at the start of the next line.
LEFT_ALONE = """
  () => [...document.querySelectorAll("article .tied > .math")]
    .filter(formula => {
      const mark = document.createRange();
      mark.selectNodeContents(formula.nextSibling);
      const last = [...formula.querySelectorAll(".base")].at(-1);
      return mark.getBoundingClientRect().left < last.getBoundingClientRect().left;
    })
    .map(formula => formula.querySelector("annotation").textContent)
"""
# The least contrast of the letters in pictures to the page, as WCAG 2 defines it.
CONTRAST = """
  () => {
    const luminance = colour => {
      const [r, g, b] = colour.match(/\\d+/g).map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    };
    const page = luminance(getComputedStyle(document.body).backgroundColor);
    return Math.min(...[...document.querySelectorAll(".picture [id*=-text_] use, .picture [id*=-text_] path")]
      .filter(letter => letter.closest("defs") === null)
      .map(letter => luminance(getComputedStyle(letter).fill))
      .map(letter => Math.max(letter, page) / Math.min(letter, page)));
  }
"""
# Of each picture in sight that scrolls: its direction, and whether its left and its right end are seen.
BOXES = """
  () => [...document.querySelectorAll(".picture")].filter(box => box.offsetParent && box.scrollWidth > box.clientWidth)
    .map(box => {
      const [seen, drawn] = [box, box.firstElementChild].map(each => each.getBoundingClientRect());
      return [getComputedStyle(box).direction, drawn.left >= seen.left - 1, drawn.right <= seen.right + 1];
    })
"""
# Names in tables that go over the end of a line, and captions that go over the edge of the page.
BROKEN_NAMES = """
  () => [...document.querySelectorAll("article table:not(.known) code")]
    .filter(code => !code.textContent.includes(" ") && code.getClientRects().length > 1).map(code => code.textContent)
"""
CUT_CAPTIONS = """
  () => [...document.querySelectorAll("article table caption")]
    .filter(caption => {
      const words = document.createRange();
      words.selectNodeContents(caption);
      return words.getBoundingClientRect().right > innerWidth;
    })
    .map(caption => caption.textContent)
"""
# Whether the Tab key has been through the page, and the source of the formula where it stopped, if it is one.
STOP = """() => [
  document.activeElement === document.body,
  document.activeElement.matches(".katex-display")
    ? document.activeElement.querySelector("annotation").textContent : null,
]"""
# What the reader sees in the figure around a control, beside the control itself.
SHOWN = """
  control => [...control.closest(".interactive-figure").children]
    .filter(part => !part.matches(".controls, .said")).map(part => part.innerHTML).join()
"""
CLOSED = ".interactive:not(.alive)"
RANGES = ".interactive input[type=range]"


# The name of a slider, its value as it is spoken and as it is shown, and how high the box around it is.
SPOKEN = """
  sliders => sliders.map(slider => [slider.labels[0].textContent,
    slider.getAttribute("aria-valuetext").replaceAll("_", ""), slider.nextElementSibling.textContent,
    slider.getBoundingClientRect().height])
"""


class Look(NamedTuple):
    """What was found on a page in one colour scheme, at one width."""

    width: int
    scrolling: list[str]  # formulas
    left_alone: list[str]  # formulas, by the comma or full stop after them
    broken_names: list[str]
    cut_captions: list[str]
    boxes: list[list]  # of pictures that scroll
    contrast: float | None  # of letters in pictures, if there are any
    cut: list[str] | None  # formulas that are wider than a printed page, which has one width: only the desk prints
    cut_code: list[str]  # by its first line
    overflow: int
    shift: float
    violations: list[str]


class Visit(NamedTuple):
    """What was found on one page."""

    path: str
    left_the_host: list[str]
    errors: list[str]
    looks: list[Look]
    moved: list[bool]  # by slider: whether its picture follows the arrow keys
    spoken: list[tuple]  # by slider: its name, its value as it is spoken and as it is shown, the height of its handle
    played: int  # buttons that move the slider they are linked to
    told: int  # figures that have a caption with a number


@pytest.fixture
def page(chromium, site):
    """An empty tab on a desk."""
    with chromium.new_context(viewport=DESK) as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        yield page


def load(page, address):
    """Open a page, and wait until its figures are alive."""
    page.goto(address, wait_until="load")
    page.wait_for_function("closed => !document.querySelector(closed)", arg=CLOSED)
    page.wait_for_load_state("networkidle")


@pytest.fixture(
    scope="module", params=[pytest.param(path, id=path, marks=pytest.mark.xdist_group(path)) for path in VISITED]
)
def visit(request, site, chromium):
    """All that is looked at in a page, as a phone and as a desk show it."""
    with chromium.new_context() as context:
        page = watched(context.new_page(), site)
        page.set_default_timeout(START)
        looks = [look(page, site + request.param, scheme, width) for scheme, width in SEEN]
        moved = [moves(page, handle) for handle in page.locator(RANGES).all()]
        spoken = page.locator(RANGES).evaluate_all(SPOKEN)
        told = page.locator("figure:has(.interactive) > figcaption .caption-number").count()
        return Visit(request.param, page.left_the_host, page.errors, looks, moved, spoken, plays(page), told)


def look(page, address, scheme, width):
    """Load the page: text that moves while it loads moves in another way at another width."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 844})
    load(page, address)
    shift = page.evaluate("shift")
    page.evaluate(OPEN_ALL)
    page.evaluate("Promise.allSettled(document.getAnimations().map(each => each.finished))")  # boxes fade in
    overflow = page.evaluate("document.documentElement.scrollWidth") - width
    found = [page.evaluate(script) for script in (SCROLLING, LEFT_ALONE, BROKEN_NAMES, CUT_CAPTIONS, BOXES, CONTRAST)]
    found += [on_paper(page) if width == DESK["width"] else None, page.evaluate(CUT_CODE)]
    return Look(width, *found, overflow, shift, shuts_out(page))  # which takes letters away


def on_paper(page):
    """The formulas that are wider than a printed page, on which the letters have another size."""
    shown = page.viewport_size
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER, "height": 844})
    cut = page.evaluate(SCROLLING)
    page.emulate_media(media="screen")
    page.set_viewport_size(shown)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")  # the width is back
    return cut


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
    buttons = page.locator(".interactive button").all()
    for button in buttons:
        handle = button.locator("xpath=preceding-sibling::input")
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


def steppers(path):
    """The states of the steppers of a page, which it loads from their own files."""
    addresses = re.findall(r'<script defer src="(_static/frames/[^?"]*)', built(path))
    return "".join(built(address) for address in addresses)


def test_all_pages_of_the_site_are_visited(site):
    paths = (path.relative_to(HTML) for path in HTML.rglob("*.html"))
    assert sorted([*PAGES, "404.html"]) == sorted(
        str(path) for path in paths if path.parts[0][0] != "_" and path.parts[0] not in ("lite", "zh")
    )


def test_the_page_asks_no_other_host_for_anything(visit):
    assert visit.left_the_host == []


def test_the_page_reports_no_error(visit):
    assert visit.errors == []


@pytest.mark.parametrize("path", PAGES)
def test_every_formula_is_set_while_the_site_is_built(site, path):
    begun = re.findall(r'class="math"[^>]*>\s*(?:<span class="eqno">.*?</span>)?(<.*?<math)', built(path), re.DOTALL)
    assert len(begun) == built(path).count('class="math"')
    assert set(begun) <= {INLINE, f'<span class="katex-display">{INLINE}'}
    assert "katex-error" not in built(path)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_something_for_formulas_only_if_it_has_some(site, path):
    loaded = re.findall(r"<(?:link|script)[^>]+(?:katex|mathjax)", built(path), re.IGNORECASE)
    assert bool(loaded) == ('class="math"' in built(path))


def test_on_a_desk_no_formula_is_wider_than_its_box(visit):
    assert [look.scrolling for look in visit.looks if look.width == 1280] == [[]]


def test_on_a_desk_no_line_of_code_or_of_its_output_is_cut(visit):
    assert [look.cut_code for look in visit.looks if look.width == 1280] == [[]]


def test_paper_cuts_no_formula(visit):
    assert [look.cut for look in visit.looks] == [None, []]


def test_no_line_begins_with_the_comma_after_a_formula(visit):
    assert [look.left_alone for look in visit.looks] == [[], []]


def test_no_name_in_a_table_is_broken_and_no_caption_is_wider_than_the_page(visit):
    assert [(look.broken_names, look.cut_captions) for look in visit.looks] == [([], [])] * 2


def test_letters_in_pictures_can_be_read_in_light_and_in_dark(visit):
    for look in visit.looks:
        assert look.contrast is None or look.contrast >= 4.5


def test_a_picture_scrolls_on_a_phone_alone_and_shows_the_end_from_which_it_is_read(visit):
    phone, desk = visit.looks
    assert desk.boxes == []
    assert all(box in (["ltr", True, False], ["rtl", False, True]) for box in phone.boxes)
    wide = re.findall(r'class=\\?"picture wide', built(visit.path) + steppers(visit.path))
    assert bool(phone.boxes) == bool(wide)


@pytest.mark.parametrize("path", ["two-step.html", "t-steps.html", "graph.html"])
def test_on_a_phone_the_error_at_which_the_way_back_starts_is_in_sight(page, site, path):
    page.set_viewport_size({"width": 390, "height": 844})
    load(page, site + path)
    assert "rtl" in [direction for direction, *_ in page.evaluate(BOXES)]


def test_the_page_does_not_scroll_sideways(visit):
    assert max(look.overflow for look in visit.looks) <= 0


def test_the_text_stays_in_place_while_the_page_loads(visit):
    assert max(look.shift for look in visit.looks) <= 0.1  # the limit that the web vitals call good


def test_axe_finds_nothing_that_shuts_a_reader_out(visit):
    assert [look.violations for look in visit.looks] == [[], []]


def test_nothing_that_axe_finds_on_a_page_is_lost_when_the_page_is_shortened(page, site):
    load(page, site + "one-page.html")
    page.add_style_tag(content=".highlight .k { color: #eee !important; } article p { color: #ddd !important; }")
    page.locator("article").evaluate("article => article.append(document.createElement('button'), new Image())")
    options = {"context": {"exclude": [WITHOUT_LETTERS]}, "options": AXE_OPTIONS}
    found = {rule["id"] for rule in Axe().run(page, **options).response["violations"]}
    shortened = shuts_out(page)
    assert {line.split(": ")[0] for line in shortened} == found == {"color-contrast", "button-name", "image-alt"}
    assert any('class="k"' in line for line in shortened)


def test_the_arrow_keys_move_every_slider_of_the_page_and_its_picture(visit):
    assert all(visit.moved)
    assert len(visit.moved) >= built(visit.path).count('class="interactive"')


def test_the_value_of_a_slider_is_spoken_as_it_is_shown_and_its_handle_is_large_enough_for_a_finger(visit):
    for name, spoken, shown, height in visit.spoken:
        assert name
        assert spoken == shown != ""
        assert height >= 24


def test_play_moves_every_slider_that_it_is_linked_to(visit):
    assert visit.played == len(re.findall('"interval":[1-9]', steppers(visit.path)))


def test_every_interactive_figure_has_a_number_and_a_caption(visit):
    assert visit.told == built(visit.path).count('class="interactive"')


def test_without_javascript_an_interactive_figure_is_a_still(chromium, site):
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + "vanishing.html")
        stills = page.locator(".interactive > .picture").all()
        assert len(stills) == built("vanishing.html").count('class="interactive"') > 1
        assert all(still.is_visible() for still in stills)
        assert page.locator(".interactive :is(input, button)").count() == 0


def test_a_stepper_whose_pictures_do_not_arrive_is_a_still_beside_figures_that_are_alive(page, site):
    page.route("**/frames/graph-1.js*", lambda route: route.abort())
    page.goto(site + "graph.html")
    page.wait_for_function("closed => document.querySelectorAll(closed).length === 1", arg=CLOSED)
    (still,) = page.locator(f"{CLOSED} > .picture").all()
    assert still.is_visible()
    assert all(moves(page, handle) for handle in page.locator(RANGES).all())


def test_a_page_that_is_opened_as_a_file_has_its_figures_alive(page, site):
    page.goto((HTML / "vanishing.html").as_uri())
    page.wait_for_function("closed => !document.querySelector(closed)", arg=CLOSED)
    assert moves(page, page.locator(RANGES).last)


def test_a_link_leads_to_a_figure_with_its_settings_and_a_change_is_in_the_address(page, site):
    load(page, site + "two-step.html#fig-two-step-sweep?at_0=5")
    figure = page.locator("#fig-two-step-sweep")
    slider = figure.get_by_role("slider", name="derivative")
    assert slider.get_attribute("aria-valuetext") == "\u2202\u207aE/\u2202u_1"
    assert figure.evaluate("figure => figure.getBoundingClientRect().top") < 300
    slider.press("ArrowRight")
    page.wait_for_url("**#fig-two-step-sweep?at_0=6")
    page.locator(".said", has_text="k_1").wait_for(state="attached")
    page.evaluate("location.hash = 'fig-two-step-sweep?at_0=99'")
    page.wait_for_function("slider => slider.value === '13'", arg=slider.element_handle())
    assert page.errors == []


def test_the_book_has_maths_sliders_and_players(site):
    book = "".join(built(path) for path in PAGES)
    assert book.count('class="math"') > 1000
    players = re.findall('"interval":[1-9]', "".join(steppers(path) for path in PAGES))
    assert min(book.count('class="interactive"'), len(players)) > 10
    assert not re.search("jupyter-widgets|require\\.js", book)


def test_a_request_that_leaves_the_host_would_be_seen(page, site):
    page.goto(site + "search.html")
    page.evaluate("new Image().src = 'https://example.org/pixel.png'")
    page.wait_for_timeout(100)
    assert page.left_the_host == ["https://example.org/pixel.png"]


def test_a_formula_is_a_stop_of_the_tab_key_only_while_it_scrolls(page, site):
    load(page, site + "one-page.html")  # it has few other stops
    for width, scrolls in ((1280, False), (390, True), (1280, False)):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(500)
        assert stops(page) == page.evaluate(SCROLLING)
        assert bool(stops(page)) == scrolls


def stops(page):
    """The sources of the formulas where the Tab key stops on its way through the page."""
    page.evaluate("document.activeElement.blur()")
    found = []
    while True:
        page.keyboard.press("Tab")
        through, formula = page.evaluate(STOP)
        if through:
            return [source for source in found if source is not None]
        found.append(formula)


SIZES = """
  boxes => boxes.map(box => box.getBoundingClientRect()).map(({ width, height }) => [width, height])
"""


# Whether the element that has the focus shows it, or a part of it does: by an outline or by a shadow.
FOCUS = """() => {
  const shows = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || / [2-9]px(,|$| inset)/.test(boxShadow);
  };
  const focus = document.activeElement;
  const name = `${focus.tagName} ${(focus.ariaLabel ?? focus.textContent).trim().slice(0, 40)}`;
  return { isSeen: [focus, ...focus.children].some(shows), name };
}"""


@pytest.mark.parametrize(("path", "width"), [("two-step.html", 1280), ("two-step.html", 390), ("mistakes.html", 1280)])
def test_every_stop_of_the_tab_key_shows_that_it_has_the_focus(path, width, page, site):
    page.set_viewport_size(DESK | {"width": width})
    load(page, site + path)
    unseen, names = set(), set()
    while (focus := step(page))["name"].split()[0] != "BODY":
        names.add(focus["name"])
        if not focus["isSeen"]:
            unseen.add(focus["name"])
    assert len(names) > 30
    assert unseen == set()


def step(page):
    page.keyboard.press("Tab")
    return page.evaluate(FOCUS)


def test_without_javascript_the_formulas_have_the_same_sizes(chromium, site):
    found = []
    for scripting in (True, False):
        with chromium.new_context(java_script_enabled=scripting) as context:
            page = context.new_page()
            page.goto(site + "two-step.html", wait_until="networkidle")
            found.append(page.locator("article .katex-display .katex-html").evaluate_all(SIZES))
    assert found[0] == found[1]
    assert min(found[0]) > [100, 10]


def edges(box):
    """Whether the left and the right edge of a formula, whose letters are hidden, differ from its background."""
    box.scroll_into_view_if_needed()
    x, y, width, height = box.bounding_box().values()
    left, middle, right = (
        box.page.screenshot(clip={"x": x + part * (width - 8), "y": y, "width": 8, "height": height})
        for part in (0, 0.5, 1)
    )
    return left != middle, right != middle


def test_on_a_phone_the_edge_of_a_formula_is_in_the_shade_where_it_goes_on(page, site):
    page.set_viewport_size({"width": 390, "height": 844})
    load(page, site + "two-step.html")
    page.add_style_tag(content="html { scroll-behavior: auto !important; } .katex { visibility: hidden; }")
    wide = page.locator("article .katex-display").first
    narrow = page.locator("article .katex-display").nth(3)
    assert edges(narrow) == (False, False)
    assert edges(wide) == (False, True)
    wide.evaluate("box => { box.scrollLeft = 100; }")
    assert edges(wide) == (True, True)
    wide.evaluate("box => { box.scrollLeft = 1000; }")
    assert edges(wide) == (True, False)


def test_the_search_finds_a_word(page, site):
    load(page, site + "index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("tanh")
    page.keyboard.press("Enter")
    page.locator("#search-results li a").first.click()
    page.wait_for_load_state("load")
    assert "tanh" in page.locator("article").inner_text()
    assert page.left_the_host == page.errors == []


def test_the_search_shows_a_formula_once(page, site):
    load(page, site + "search.html?q=tanh")
    page.locator("#search-results .context").first.wait_for()
    extracts = " ".join(page.locator("#search-results .context").all_text_contents())
    assert "\\tanh" in extracts
    assert "\u200b" not in extracts  # it stands in the letters of many formulas


@pytest.mark.smoke
def test_every_link_and_fragment_within_the_site_resolves(site):
    lychee = Path(sys.executable).with_name("lychee")
    command = [lychee, "--offline", "--include-fragments", "--no-progress", *PAGES]
    done = subprocess.run(command, cwd=HTML, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_github_pages_serves_the_folders_that_begin_with_an_underscore(site):
    assert (HTML / ".nojekyll").exists()


COLOURS = "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))"


def test_paper_is_light_whatever_the_screen_shows(site, chromium):
    with chromium.new_context(color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{site}index.html")
        dark = page.evaluate(COLOURS)
        page.evaluate(f"addEventListener('beforeprint', () => {{ window.onPaper = {COLOURS}; }})")
        page.pdf()
        assert page.evaluate("onPaper[1]") == "rgb(255, 255, 255)"
        assert page.evaluate("onPaper[0]") != dark[0]
        assert page.evaluate(COLOURS) == dark
