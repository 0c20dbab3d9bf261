"""What a student receives teaches, and gives no hidden test and no expected number away."""

import json
import re
import shutil

import nbformat
import pytest
from conftest import needs
from marking import FAST, SLUG, filled, hand_in, hidden_lines, text_of
from nbconvert.exporters import HTMLExporter
from nbgrader.apps import NbGraderAPI

from grading import exercise, nbgrader_plugins
from grading.answers import known_answers, solution
from grading.autograde import autograde
from grading.course import class_at

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
MARKDOWN = {
    "brackets": "[" * 100_000,
    "quotes": ">" * 5_000 + " deep",
    "picture": "my work: ![paper](attachment:paper.png)",
    "picture in brackets": "my work: ![paper](<attachment:paper.png>)",
    "picture by reference": "my work: ![paper][it]\n\n[it]: attachment:paper.png",
    "picture in HTML": 'my work: <img src="attachment:paper.png">',
    "links": "[a](javascript:alert(7)) [b](data:text/html,x) [c](&#106;avascript:alert(7)) <form>\n[d](https://example.org)",
    "formula": "$a<b$, $$c & d$$, 1 > 0 & 2",
}
SUBMISSIONS = {
    "wrong": next(answer.cells for answer in known_answers(SLUG) if answer.name == "message-without-w"),
    "raises": ANSWERS | {"gradient": "def gradient(*args):\n    print(args)\n    raise ValueError('mine')"},
    "hostile": ANSWERS | {"gradient": f"print({HOSTILE!r})\ndef gradient(*args):\n    raise ValueError({HOSTILE!r})"},
}


@pytest.fixture(scope="module")
def feedback(tmp_path_factory, fresh_gradebook):
    """The feedback page of every submission."""
    needs("bwrap")
    root = tmp_path_factory.mktemp("class")
    shutil.copy(fresh_gradebook, root)
    config = class_at(root)
    for student, answers in SUBMISSIONS.items():
        notebook = filled(answers)
        notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": HOSTILE, "id": "x"})
        hand_in(root, student, json.dumps(notebook))
    for student, text in MARKDOWN.items():
        notebook = filled(ANSWERS)
        notebook["cells"].append({"cell_type": "markdown", "metadata": {}, "source": text, "id": "x"})
        hand_in(root, student, json.dumps(notebook))
    loud = filled(ANSWERS)
    loud["cells"] += [{"cell_type": "code", "metadata": {}, "source": "#" * 180_000, "id": f"x{n}"} for n in range(11)]
    hand_in(root, "loud", json.dumps(loud))
    hand_in(root, "corrupt", "{", name=f"{SLUG}{HOSTILE[:8]}.ipynb")
    autograde(SLUG, config, FAST)
    NbGraderAPI(config=config).generate_feedback(SLUG, force=True)
    pages = (root / "feedback").glob(f"*/{SLUG}/{SLUG}.html")
    return {page.parents[1].name: page.read_text(encoding="utf-8") for page in pages}


def test_every_submission_gets_feedback(feedback):
    assert set(feedback) == {*SUBMISSIONS, *MARKDOWN, "loud", "corrupt"}
    assert max(map(len, feedback.values())) < 2 * 2**20
    assert all("Score: " in page for page in feedback.values())


def test_a_page_that_would_be_too_large_is_a_short_one_that_says_so(feedback):
    assert "This page is shortened. It could not be made with all cells (it would have 2" in text_of(feedback["loud"])
    assert "Score: 15.0 / 15.0" in text_of(feedback["loud"])


def test_a_page_that_takes_too_long_is_a_short_one_that_says_so(monkeypatch):
    real, tried = HTMLExporter.from_notebook_node, []

    def slow(exporter, notebook, *rest, **keywords):
        tried.append(len(notebook.cells))
        monkeypatch.setattr(nbgrader_plugins, "PAGE_SECONDS", 60)  # for the second one
        while len(tried) == 1:
            pass
        return real(exporter, notebook, *rest, **keywords)

    monkeypatch.setattr(HTMLExporter, "from_notebook_node", slow)
    monkeypatch.setattr(nbgrader_plugins, "PAGE_SECONDS", 0.1)
    page, _ = nbgrader_plugins.FeedbackExporter().from_notebook_node(nbformat.from_dict(filled(ANSWERS)))
    assert "could not be made with all cells (it would have taken more than 60 seconds)" in page


def test_only_links_that_lead_to_a_page_or_a_mailbox_are_links(feedback):
    page = feedback["links"]
    assert "javascript:alert(7)" not in page
    assert "data:text/html" not in page
    assert "<form" not in page
    assert 'href="https://example.org"' in page


def test_formulas_and_signs_are_shown_as_they_were_written(feedback):
    assert "$a<b$, $$c & d$$, 1 > 0 & 2" in text_of(feedback["formula"])
    assert "&amp;amp;" not in feedback["formula"]


@pytest.mark.parametrize("student", [name for name in MARKDOWN if name.startswith("picture")])
def test_a_picture_that_was_pasted_costs_no_page(feedback, student):
    assert "my work" in feedback[student]
    assert "shortened" not in feedback[student]
    assert "attachment:" not in feedback[student]


def test_a_page_whose_graded_cells_are_too_large_keeps_what_they_say_of_the_marks(monkeypatch):
    notebook = nbformat.from_dict(filled(ANSWERS))
    test = next(cell for cell in notebook.cells if exercise.is_test(cell))
    test.outputs = [nbformat.v4.new_output("stream", text="printed by a student\n" * 2**17)]
    test.outputs.append(nbformat.v4.new_output("error", ename="HiddenCheckFailed", evalue="", traceback=["wrong"]))
    page, _ = nbgrader_plugins.FeedbackExporter().from_notebook_node(notebook)
    assert len(page) < nbgrader_plugins.MAX_PAGE
    assert "printed by a student" not in page
    assert "wrong" in page
    assert "This page is shortened." in text_of(page)


def test_no_line_of_a_hidden_test_is_in_the_feedback(feedback):
    hidden = hidden_lines(SLUG)
    assert len(hidden) > 10
    for page in feedback.values():
        assert "same_answer" not in text_of(page)
        assert "HIDDEN TESTS" not in text_of(page)
        assert not [line for line in hidden if line in text_of(page)]


def test_of_the_expected_numbers_of_a_hidden_case_only_the_worst_entry_is_in_the_feedback(feedback):
    text = text_of(feedback["wrong"])
    at = text.index("Hidden checks of gradient_by_step with tanh run here")
    told = text[at : text.index("Hidden checks of gradient_by_step with the sigmoid", at)]
    assert "returned" in told
    assert told.count("numeric") == 1


def test_the_feedback_tells_the_call_the_result_the_task_and_the_mistake(feedback):
    text = feedback["wrong"]
    for line in (
        "called    gradient_by_step(Params(u=",
        "returned  Params(u=",
        "expected  The part of the gradient that each step's own copy of u, w and k receives, as Params.",
        "This is what you get when the message from z_1 to s_0 lacks the factor w.",
    ):
        assert line in text


def test_the_feedback_says_what_follows_from_an_earlier_part(feedback):
    text = feedback["wrong"]
    at = text.index("Hidden checks of gradient run here")
    assert "Right, given a right gradient_by_step." in text[at : text.index("How far are you?", at)]


def test_the_feedback_shows_the_students_own_traceback_and_output(feedback):
    assert "line 3, in gradient" in feedback["raises"]
    assert "ValueError: mine" in feedback["raises"]


def test_what_a_student_writes_or_prints_is_text_and_no_markup(feedback):
    for page in feedback.values():
        body = page[page.index("<body") :]
        assert "<script>alert" not in body
        assert not re.search(r"<img[^>]+onerror", body)
    assert "alert(1)" in feedback["hostile"]


def test_the_feedback_of_a_broken_submission_says_why(feedback):
    assert "Not marked" in feedback["corrupt"]
    assert "is not a notebook" in feedback["corrupt"]
    assert "Score: 0.0 / 15.0" in feedback["corrupt"]
