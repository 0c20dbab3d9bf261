"""The report on a class is one file that shows what an instructor needs."""

import base64
import re

import pytest

from grading import report
from grading.gradebook import Result

DROPPED = {"test-gradient": "message-dropped"}
RESULTS = [
    Result("ada", 15.0, 15.0, (), "", (), (), {}, 0.2),
    Result("blaise", 6.0, 15.0, ("check-gradient", "test-gradient"), "", (), (), DROPPED, 0.3),
    Result("carl", 11.0, 15.0, ("test-gradient",), "", (), (), DROPPED, 4.0, costs=("set-up was changed",)),
    Result("<b>eve", 0.0, 15.0, (), "x.ipynb is missing", (), ("x.ipynb is missing",), {}, 0.0),
]


@pytest.fixture
def page(tmp_path):
    return report.write(tmp_path / "report", {"two-step": RESULTS}).read_text(encoding="utf-8")


def figures(page):
    return [base64.b64decode(data).decode() for data in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", page)]


def test_the_page_loads_nothing_from_elsewhere(page):
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "<script" not in page


def test_it_has_points_mistakes_and_timings_as_figures(page):
    assert len(figures(page)) == 3
    assert all("<svg" in figure for figure in figures(page))
    assert page.count('alt="') == 3


def test_mistakes_are_counted_by_submission_and_called_by_their_description(page):
    assert "<td>nothing is passed back from step 1 to step 0</td><td>2</td>" in page


def test_who_needs_a_human_and_what_was_unusual_is_listed(page):
    assert "<td>&lt;b&gt;eve</td><td>x.ipynb is missing</td>" in page
    assert "<td>carl</td><td>set-up was changed</td>" in page
    assert "<b>eve" not in page


def test_what_may_have_cost_points_is_kept_apart_from_what_cost_nothing(tmp_path):
    joined, missing, changed = "gradient was joined with the cell below", "gradient was missing", "set-up was changed"
    results = [
        Result("dora", 11.0, 15.0, ("test-gradient",), "", (joined,), (), {}, 0.1, costs=(missing,)),
        Result("emil", 15.0, 15.0, (), "", (), (), {}, 0.1, costs=(changed,)),  # it cost him nothing
    ]
    text = report.write(tmp_path, {"two-step": results}).read_text(encoding="utf-8")
    headings = [text[: text.index(f"<td>{line}</td>")].rpartition("<h3>")[2] for line in (missing, joined, changed)]
    headings = [heading.partition("</h3>")[0] for heading in headings]
    assert headings == ["Unusual, and may have cost points"] + ["Unusual, and cost nothing"] * 2


def test_checks_are_listed_by_how_many_failed_them(page):
    assert page.index("<td>test-gradient</td><td>2</td>") < page.index("<td>check-gradient</td><td>1</td>")


def test_the_slowest_submission_is_told(page):
    assert "slowest 4.00 s" in page


def test_the_same_results_give_the_same_bytes(tmp_path, page):
    again = report.write(tmp_path / "again", {"two-step": RESULTS})
    assert again.read_text(encoding="utf-8") == page


def test_a_class_of_nobody_has_a_report_too(tmp_path):
    assert "0 submissions" in report.write(tmp_path, {"two-step": []}).read_text(encoding="utf-8")
