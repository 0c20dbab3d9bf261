"""The program of the page "BPTT on one page": complete, short, right; and the page fits on one sheet of paper."""

import ast
import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from cases import case
from pypdf import PdfReader

from rnnlib import gradcheck, rnn

PAGE = (Path(__file__).parents[2] / "book" / "one-page.md").read_text(encoding="utf-8")
PROGRAM = re.search(r"```\{code-cell\} python\n:tags: \[live\]\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.fixture(scope="module")
def ran():
    """The names of the program after it ran, and what it printed."""
    names, printed = {}, io.StringIO()
    with redirect_stdout(printed):
        exec(PROGRAM, names)
    return names, printed.getvalue()


def test_the_program_needs_numpy_alone():
    imports = [node for node in ast.walk(ast.parse(PROGRAM)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in imports] == ["import numpy as np"]


def test_the_gradient_takes_at_most_25_lines_none_of_which_is_wide():
    function = next(node for node in ast.parse(PROGRAM).body if isinstance(node, ast.FunctionDef))
    assert function.end_lineno - function.lineno + 1 <= 25
    assert max(map(len, PROGRAM.splitlines())) <= 76  # more would scroll, on the screen and off the paper


def test_the_gradient_is_that_of_rnnlib(ran):
    (params, x, s_init, y), _ = case(5, T=7, B=1, D=3, H=4, K=5)
    E, gradient = ran[0]["loss_and_gradient"](*params, x[:, 0], s_init[0], y[:, 0])
    expected, back, _ = rnn.loss_and_gradient(params, x, s_init, y)
    assert E == pytest.approx(expected, rel=1e-12)
    gradcheck.compare(params._make(gradient), back.gradient, tol=1e-12)


def test_logits_of_a_thousand_do_no_harm(ran):
    (params, x, s_init, y), _ = case(5, T=3, B=1, D=3, H=4, K=5)
    params = params._replace(c=np.array([1000.0, 0, 0, 0, -1000.0]))
    E, gradient = ran[0]["loss_and_gradient"](*params, x[:, 0], s_init[0], y[:, 0])
    assert np.isfinite(E)
    assert all(np.isfinite(array).all() for array in gradient)


def test_the_program_prints_each_gradient_beside_its_numeric_witness(ran):
    rows = re.findall(r"^d(\w)\S* += +(\S+), numeric +(\S+), .* (\S+)$", ran[1], re.MULTILINE)
    assert "".join(name for name, *_ in rows) == "UWVbc"
    for _, by_hand, numeric, away in rows:
        assert float(by_hand) == pytest.approx(float(numeric), abs=2e-6) != 0
        assert float(away) < 1e-8


def test_a_wrong_gradient_would_show_in_what_the_program_prints():
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(PROGRAM.replace("message = W.T @", "message = W @"), {})
    assert max(float(away) for away in re.findall(r"(\S+)$", printed.getvalue(), re.MULTILINE)) > 1e-3


@pytest.fixture
def sheet(chromium, site):
    """The page as it is printed, as wide as the paper between the margins of the PDF."""
    with chromium.new_context(viewport={"width": 673, "height": 986}) as context:
        page = context.new_page()
        page.emulate_media(media="print")
        page.goto(site + "one-page.html", wait_until="networkidle")
        page.evaluate("document.fonts.ready")
        yield page


def test_the_page_prints_on_one_sheet(sheet):
    margin = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
    assert len(PdfReader(io.BytesIO(sheet.pdf(format="A4", margin=margin))).pages) == 1


def test_nothing_of_the_page_is_cut_off_on_paper(sheet):
    boxes = sheet.locator("#bptt-on-one-page").locator("div.math, div.math .katex-display, pre, figure")
    assert boxes.count() >= 6 + 2 + 1
    assert boxes.evaluate_all("all => all.filter(box => box.scrollWidth > box.clientWidth + 1).length") == 0
    assert sheet.locator("#bptt-on-one-page figure svg").bounding_box()["width"] < 300
