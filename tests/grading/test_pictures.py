"""Pictures that a student pasted come through to the page of feedback, within limits, and nothing else does."""

import base64
import json
import re

import nbformat
import pytest
from marking import SLUG, filled, mark
from nbconvert import HTMLExporter

from grading import intake, nbgrader_plugins
from grading.answers import solution
from grading.bench import OwnBench

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(100)).decode()
JPEG = b"\xff\xd8\xff"
SHOWN = f'src="data:image/png;base64,{PNG}"'


def text_cell(source, attachments=None):
    more = {"attachments": attachments} if attachments is not None else {}
    return {"cell_type": "markdown", "id": "x", "metadata": {}, "source": source} | more


def notebook_with(*cells):
    return filled(solution(SLUG).cells) | {"cells": [*filled(solution(SLUG).cells)["cells"], *cells]}


def page_of(tmp_path, *cells):
    """What becomes of a right notebook with such cells below it: the marked notebook, and the page of feedback."""
    marked = nbformat.from_dict(mark(notebook_with(*cells), tmp_path, bench=OwnBench))
    page, _ = nbgrader_plugins.FeedbackExporter().from_notebook_node(marked, {"nbgrader": {"assignment": SLUG}})
    return marked, page


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("![mine](attachment:paper.png)", "paper.png"),
        ("![mine](<attachment:my paper (1).png>)", "my paper (1).png"),
        ("![mine](attachment:my%20paper.png)", "my paper.png"),
        ("![mine][it]\n\n[it]: attachment:paper.png", "paper.png"),
        ('<img alt="mine" src="attachment:paper.png" onerror="alert(1)">', "paper.png"),
        (f"![mine](data:image/png;base64,{PNG})", None),
        (f'<img alt="mine" src="data:image/png;base64,{PNG}">', None),
    ],
)
def test_a_picture_is_in_the_feedback_however_it_was_pasted(source, name, tmp_path):
    attached = {name: {"image/png": [PNG[:50] + "\n", PNG[50:]]}} if name else None
    marked, page = page_of(tmp_path, text_cell(source, attached))
    assert page.count(SHOWN) == 1
    assert "onerror" not in page
    nbformat.validate(marked)
    shown = HTMLExporter().from_notebook_node(marked)[0]  # as formgrader does
    assert PNG in shown or "<img" in source  # nbconvert takes in no picture that is HTML


def test_a_picture_that_is_named_often_is_shown_once(tmp_path):
    source = "![again](attachment:paper.png) " * 300
    _, page = page_of(tmp_path, text_cell(source, {"paper.png": {"image/png": PNG}}))
    assert page.count(PNG) == 1
    assert "shortened" not in page


def test_two_names_that_begin_alike_are_told_apart(tmp_path):
    other = base64.b64encode(JPEG + b"another").decode()
    attached = {"a": {"image/png": PNG}, "a.png": {"image/jpeg": other}}
    _, page = page_of(tmp_path, text_cell("![one](attachment:a) ![two](attachment:a.png)", attached))
    shown = re.findall(r'<img alt="(\w+)" src="data:([\w/]+);base64', page)
    assert shown == [("one", "image/png"), ("two", "image/jpeg")]


@pytest.mark.parametrize("attached", [3, [], {"x": 3}, {"x": {}}, {"x": {"image/png": None}}, {"x": {"image/png": {}}}])
def test_attachments_of_another_form_are_nothing(attached, tmp_path):
    marked, page = page_of(tmp_path, text_cell("see ![x](attachment:x)", attached))
    assert "attachments" not in marked.cells[-1]
    assert "see" in page
    assert "shortened" not in page


def test_a_large_notebook_keeps_its_pictures_and_not_those_of_its_outputs(tmp_path):
    """It is parsed in another process, which takes over no more than what a cell is made of."""
    photograph, drawn = base64.b64encode(JPEG + bytes(range(256)) * 2**13).decode(), PNG * 10
    notebook = notebook_with(text_cell("![it](attachment:it.jpg)", {"it.jpg": {"image/jpeg": photograph}}))
    notebook["cells"][1] |= {"outputs": [{"output_type": "display_data", "metadata": {}, "data": {"image/png": drawn}}]}
    path = tmp_path / "large.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert path.stat().st_size > intake.MAX_HERE
    cells, notes, _ = intake.read_notebook(path)
    assert notes == []
    assert cells[-1].pictures == (("it.jpg", "image/jpeg", photograph),)
    assert [cell for cell in cells if cell.pictures] == [cells[-1]]


def test_a_picture_in_the_text_may_be_longer_than_a_text(tmp_path):
    photograph = base64.b64encode(JPEG + bytes(2**20)).decode()
    _, page = page_of(tmp_path, text_cell(f"my work ![it](data:image/jpg;base64,{photograph})"))
    assert f'src="data:image/jpeg;base64,{photograph}"' in page
    assert "my work" in page


def test_a_photograph_makes_a_page_that_is_not_shortened(tmp_path):
    photograph = base64.b64encode(JPEG + bytes(4 * 2**20)).decode()
    _, page = page_of(tmp_path, text_cell("![it](attachment:it.jpg)", {"it.jpg": {"image/jpeg": photograph}}))
    assert "shortened" not in page
    assert photograph in page


@pytest.mark.parametrize(
    "address", ["https://example.org/a.png", "//example.org/a.png", "file:///etc/hostname", "a.png"]
)
def test_a_picture_from_elsewhere_is_not_loaded(address, tmp_path):
    _, page = page_of(tmp_path, text_cell(f'![there]({address}) <img alt="too" src="{address}">'))
    assert [alt for alt, rest in re.findall(r'<img alt="(\w+)"([^>]*)>', page) if "src" not in rest] == ["there", "too"]


@pytest.mark.parametrize(
    "formula",
    [
        "$a_1 * b_2$ and $c_3 * d_4$",
        "$$\nu_t * s_{t-1}\n\n+ a_b * c_d * e\n$$",
        r"\begin{align}a_1 * b_2 * c\end{align}",
    ],
)
def test_a_formula_is_shown_as_it_was_written(formula, tmp_path):
    _, page = page_of(tmp_path, text_cell(f"It is {formula}, so *there*."))
    assert formula in page
    assert "<em>there</em>" in page
