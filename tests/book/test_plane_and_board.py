"""The figures in which a reader chooses a matrix, or a mistake and a check, in a browser with their loader alone."""

import base64

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from interactive import served

from book.experiments.cases import case
from book.figures import checking, interactive
from book.figures.widgets import Interactive
from rnnlib import diagnostics, rnn
from rnnlib.params import Params, init_params

SERVED = served()
MINUS = "\N{MINUS SIGN}"
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
HOST = "http://figures.invalid"
TRIANGLE = {"w00": 0.9, "w01": 1.0, "w10": 0.0, "w11": 0.9, "input": 0.5, "by": "eigenvalues"}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>figure</title>
<link rel="stylesheet" href="interactive.css"></head>
<body><main><h1>Figure</h1><figure id="fig">{html}</figure></main>
<script src="loader.js"></script><script src="{figure.module}.js"></script></body></html>"""


@pytest.fixture
def show(chromium):
    """show(figure, settings, width): a tab with an Interactive in it, alive, and what its address asks for."""
    contexts = []

    def open_page(figure, settings="", width=1280):
        height = 844 if width < 600 else 1800
        contexts.append(chromium.new_context(viewport={"width": width, "height": height}, has_touch=width < 600))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)  # milliseconds
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.route(f"{HOST}/**", lambda route: answer(route, PAGE.format(figure=figure, html=figure.html())))
        page.goto(f"{HOST}/#fig{settings}")
        page.wait_for_selector(".alive .reading")
        assert not page.errors
        return page

    yield open_page
    for context in contexts:
        context.close()


def answer(route, page):
    name = route.request.url.removeprefix(f"{HOST}/")
    if name in SERVED:
        route.fulfill(body=SERVED[name], content_type="text/css" if name.endswith(".css") else "text/javascript")
    else:
        route.fulfill(body=page, content_type="text/html", status=404 if name else 200)


def two_units(**changes):
    return Interactive("vanishing", TRIANGLE | changes, "still")


def board():
    params, x, s_init, y = case(T=6, B=3, D=5, H=4, K=2, seed=8)
    return checking.bug_board(
        {
            "good": (params, x, s_init, y),
            "T=1": (params, x[:1], s_init, y[:1]),
            "tiny": (Params(*(0.001 * p for p in params)), x, s_init, y),
            "s=0": (params, x, 0 * s_init, y),
        }
    )


def reading(page):
    return page.locator(".reading").text_content()


def middle_of(handle):
    box = handle.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_figure_says_what_the_chapter_says_of_the_triangle(show):
    assert "W = (0.9, 1; 0, 0.9) has the eigenvalues 0.90 and 0.90" in reading(show(two_units()))
    assert "largest at n = 9, where it is 3.9, and 2.7 at n = 20" in reading(show(two_units()))


def test_an_eigenvalue_that_is_dragged_off_the_axis_takes_the_other_along(show):
    page = show(two_units())
    unit = page.locator("svg circle.axis").bounding_box()["width"] / 2
    x, y = middle_of(page.locator(".handle").last)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.4 * unit, y - 0.5 * unit, steps=5)
    page.mouse.up()
    assert "the eigenvalues 0.50 ± 0.50 i, the spectral radius 0.71" in reading(page)
    (x0, y0), (x1, y1) = (middle_of(handle) for handle in page.locator(".handle").all())
    assert abs(x0 - x1) < 1
    assert abs(abs(y0 - y1) - unit) < 1
    page.mouse.move(0, 0)
    assert "0.50 ± 0.50 i" in reading(page)  # a pointer that is up drags nothing


def test_an_eigenvalue_that_stays_on_the_axis_leaves_the_other_where_it_is(show):
    page = show(two_units(w01=0.0, w11=0.2))
    unit = page.locator("svg circle.axis").bounding_box()["width"] / 2
    x, y = middle_of(page.locator(".handle").first)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 1.4 * unit, y, steps=20)
    page.mouse.up()
    assert f"the eigenvalues {MINUS}0.50 and 0.20" in reading(page)
    assert "w01=" not in page.url  # the matrix stays diagonal, as it was at first
    assert "w10=" not in page.url


def test_a_finger_drags_an_eigenvalue_and_does_not_scroll_the_page(show):
    page = show(two_units(), width=390)
    page.evaluate("scrollTo(0, 150)")
    x, y = middle_of(page.locator(".handle").last)
    touch = page.context.new_cdp_session(page)
    for kind, points in [("Start", [(x, y)]), ("Move", [(x, y - 20)]), ("Move", [(x, y - 60)]), ("End", [])]:
        touch.send(
            "Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": [{"x": x, "y": y} for x, y in points]}
        )
    assert " i, the spectral radius" in reading(page)
    assert page.evaluate("scrollY") == 150


def test_arrow_keys_turn_the_coupling_and_the_address_follows(show):
    page = show(two_units())
    coupling = page.get_by_label("coupling")
    coupling.press("ArrowRight")
    assert coupling.get_attribute("aria-valuetext") == "1.05"
    assert "W = (0.9, 1.05; 0, 0.9)" in reading(page)
    assert "w01=1.05" in page.url
    page.wait_for_function("document.querySelector('.said').textContent.includes('1.05')")


def test_a_link_leads_to_a_matrix_and_to_the_sliders_of_its_entries(show):
    page = show(two_units(), "?w00=2&w01=-4&w10=1&w11=-2&by=entries")
    assert f"W = (2, {MINUS}4; 1, {MINUS}2) has the eigenvalues 0.00 and 0.00" in reading(page)
    assert "and 0 at n = 20" in reading(page)
    assert page.get_by_label("example").input_value() == "nilpotent"
    assert page.get_by_label("W01").get_attribute("aria-valuetext") == f"{MINUS}4.00"
    assert not page.get_by_label("coupling").is_visible()


def test_without_input_twice_the_identity_explodes_with_slopes_of_1_and_vanishes_with_tanh(show):
    page = show(two_units(input=0))
    page.get_by_label("example").select_option("twice the identity")
    assert "largest at n = 20, where it is 1.0 · 10⁶." in reading(page)
    params = init_params(np.random.default_rng(0), 1, 2, 2)._replace(W=2 * np.eye(2), b=np.zeros(2))
    states = rnn.forward(params, np.zeros((20, 1, 1)), np.array([[0.5, 0.3]])).states
    digits = f"{diagnostics.jacobian_norms(params, states)[0, 0]:.1e}".split("e-")
    assert reading(page).endswith(f"With tanh, 20 hops have the norm {digits[0]} · 10⁻{digits[1].translate(RAISED)}.")


def test_the_board_has_the_verdicts_of_the_still(show):
    figure = board()
    page = show(figure)
    words = "cell => (cell.querySelector('span') ?? cell).textContent"
    rows = f"rows => rows.map(row => [...row.cells].map({words}))"
    live = page.locator(".board tbody tr").evaluate_all(rows)
    page.set_content(figure.still)
    still = page.locator("tbody tr").evaluate_all(rows)
    assert len(live) == len(still) + 1 == 12
    for row, expected in zip(live[1:], still, strict=True):
        assert row[0] == expected[0]
        rounded = ["0 %" if cell.startswith("0.") else cell for cell in row[1 : len(expected)]]
        assert rounded == expected[1:], row[0]


def test_the_right_gradient_passes_every_check_until_the_tolerance_is_smaller_than_rounding(show):
    page = show(board())
    first = page.locator(".board tbody tr").first.locator("td")
    assert [cell.get_attribute("class") for cell in first.all()] == ["passes"] * 6
    page.get_by_label("tolerance").fill("-12")
    assert first.first.get_attribute("class") == "caught"
    page.get_by_label("mistake", exact=True).select_option("")
    page.get_by_label("check", exact=True).select_option("good")
    assert "the rounding of the witness is larger than this tolerance" in reading(page)


def test_a_cell_that_is_pressed_is_explained_with_its_numbers(show):
    page = show(board())
    page.locator(".board tbody tr", has_text="s_init left out of dW").locator("td").nth(3).click()
    assert page.get_by_label("mistake", exact=True).input_value() == "s_init left out of dW"
    assert page.get_by_label("check", exact=True).input_value() == "s=0"
    assert "s_init left out of dW, s₋₁ = 0: passes." in reading(page)
    assert reading(page).endswith("What is left out is zero.")
    assert page.locator("[aria-current]").count() == 1
    assert "check=s%3D0" in page.url


def test_at_one_per_cent_tiny_weights_hide_what_is_wrong_with_the_message(show):
    page = show(board(), "?tolerance=-2&check=tiny")
    assert page.get_by_label("tolerance").get_attribute("aria-valuetext") == "1 %"
    assert "W for its transpose, tiny: passes." in reading(page)
    assert "Tiny weights make the message tiny" in reading(page)


def test_a_link_to_a_pair_that_is_not_on_the_board_leads_to_the_first_one(show):
    page = show(board(), "?mistake=typo&check=nowhere")
    assert reading(page).startswith("none: the right gradient, good: passes.")


IN_A_NOTEBOOK = """async ([module, state]) => {
  const model = { get: name => state[name], set(name, value) { state[name] = value; }, on() {}, save_changes() {} };
  const el = document.createElement("div");
  (await import(`data:text/javascript;base64,${module}`)).default.render({ model, el });
  return el.querySelector(".reading").textContent;
}"""


@pytest.mark.parametrize("figure", [two_units, board])
def test_a_notebook_which_has_the_module_as_one_text_shows_the_same_figure(figure, show):
    asked = figure()
    page = show(asked)
    widget = interactive.figure(asked.module, **asked.state)
    source = base64.b64encode(widget._esm.encode()).decode()
    assert page.evaluate(IN_A_NOTEBOOK, [source, asked.state]) == reading(page)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("figure", [two_units, board])
def test_a_figure_shuts_nobody_out_and_is_no_wider_than_the_screen(figure, width, show):
    page = show(figure(), width=width)
    assert not Axe().run(page).response["violations"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
