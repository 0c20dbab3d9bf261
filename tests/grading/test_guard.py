"""Whatever one hand-in holds, it costs one student's mark at most, and no line of it forges another."""

import json
import shutil
import sqlite3
import unicodedata

import pytest
from conftest import needs
from marking import FAST, SLUG, filled
from marking import hand_in as put
from nbgrader.coursedir import CourseDirectory
from poisons import POISONS, hand_in

from grading import commands, feedback_pages, outside, report
from grading.answers import solution
from grading.autograde import autograde
from grading.course import class_at

pytestmark = pytest.mark.pool

HONEST = ("!first", "zzz-last")
RIGHT = json.dumps(filled(solution(SLUG).cells))


class Class:
    """A class in which every poison is handed in, marked once, with all that is written about it."""

    def __init__(self, root):
        config = class_at(root)
        for student in HONEST:
            put(root, student, RIGHT)
        for name, poison in POISONS.items():
            hand_in(root / "submitted", name, poison)
        self.results, self.strays = autograde(SLUG, config, FAST, workers=2)
        report.write(root / "report", CourseDirectory(config=config))
        self.problems = [page.problem for page in feedback_pages.write(SLUG, config) if page.problem]
        self.pages = {page.parts[-3]: page for page in root.glob(f"feedback/*/{SLUG}/{SLUG}.html")}
        self.root, self.folders = root, {folder.name for folder in (root / "submitted").iterdir()}


@pytest.fixture(scope="module")
def marked(tmp_path_factory, fresh_gradebook):
    needs("bwrap")
    root = tmp_path_factory.mktemp("class")
    shutil.copy(fresh_gradebook, root)
    return Class(root)


def unprintable(text):
    """The characters of a text that a terminal or a page should not meet."""
    odd = [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\n\t"]
    return odd + [letter for letter in text if letter in "\u2028\u2029\u202e\u2066\ufffe\uffff"]


def test_every_poison_costs_the_points_of_the_answer_that_it_is_and_no_others(marked):
    points = {result.student: result.points for result in marked.results}
    assert len(points) == len(POISONS) + len(HONEST)
    assert {student: got for student, got in points.items() if got != 12} == dict.fromkeys(HONEST, 15)
    assert not [result for result in marked.results if result.problem]


def test_a_name_that_nbgrader_cannot_take_is_told_and_marked_under_another(marked):
    told = [line for line in marked.strays if "was marked as" in line]
    assert len(told) == len({result.student for result in marked.results} - marked.folders)
    assert "the folder 'a\\udce9b-low-surrogate' was marked as a_b-low-surrogate" in " ".join(told)
    assert all(result.student == outside.student(result.student) for result in marked.results)


def test_everybody_has_a_page_of_feedback(marked):
    assert marked.problems == []
    assert set(marked.pages) == {result.student for result in marked.results}


def test_what_is_printed_about_the_class_is_printable_and_one_line_each(marked, capsys):
    commands.print_summary(marked.results, marked.strays)
    commands.print_results(SLUG, marked.results)
    printed = capsys.readouterr().out
    assert unprintable(printed) == []
    assert "\n  zz-right: forged line" not in printed
    assert max(map(len, printed.splitlines())) < 2000


def test_what_is_stored_and_shown_is_printable(marked):
    report_pages = list((marked.root / "report").rglob("*.html"))
    assert len(report_pages) == len(marked.pages) + 1
    files = [*marked.pages.values(), *report_pages, *marked.root.glob("autograded/*/*/*.ipynb")]
    for path in files:
        text = path.read_text(encoding="utf-8")
        text = json.dumps(json.loads(text), ensure_ascii=False) if path.suffix == ".ipynb" else text
        assert unprintable(text) == [], path
    with sqlite3.connect(marked.root / "gradebook.db") as database:
        assert unprintable("\n".join(database.iterdump())) == []


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("10 %\r50 %\r100 %\r\nend", "100 %\nend"),
        ("\ud800\x1b\0", "\ufffd" * 3),
        ("Z\u00fcrich \U0001f600", "Z\u00fcrich \U0001f600"),
    ],
)
def test_text_is_made_printable(text, clean):
    assert outside.text(text) == clean


@pytest.mark.parametrize("value", ["\x1b[" + "0" * 10**6, "\x1b]" * 10**5, "\r" * 10**6, "a\r" * 10**5])
def test_to_make_text_printable_takes_a_time_that_grows_with_its_length(value):
    assert len(outside.text(value)) <= len(value)  # if it grew with the square, this would not be reached in hours


@pytest.mark.parametrize("name", ["ada", "M\u00fcller, J\u00f6rg", "a+b(c)", "o'neill", "a" * 128])
def test_a_name_that_nbgrader_takes_stays(name):
    assert outside.student(name) == name


@pytest.mark.parametrize("name", ["z\udce9ro", "a\nb", ".hidden", "a[b]", "x*", "a" * 129, "\x1b[31m"])
def test_a_name_that_nbgrader_cannot_find_again_becomes_one_that_it_can(name):
    assert outside.student(name) != name
    assert outside.student(outside.student(name)) == outside.student(name)
