"""The report tells of the whole class and of all exercises, whatever was marked last."""

import json
import re
import shutil
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import browser
import pytest
from conftest import needs
from entering import NOON, course_at, enter, opened
from marking import SLUG, filled, hand_in
from sqlalchemy import event

from grading import commands, marks, private, report, status
from grading.answers import known_answers, solution
from grading.course import class_at
from rnnlib import words

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own order of adding rows

MISTAKE = next(answer for answer in known_answers(SLUG) if answer.name == "message-dropped")
NAMED = {"lost": ["test-gradient"], "mistakes": {"test-gradient": MISTAKE.name}}
DASH = "\u2013"
ODD = ["<b>eve", "../../outside", "a/b", "..", 'q"uote', "x" * 128, "%2e%2e", "Ada", "李"]


@pytest.fixture(scope="module")
def marked(tmp_path_factory, fresh_gradebook):
    """A class with one of each kind; zoe has handed in nothing, and yann was not marked yet."""
    root = tmp_path_factory.mktemp("class")
    shutil.copy(fresh_gradebook, root)
    enter(root, "ada", notes=("two-step (1).ipynb was taken for two-step.ipynb",))
    enter(root, "blaise", **NAMED)
    enter(root, "carl", **NAMED, follows={"test-clean-w": ["gradient"]}, seed=8, run="of earlier")
    enter(root, "dora", ["check-gradient", "test-clean-u"], human=("two copies of a cell differ",), seconds=4.0)
    enter(root, "emil", problem="x.ipynb is missing", lost=marks_of(root))
    enter(root, "finn", sandbox="none", when=NOON + timedelta(hours=50), penalty=2.0)
    enter(root, "gwen", extension=timedelta(days=3), when=NOON + timedelta(hours=50))
    enter(root, "hugo", noted=False, lost=["test-gradient"])
    with opened(root) as book:
        book.find_assignment(SLUG).duedate = NOON
        book.update_or_create_student("zoe", first_name="Zoe", last_name="Last & <i>co")
        book.db.commit()
    hand_in(root, "yann", "{}")
    return root


@pytest.fixture
def root(tmp_path, marked):
    """A copy of that class, to be changed."""
    return shutil.copytree(marked, tmp_path, dirs_exist_ok=True)


def marks_of(root):
    with opened(root) as book:
        return [cell.name for cell in book.find_assignment(SLUG).notebooks[0].grade_cells]


def written(root):
    return report.write(root / "report", course_at(root))


def plain(text):
    return " ".join(text.split())


class Page(HTMLParser):
    """The tables of a page by their names, as lists of rows of texts, its sections, and where its links lead."""

    def __init__(self, path):
        super().__init__()
        self.tables, self.links, self.text, self.cell = {}, [], {}, None
        self.heading, self.title = "", None
        self.feed(path.read_text(encoding="utf-8"))
        self.tables = {name: [list(map(plain, row)) for row in rows] for name, rows in self.tables.items()}
        self.text = {heading: plain(text) for heading, text in self.text.items()}

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "table":
            self.rows = self.tables.setdefault(attributes["aria-label"], [])
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
            self.cell = True
        elif tag in ("h2", "h3"):
            self.title = ""
        elif tag == "a":
            self.links.append(attributes["href"])

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.cell = None
        elif tag in ("h2", "h3"):
            self.heading, self.title = self.title, None

    def handle_data(self, data):
        if self.cell:
            self.rows[-1][-1] += data
        elif self.title is not None:
            self.title += data
        else:
            self.text[self.heading] = self.text.get(self.heading, "") + data

    def column(self, table, number=0):
        return [row[number] for row in self.tables.get(table, [])[1:]]


@pytest.fixture
def page(root):
    return Page(written(root))


def test_everybody_is_listed_with_points_also_who_handed_in_nothing(page):
    rows = {row[0]: row[1:] for row in page.tables["Students"][1:]}
    assert rows["ada"] == ["15", "15"]
    assert rows["dora"] == ["13*", "13"]
    assert rows["zoe Zoe Last & <i>co"] == [DASH, "0"]
    assert len(rows) == 9


def test_an_exercise_is_summed_up_in_numbers(page):
    (row,) = page.tables["Exercises"][1:]
    assert dict(zip(page.tables["Exercises"][0], row, strict=True)) == {
        "exercise": SLUG,
        "points": "15",
        "handed in": "8",
        "not handed in": "1",
        "not marked yet": "1",
        "right in all parts": "3",
        "median points": "12.5",
        "late": "2",
        "needs a human": "2",
    }


def test_a_mistake_is_told_with_who_made_it(page):
    assert page.tables[f"Mistakes in {SLUG}"][1:] == [[MISTAKE.mistake, "2", "blaise, carl"]]


def test_who_lost_points_without_a_known_mistake_is_told_with_the_tests(page):
    rows = page.tables[f"Lost points without a known mistake in {SLUG}"][1:]
    assert [row[:3] for row in rows] == [["dora", "1", "test-clean-u"], ["dora", "1", "check-gradient"]]


def test_what_was_left_out_is_no_mistake_without_a_name(root):
    path = enter(root, "jan", ["check-gradient", "test-clean-u"])
    notebook = json.loads(path.read_text())
    failure = {"seen": ["gradient: not done yet"]}
    label = {"grade_id": "check-gradient", "grade": True}
    notebook["cells"] = [{"metadata": {"nbgrader": label, "failure": failure}, "outputs": [{"output_type": "error"}]}]
    path.write_text(json.dumps(notebook))
    rows = Page(written(root)).tables[f"Lost points without a known mistake in {SLUG}"]
    assert [row[:3] for row in rows if row[0] == "jan"] == [["jan", "1", "test-clean-u"]]


def test_a_visible_check_is_put_down_to_the_mistake_that_its_part_has_a_name_for(root):
    enter(root, "jan", ["check-gradient", "test-gradient", "check-clean-formulas"], mistakes=NAMED["mistakes"])
    rows = Page(written(root)).tables[f"Lost points without a known mistake in {SLUG}"]
    assert [row[:3] for row in rows if row[0] == "jan"] == [["jan", "1", "check-clean-formulas"]]


def test_what_a_test_said_is_shown_where_no_mistake_has_a_name(root):
    path = enter(root, "jan", ["test-clean-u"])
    notebook = json.loads(path.read_text())
    label = {"grade_id": "test-clean-u", "grade": True}
    told = {"metadata": {"nbgrader": label, "failure": {"seen": ["ZeroDivisionError: <b>", "x"]}}, "outputs": []}
    path.write_text(json.dumps(notebook | {"cells": [told]}))
    rows = Page(written(root)).tables[f"Lost points without a known mistake in {SLUG}"]
    assert [row[:4] for row in rows if row[0] == "jan"] == [["jan", "1", "test-clean-u", "ZeroDivisionError: <b>"]]


def test_tests_are_listed_by_the_share_of_their_points_that_was_lost_by_those_who_could_be_read(page):
    rows = page.tables[f"Tests of {SLUG}"][1:]
    shares = [int(row[3].removesuffix(" %")) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert rows[0] == ["test-gradient", "3", "3", "43 %", "0"]
    assert ["test-clean-w", "1", "0", "0 %", "1"] in rows


def test_who_needs_a_human_is_told_with_the_reason(page):
    assert [row[:2] for row in page.tables[f"Needs a human in {SLUG}"][1:]] == [
        ["dora", "two copies of a cell differ"],
        ["emil", "x.ipynb is missing"],
    ]


def test_lateness_is_told_with_extensions_and_points(page):
    finn, gwen = page.tables[f"Late in {SLUG}"][1:]
    assert finn[:5] == ["finn", "2026-01-03 14:00", "2 d 2 h", "", "2"]
    assert gwen[:5] == ["gwen", "2026-01-03 14:00", "in time", "3 d", "0"]


def test_who_is_missing_is_named(page):
    assert page.text["Not handed in"] == "zoe Zoe Last & <i>co"
    assert page.text["Handed in, not marked yet"] == "yann"


def test_how_it_was_marked_is_told(page):
    said = page.text["How it was marked"]
    assert "slowest 4.00 s" in said
    assert "Marked without a sandbox: finn" in said
    assert re.search(r"No record can be read .*: hugo To mark them again: python -m grading autograde two-step", said)
    runs = {tuple(row[:3]): row[3] for row in page.tables[f"Runs of {SLUG}"][1:]}
    assert runs[("8", "as they were earlier", "bubblewrap")] == "1"
    assert runs[("7", "as they are now", "none")] == "1"


def test_what_cost_nothing_stands_under_a_heading_of_its_own(page):
    (row,) = page.tables[f"Unusual, and cost nothing in {SLUG}"][1:]
    assert row[:2] == ["ada", "two-step (1).ipynb was taken for two-step.ipynb"]
    assert f"Unusual, and may have cost points in {SLUG}" not in page.tables


def test_what_may_have_cost_points_is_told_apart_unless_nothing_was_lost(root):
    enter(root, "inga", costs=("set-up was changed",))
    enter(root, "jan", ["test-clean-u"], costs=("set-up was changed",))
    page = Page(written(root))
    assert page.column(f"Unusual, and may have cost points in {SLUG}") == ["jan"]
    assert page.column(f"Unusual, and cost nothing in {SLUG}") == ["ada", "inga"]


def test_every_student_has_a_page_with_all_exercises(root):
    page = Page(written(root))
    (address,) = [link for link in page.links if link.startswith("students/blaise-")][:1]
    of_blaise = Page(root / "report" / unquote(address))
    assert of_blaise.tables["Exercises"][1][:7] == [SLUG, "12", "15", "0", "", "", "marked"]
    assert ["test-gradient", "0", "3", MISTAKE.mistake, ""] in of_blaise.tables[f"Tests of {SLUG}"]
    assert len(list((root / "report" / "students").iterdir())) == 9


def test_links_lead_to_files_that_are_there_and_there_are_none_to_others(root):
    feedback = root / "feedback" / "ada" / SLUG / f"{SLUG}.html"
    feedback.parent.mkdir(parents=True)
    feedback.write_text("x")
    index = written(root)
    assert sum(f"{SLUG}.html" in link for link in Page(index).links) == 2  # unusual, and in the list of all
    for path in (root / "report").rglob("*.html"):
        links = [link for link in Page(path).links if not link.startswith("#")]
        assert links
        for link in links:
            assert (path.parent / unquote(link)).is_file(), link


@pytest.mark.parametrize("student", ODD)
def test_an_id_is_text_on_the_pages_and_its_page_lies_where_all_lie(root, student):
    with opened(root) as book:
        book.add_student("ada ")
        book.add_student(student, first_name="<script>alert(1)</script>", email="a@b\u202ec")
    index = written(root)
    assert student in Page(index).text["Not handed in"]
    pages = list((root / "report").rglob("*.html"))
    assert len(pages) == 1 + 11
    assert {page.parent for page in pages} == {root / "report", root / "report" / "students"}
    names = {page.name.casefold() for page in pages}
    assert len(names) == 12
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.count("<script") == 1
        assert "<b>eve" not in text
        assert "\u202e" not in text
        assert page.stat().st_mode & 0o777 == 0o600


def test_an_id_that_leads_elsewhere_opens_no_file_there(root):
    outside = root / SLUG
    outside.mkdir()
    (outside / f"{SLUG}.ipynb").write_text("{}")
    with opened(root) as book:
        book.add_student("..")
        submission = book.add_submission(SLUG, "..")
        for grade in submission.notebooks[0].grades:
            grade.auto_score = 1.0
        book.db.commit()
    class_ = marks.read(course_at(root))
    assert class_.exercises[SLUG].marks[".."].notebook is None


def test_the_page_of_somebody_who_was_removed_is_removed(root):
    written(root)
    with opened(root) as book:
        book.remove_student("ada")
    written(root)
    assert not list((root / "report").rglob("ada-*"))


def test_the_same_class_gives_the_same_bytes(root):
    before = {path: path.read_bytes() for path in written(root).parent.rglob("*.html")}
    written(root)
    assert {path: path.read_bytes() for path in (root / "report").rglob("*.html")} == before


def test_nothing_is_loaded_from_elsewhere(root):
    for path in written(root).parent.rglob("*.html"):
        assert not re.findall(r"\bsrc=|url\(|@import|https?://", path.read_text(encoding="utf-8"))


def test_a_row_for_an_extension_alone_is_nothing_handed_in(root):
    with opened(root) as book:
        book.add_submission(SLUG, "zoe", extension=timedelta(days=1))
    assert page_text(root, "Not handed in").startswith("zoe")


def page_text(root, heading):
    return Page(written(root)).text[heading]


def test_there_is_one_query_for_each_exercise_and_each_notebook_is_read_once(root, monkeypatch):
    statements, read, path_read = [], [], Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path) or path_read(path))
    with opened(root) as book:
        event.listen(book.db.get_bind(), "before_cursor_execute", lambda *given: statements.append(given[2]))
        marks.of(book, course_at(root))
    assert len([statement for statement in statements if "FROM submitted_assignment" in statement]) == 1
    assert len(read) == len(set(read)) == 8
    assert len(statements) < 8


def test_a_class_of_nobody_is_an_error_that_says_what_was_looked_for(tmp_path, fresh_gradebook):
    shutil.copy(fresh_gradebook, tmp_path)
    with pytest.raises(ValueError, match=r"there is no class: the gradebook .*gradebook\.db has no students"):
        written(tmp_path)
    with pytest.raises(ValueError, match=f"there is no {tmp_path}/submitted/<student>/<exercise>"):
        status.lines(course_at(tmp_path))
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("command", ["report", "status"])
def test_a_gradebook_that_is_not_there_is_named_and_not_made(tmp_path, capsys, command):
    assert commands.main([command, "--db", f"sqlite:///{tmp_path}/none.db"]) == 2
    assert f"there is no gradebook {tmp_path}/none.db" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_status_says_the_same_in_ten_lines(root, capsys):
    assert commands.main(["status", SLUG, "--db", f"sqlite:///{root}/gradebook.db"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 10
    assert status.lines(course_at(root)) == [
        "two-step: 8 of 10 marked, 3 right in all parts, median 12.5 of 15 points.",
        "Needs a human: 2. dora in two-step: two copies of a cell differ; emil in two-step: x.ipynb is missing",
        "Late: 2. finn in two-step; gwen in two-step",
        "Not handed in: 1. zoe in two-step",
        "Not marked yet: 1. yann in two-step",
        "Tests that cost most: 3. test-gradient of two-step (43 %); test-clean-u of two-step (14 %); "
        "check-gradient of two-step (14 %)",
        f"Mistakes made most: 1. {MISTAKE.mistake} (2 in two-step)",
        "Lost points without a known mistake: 1. dora in two-step",
        "Marked without a sandbox: 1. finn in two-step",
    ]


def test_a_file_is_private_and_whole_or_as_it_was(tmp_path):
    path, link = tmp_path / "x", tmp_path / "link"
    private.write(path, "one")
    link.symlink_to(path)
    private.write(link, "two")
    assert (path.read_text(), link.is_symlink()) == ("two", True)
    with pytest.raises(UnicodeEncodeError):
        private.write(path, "\udc80")
    assert path.read_text() == "two"
    assert sorted(tmp_path.iterdir()) == [link, path]


def test_a_table_is_sorted_by_mouse_and_by_keyboard_without_a_server(root, chromium):
    tab = chromium.new_page()
    tab.goto(written(root).as_uri())
    table = tab.get_by_role("table", name="Students")

    def points():
        return [text.strip() for text in table.locator("tbody td:nth-child(2)").all_inner_texts()]

    heading = table.get_by_role("columnheader", name=SLUG)
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert points() == ["0*", "12", "12", "12", "13*", "13", "15", "15", DASH]
    heading.get_by_role("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert points() == ["15", "15", "13*", "13", "12", "12", "12", "0*", DASH]
    table.get_by_role("columnheader", name="student").get_by_role("button").press("Space")
    assert heading.get_attribute("aria-sort") is None
    assert table.locator("tbody td:first-child").first.inner_text() == "ada"
    tab.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_shut_nobody_out_and_fit_a_telephone(root, chromium, scheme):
    tab = browser.watched(chromium.new_page(color_scheme=scheme, viewport={"width": 390, "height": 800}))
    pages = written(root), next((root / "report" / "students").glob("blaise-*"))
    for path in pages:
        tab.goto(path.as_uri())
        assert browser.shuts_out(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.errors == []
    tab.close()


@pytest.mark.pool
def test_to_mark_one_student_or_another_exercise_leaves_the_others_in_the_report(
    tmp_path, fresh_gradebook, monkeypatch
):
    needs("bwrap")

    shutil.copy(fresh_gradebook, tmp_path)
    monkeypatch.setattr(commands, "load_config", lambda: class_at(tmp_path))
    monkeypatch.setattr(report, "FOLDER", tmp_path / "report")
    enter(tmp_path, "blaise", **NAMED)

    for slug in (SLUG, "clipping"):
        hand_in(tmp_path, "ada", json.dumps(filled(solution(slug).cells, slug)), slug)
    commands.main(["autograde", SLUG, "--student", "ada", "--workers", "1"])
    commands.main(["autograde", "clipping", "--workers", "1"])
    page = Page(tmp_path / "report" / "index.html")
    assert page.column("Exercises") == ["clipping", SLUG]
    assert {row[0]: row[1:3] for row in page.tables["Students"][1:]} == {"ada": ["20", "15"], "blaise": [DASH, "12"]}


def test_the_report_is_in_the_language_that_is_asked_for_and_a_mistake_too(root, monkeypatch):
    class Translated(dict):
        def get(self, text, default=None):
            return f"译{text}"

    monkeypatch.setattr(words, "_table", lambda language, name: Translated())
    text = report.write(root / "report", course_at(root), language="xx").read_text(encoding="utf-8")
    assert '<html lang="xx">' in text
    assert "<h1>译Report on the class</h1>" in text
    assert f"译{MISTAKE.mistake}" in text
    assert "译" not in written(root).read_text(encoding="utf-8")
