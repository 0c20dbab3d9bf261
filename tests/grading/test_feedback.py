"""What a student receives teaches, and gives no hidden test and no expected number away."""

import json
import re
import shutil
from dataclasses import asdict, replace

import browser
import nbformat
import pytest
from conftest import needs
from docutils.nodes import make_id
from marking import FAST, SLUG, filled, hand_in, hidden_lines, mark, text_of
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI

from grading import checks, exercise, feedback_pages, nbgrader_plugins
from grading import feedback as feedback_page
from grading.answers import known_answers, solution
from grading.autograde import autograde
from grading.bench import OwnBench
from grading.course import COURSE, class_at, slugs

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
    "picture from elsewhere": "my work: ![it](https://example.org/it.png) <img src='//example.org/it.png' alt='it'>",
    "links": "[a](javascript:alert(7)) [b](data:text/html,x) [c](&#106;avascript:alert(7)) <form>\n[d](https://example.org)",
    "formula": "$a<b$, $$c & d$$, 1 > 0 & 2",
}
WRONG = next(answer for answer in known_answers(SLUG) if answer.name == "message-without-w")
SUBMISSIONS = {
    "wrong": WRONG.cells,
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
    loud["cells"] += [
        {"cell_type": "code", "metadata": {}, "source": "#" + "<" * 180_000, "id": f"x{n}"} for n in range(11)
    ]
    hand_in(root, "loud", json.dumps(loud))
    hand_in(root, "corrupt", "{", name=f"{SLUG}{HOSTILE[:8]}.ipynb")
    autograde(SLUG, config, FAST)
    with Gradebook(config.CourseDirectory.db_url) as book:
        book.find_grade("test-gradient-by-step-tanh", SLUG, SLUG, "raises").manual_score = 2.5
        book.find_comment("gradient", SLUG, SLUG, "raises").manual_comment = f"Nearly there {HOSTILE}"
        book.db.commit()
    NbGraderAPI(config=config).generate_feedback(SLUG, force=True)
    # The two ways to make pages make the same ones, so that neither finds those of the other out of date.
    assert {page.state for page in feedback_pages.write(SLUG, config)} == {feedback_pages.KEPT}
    pages = (root / "feedback").glob(f"*/{SLUG}/{SLUG}.html")
    return {page.parents[1].name: page.read_text(encoding="utf-8") for page in pages}


def results(cells, tmp_path, slug=SLUG):
    notebook = mark(filled(cells, slug), tmp_path, slug=slug, bench=OwnBench)
    return feedback_page.results(notebook, exercise.load(slug))


@pytest.fixture
def wrong(tmp_path):
    """The Results of a known wrong answer."""
    return results(WRONG.cells, tmp_path)


def test_every_submission_gets_feedback(feedback):
    assert set(feedback) == {*SUBMISSIONS, *MARKDOWN, "loud", "corrupt"}
    assert max(map(len, feedback.values())) < 2 * 2**20
    assert all("of 15 points" in page for page in feedback.values())


def test_a_page_that_would_be_too_large_is_a_short_one_that_says_so(feedback):
    assert "This page is shortened. It could not be made with all cells (it would have 7" in text_of(feedback["loud"])
    assert "15 of 15 points" in text_of(feedback["loud"])


def test_a_page_that_takes_too_long_is_a_short_one_that_says_so(monkeypatch, tmp_path):
    real, tried = feedback_page.page, []

    def slow(found, **keywords):
        tried.append(len(found.cells))
        while len(tried) == 1:
            pass
        return real(found, **keywords)

    monkeypatch.setattr(feedback_page, "page", slow)
    monkeypatch.setattr(nbgrader_plugins, "PAGE_SECONDS", 0.1)
    page = exported(mark(filled(ANSWERS), tmp_path, bench=OwnBench))
    assert "could not be made with all cells (it would have taken more than 0.1 seconds)" in page
    assert tried == [4, 0]


def exported(notebook):
    """The page that nbgrader's exporter makes of a marked notebook, where there is no gradebook."""
    resources = {"nbgrader": {"assignment": SLUG}}
    return nbgrader_plugins.FeedbackExporter().from_notebook_node(nbformat.from_dict(notebook), resources)[0]


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


def test_a_page_fetches_nothing_whatever_is_written_on_it(feedback):
    for page in feedback.values():
        assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:\">" in page
        assert not re.search(r"<(?:link|script|iframe|object|embed|video|audio|source|input)\b", page)
        pictures = re.findall(r"<img[^>]*>", page)
        assert [tag for tag in pictures if "src=" in tag and 'src="data:image/png;base64,' not in tag] == []
        assert not re.search(r"url\(|@import", page)


def test_what_functions_print_in_a_check_leaves_room_for_what_it_says(tmp_path):
    loud = ANSWERS | {"gradient": "def gradient(*a):\n    print('printed by a student\\n' * 2**12)\n    return 1.0"}
    page = exported(mark(filled(loud), tmp_path, bench=OwnBench))
    assert len(page) < 100_000
    assert "printed by a student" in page
    assert "expected Params(u, w, v, k)" in page


def test_no_line_of_a_hidden_test_is_in_the_feedback(feedback):
    hidden = hidden_lines(SLUG)
    assert len(hidden) > 10
    for page in feedback.values():
        assert "same_answer" not in text_of(page)
        assert "HIDDEN TESTS" not in text_of(page)
        assert not [line for line in hidden if line in text_of(page)]


def test_of_the_expected_numbers_of_a_hidden_case_only_the_worst_entry_is_in_the_feedback(feedback):
    page = feedback["wrong"]
    at = page.index('id="test-gradient-by-step-tanh"')
    told = page[at : page.index('id="test-gradient-by-step-sigmoid"', at)]
    assert "<dt>returned</dt>" in told
    assert told.count("numeric") == 1


def test_the_feedback_tells_the_call_the_result_the_task_and_how_many_entries_are_wrong(feedback):
    page = feedback["wrong"]
    for line in (
        '<dt>called</dt><dd class="call">gradient_by_step(Params(u=',
        '<dt>returned</dt><dd class="call">Params(u=',
        "<dt>asked for</dt><dd>The part of the gradient that each step&#39;s own copy of u, w and k receives",
        "gradient_by_step: u is wrong at entry [0]",
        "1 of 2 entries are wrong",
        "Of what it returns, u, w and k are wrong, and everything else is right.",
    ):
        assert line in page
    told = page[: page.index('id="notebook"')]
    assert "expected" not in told  # what the docstring asks for is no expected number


def test_a_mistake_stands_once_on_top_with_its_hint_and_its_cost(feedback, wrong):
    text = text_of(feedback["wrong"])
    sentence = f"This is what you get when {WRONG.mistake}."
    assert text.count(sentence) == 1
    assert text.index(sentence) < text.index(WRONG.hint) < text.index("The parts") < text.index("Hidden checks")
    assert "It cost 5 points, in “3. The part of each step”." in text
    assert [mistake.cost for mistake in wrong.mistakes] == [wrong.most - wrong.points] == [5.0]
    (part,) = [part for part in wrong.parts if part.state == "wrong"]
    assert {check.mistake for check in part.checks} == {1}


def test_two_mistakes_of_one_part_cost_together_what_the_part_has_lost(tmp_path):
    cells = dict(ANSWERS)
    cells["clean-formulas"] = cells["clean-formulas"].replace("(x_1 + w", "(x_1 - w").replace("* s_init)", "* s_0)")
    found = results(cells, tmp_path)
    assert len(found.mistakes) == 2
    assert sum(mistake.cost for mistake in found.mistakes) == found.most - found.points == 3.0
    assert all(mistake.cost > 0 and mistake.parts == ["2. The clean formulas"] for mistake in found.mistakes)
    assert "have no name here" not in feedback_page.page(found)


def test_points_that_no_named_mistake_has_cost_are_counted_too(tmp_path):
    cells = WRONG.cells | {"gradient": "def gradient(*arguments):\n    raise KeyError(1)"}
    found = results(cells, tmp_path)
    assert (found.points, [mistake.cost for mistake in found.mistakes]) == (6.0, [5.0])
    assert "The other 4 points went in ways that have no name here" in feedback_page.page(found)


def test_points_of_what_is_not_done_yet_went_in_no_way_that_needs_a_name(tmp_path):
    cells = {label: source for label, source in WRONG.cells.items() if label != "gradient"}
    found = results(cells, tmp_path)
    assert found.parts[-1].state == "undone"
    assert sum(mistake.cost for mistake in found.mistakes) < found.most - found.points
    assert "have no name here" not in feedback_page.page(found)


def test_the_feedback_says_what_follows_from_an_earlier_part(feedback):
    row = re.search(r"<tr><td>4\. The gradient</td>.*?</tr>", feedback["wrong"])[0]
    assert text_of(row).endswith("4 of 4✓ right, given right parts above")


def test_a_part_is_called_by_its_title_and_shown_by_a_colour_and_a_word(feedback):
    for page in feedback.values():
        rows = re.findall(r"<tr><td>(.*?)</td>.*?</tr>", page)
        assert [text_of(row)[:3] for row in rows] == ["1. ", "2. ", "3. ", "4. "]
        marks = re.findall(rf'<span class="({"|".join(feedback_page.STATES)})">(.*?)</span></?[^s]', page, re.DOTALL)
        for state, shown in marks:
            assert feedback_page.STATES[state][1] in text_of(shown)


def test_a_mark_and_a_comment_of_an_instructor_are_shown(feedback):
    page = feedback["raises"]
    assert "Comment: Nearly there &lt;script&gt;alert(1)" in page
    at = page.index("3. The part of each step")
    assert "4.5 of 5" in text_of(page[at : at + 300])


def test_the_feedback_shows_the_students_own_traceback_and_output(feedback):
    assert "line 3, in gradient" in feedback["raises"]
    assert "It stops with ValueError: mine" in feedback["raises"]


@pytest.mark.parametrize("noted", ["with func sigmoid", ""])
def test_an_error_is_told_first_and_not_what_the_check_has_noted_of_it(noted):
    seen = [
        "Traceback (most recent call last):",
        '  File "<cell 7>", line 3, in gradient',
        "    raise x",
        "ValueError: mine",
    ]
    headline, details = feedback_page._split([*seen, noted])
    assert headline == "It stops with ValueError: mine"
    assert details == [*seen[:3], noted]


def test_what_a_student_writes_or_prints_is_text_and_no_markup(feedback):
    for page in feedback.values():
        body = page[page.index("<body") :]
        assert "<script" not in body
        assert not re.search(r"<img[^>]+onerror", body)
    assert "alert(1)" in feedback["hostile"]


def test_the_feedback_of_a_broken_submission_says_why(feedback):
    text = text_of(feedback["corrupt"])
    assert "Not marked" in text
    assert "is not a notebook" in text
    assert "0 of 15 points" in text
    assert text.count("· not marked") >= 4


def test_results_are_data_that_json_can_hold(wrong):
    again = json.loads(json.dumps(asdict(wrong)))
    assert again == json.loads(json.dumps(asdict(wrong), sort_keys=True))
    assert again["mistakes"][0]["hint"] == WRONG.hint
    assert again["parts"][0]["title"] == "1. The output gradient"
    assert "BEGIN HIDDEN" not in json.dumps(again)


@pytest.mark.parametrize("slug", slugs())
def test_every_check_has_a_title_and_no_part_has_two_of_the_same(slug):
    task = exercise.load(slug)
    found = feedback_page.results(blank(task), task)
    assert found.most == task.points
    for part in found.parts:
        titles = [check.title for check in part.checks]
        assert len(set(titles)) == len(titles), titles
        assert all(
            re.match(r"Hidden checks of \S|A hidden check of \S|The check of \w+ in the notebook$", title)
            for title in titles
        )
        assert {check.hidden for check in part.checks} == {True, False}
        assert not re.search(r"[$`]", part.title)  # nothing on the page would set it


IN_SMALL_LETTERS = (
    r"\S*[_/^`(]|[a-zA-Z0-9]{1,2}\b|tanh|func|softmax|delta|epsilon|log|yhat"  # a name may begin a sentence
)


def blank(task):
    """A notebook of the exercise as if every test had been passed."""
    cells = [cell | {"outputs": []} if cell["cell_type"] == "code" else cell for cell in task.notebook["cells"]]
    return task.notebook | {"cells": cells}


@pytest.mark.parametrize("slug", slugs())
def test_every_name_and_every_hint_fits_the_sentence_that_the_page_puts_it_in(slug):
    known = [answer for answer in known_answers(slug) if not answer.right]
    told = [feedback_page.Mistake(*checks.told(answer, slug), 1.0, ["1. A part"]) for answer in known]
    task = exercise.load(slug)
    page = feedback_page.page(replace(feedback_page.results(blank(task), task), mistakes=told))
    shown = re.findall(r'<div class="box".*?</div>', page, re.DOTALL)
    assert len(shown) == len(known)
    for answer, box in zip(known, shown, strict=True):
        heading, hint, cost = (text_of(part).strip() for part in re.findall(r"<(?:h3|p).*?</(?:h3|p)>", box))
        assert heading.endswith(f". This is what you get when {answer.mistake.replace('`', '')}.")
        assert not re.match(r"(that|where|when|because|as|if|with|by|but|and|or|so|which|you get)\b", answer.mistake)
        assert not re.match(r"[A-Z][a-z]{2}", answer.mistake), answer.mistake  # a word in the middle of a sentence
        assert hint == answer.hint.replace("`", "")
        assert answer.hint[0].isupper() or re.match(IN_SMALL_LETTERS, answer.hint), hint
        assert cost == "It cost 1 point, in “1. A part”."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read_on_a_phone_in_the_dark_and_without_a_network(chromium, wrong, scheme, tmp_path):
    path = tmp_path / "feedback.html"
    path.write_text(feedback_page.page(wrong, for_yourself=True), encoding="utf-8")
    with chromium.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme) as context:
        page = browser.watched(context.new_page(), path.as_uri())
        page.goto(path.as_uri())
        assert page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [390, 390]
        style = "getComputedStyle(document.body)"
        colours = page.evaluate(f"[{style}.color, {style}.backgroundColor]")
        text, background = (sum(map(int, re.findall(r"\d+", colour)[:3])) for colour in colours)
        assert (text > background) == (scheme == "dark")
        assert browser.shuts_out(page) == []
        assert (page.left_the_host, page.errors) == ([], [])


@pytest.mark.parametrize("slug", slugs())
def test_every_answer_leads_to_a_section_that_the_book_has(slug):
    task = exercise.load(slug)
    assert task.sections.keys() == task.names.keys()
    for page, title in task.sections.values():
        chapter = (COURSE / "book" / f"{page}.md").read_text(encoding="utf-8")
        assert f"\n## {title}\n" in chapter
        assert feedback_page.anchor(title) == make_id(title)


def test_a_part_that_lost_points_leads_to_its_section_where_the_notebook_knows_the_site(wrong, tmp_path):
    task = exercise.load(SLUG)
    site = task.notebook | {"metadata": task.notebook["metadata"] | {"course": {"site": "https://example.org/bptt/"}}}
    found = feedback_page.results(mark(filled(WRONG.cells), tmp_path, bench=OwnBench), task._replace(notebook=site))
    link = 'Read again: <a href="https://example.org/bptt/two-step.html#the-backward-pass-with-numbers">'
    assert link in " ".join(feedback_page.page(found).split())
    assert "Read again: <em>The backward pass with numbers</em>." in " ".join(feedback_page.page(wrong).split())
