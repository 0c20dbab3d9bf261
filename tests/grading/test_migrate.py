"""The gradebook follows an exercise whose cells have changed, and what was given by hand is lost nowhere unsaid."""

import contextlib
import re
import shutil
import stat
import sys
from datetime import datetime, timedelta

import pytest
from marking import SLUG, added, changed
from nbgrader.api import Comment, Grade, Gradebook
from sqlalchemy import text

from grading import backup, exercise, migrate

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own order of adding rows
DUE = datetime(2026, 1, 1)
BY_HAND = {"test-gradient": 2.5, "test-clean-u": 0.5}


@pytest.fixture
def url(tmp_path, fresh_gradebook):
    shutil.copy(fresh_gradebook, tmp_path / "gradebook.db")
    return f"sqlite:///{tmp_path}/gradebook.db"


@pytest.fixture
def book(url):
    with class_at(url) as book:
        yield book


@contextlib.contextmanager
def class_at(url):
    """A gradebook in which ada and blaise have marks, ada's with some by hand, and another exercise."""
    with Gradebook(url, "bptt") as book:
        book.update_or_create_assignment(SLUG, duedate=DUE)
        migrate.follow(book, exercise.load(SLUG), migrate.plan(book, exercise.load(SLUG)))
        book.add_assignment("other")
        book.add_notebook("other", "other")
        book.add_grade_cell("test-gradient", "other", "other", max_score=4, cell_type="code")
        for student in ("ada", "blaise"):
            book.add_student(student)
            for slug in (SLUG, "other"):
                submission = book.add_submission(slug, student, timestamp=DUE + timedelta(days=1))
                for grade in submission.notebooks[0].grades:
                    grade.auto_score, grade.needs_manual_grade = 1.0, False
        ada = book.find_submission(SLUG, "ada")
        ada.extension = timedelta(hours=1)
        ada.notebooks[0].late_submission_penalty = 1.5
        for name, score in BY_HAND.items():
            book.find_grade(name, SLUG, SLUG, "ada").manual_score = score
        book.find_grade("test-gradient", SLUG, SLUG, "ada").extra_credit = 0.25
        book.find_comment("gradient", SLUG, SLUG, "ada").manual_comment = "Look at the sign."
        book.db.commit()
        yield book


def follow(book, task):
    """What was said about the way to a task; the gradebook then has its cells, and rows of each submission for them."""
    found = migrate.plan(book, task)
    migrate.follow(book, task, found)
    assert migrate.plan(book, task).lines == ()
    assert migrate._known(book.find_notebook(SLUG, SLUG)) == migrate.wanted(task)
    cells = migrate.wanted(task)
    for submission in book.assignment_submissions(SLUG):
        (notebook,) = submission.notebooks
        graded = {name for name in cells if cells[name].kinds & migrate.GRADED}
        assert {grade.name for grade in notebook.grades} == graded
        commented = {name for name in cells if cells[name].kinds & migrate.COMMENTED}
        assert {comment.name for comment in notebook.comments} == commented
        assert not [grade for grade in notebook.grades if grade.auto_score is None and grade.name in BY_HAND]
    return list(found.lines)


def by_hand(book, student="ada"):
    (notebook,) = book.find_submission(SLUG, student).notebooks
    return {grade.name: grade.manual_score for grade in notebook.grades if grade.manual_score is not None}


def everything(book, without=()):
    """All rows of all tables, apart from those of some."""
    book.db.rollback()
    return {
        table.name: sorted(map(repr, book.db.execute(table.select())))
        for table in migrate.BaseCell.metadata.sorted_tables
        if table.name not in without
    }


def test_the_gradebook_has_the_cells_that_nbgrader_saves(fresh_gradebook, tmp_path):
    shutil.copy(fresh_gradebook, tmp_path / "gradebook.db")
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db", "bptt") as book:
        assert migrate._known(book.find_notebook(SLUG, SLUG)) == migrate.wanted(exercise.load(SLUG))
        assert migrate.plan(book, exercise.load(SLUG)).lines == ()


def test_a_cell_with_other_points_keeps_what_was_given_by_hand(book):
    assert follow(book, changed(test_gradient={"points": 5})) == [
        "test-gradient: 3 points become 5 points; what was given by hand stays: ada (2.5, +0.25 extra)"
    ]
    grade = book.find_grade("test-gradient", SLUG, SLUG, "ada")
    assert (grade.max_score, grade.manual_score, grade.extra_credit) == (5, 2.5, 0.25)
    assert by_hand(book) == BY_HAND


def test_a_cell_is_known_under_another_name_by_its_text(book):
    assert follow(book, changed(test_gradient={"grade_id": "test-all"}, gradient={"grade_id": "answer"})) == [
        "gradient: renamed to answer; what was given by hand stays: ada (a comment)",
        "test-gradient: renamed to test-all; what was given by hand stays: ada (2.5, +0.25 extra)",
    ]
    assert by_hand(book) == {"test-all": 2.5, "test-clean-u": 0.5}
    assert book.find_comment("answer", SLUG, SLUG, "ada").comment == "Look at the sign."


def test_a_cell_is_known_under_another_name_though_a_little_of_its_text_is_new(book):
    source = next(c["source"] for c in exercise.load(SLUG).notebook["cells"] if exercise.grade_id(c) == "test-gradient")
    follow(book, changed(test_gradient={"grade_id": "test-all", "source": source + "\n# The same."}))
    assert by_hand(book) == {"test-all": 2.5, "test-clean-u": 0.5}


def test_cells_that_have_changed_their_names_with_one_another_change_their_marks_too(book):
    follow(book, changed(test_gradient={"grade_id": "test-clean-u"}, test_clean_u={"grade_id": "test-gradient"}))
    assert by_hand(book) == {"test-clean-u": 2.5, "test-gradient": 0.5}


def test_a_cell_may_take_the_name_of_one_that_is_dropped(book):
    assert follow(book, changed(test_gradient=None, test_clean_u={"grade_id": "test-gradient"})) == [
        "test-clean-u: renamed to test-gradient; what was given by hand stays: ada (0.5)",
        "test-gradient: dropped, 3 points; lost is what was given by hand: ada (2.5, +0.25 extra)",
    ]
    assert by_hand(book) == {"test-gradient": 0.5}
    assert book.find_grade("test-gradient", SLUG, SLUG, "ada").max_score == 1


def test_a_cell_that_was_edited_is_the_same_under_its_name_and_known_by_its_new_text_afterwards(book):
    edited = changed(test_gradient={"source": "x = 1"})
    assert migrate.plan(book, edited).lines == ()
    migrate.take_texts(book, edited)
    follow(book, changed(test_gradient={"source": "x = 1", "grade_id": "test-x"}))
    assert by_hand(book) == {"test-x": 2.5, "test-clean-u": 0.5}


def test_a_new_cell_gets_a_row_of_every_submission_to_be_filled(book):
    assert follow(book, added("test-new")) == ["test-new: added, 2 points"]
    for student in ("ada", "blaise"):
        grade = book.find_grade("test-new", SLUG, SLUG, student)
        assert (grade.max_score, grade.auto_score, grade.needs_manual_grade) == (2, None, True)
    assert by_hand(book) == BY_HAND


def test_a_cell_that_is_dropped_says_what_is_lost_with_it_and_of_whom(book):
    assert follow(book, changed(test_gradient=None, gradient=None, check_gradient=None)) == [
        "gradient: dropped, an answer without points; lost is what was given by hand: ada (a comment)",
        "check-gradient: dropped, 1 point",
        "test-gradient: dropped, 3 points; lost is what was given by hand: ada (2.5, +0.25 extra)",
    ]
    assert by_hand(book) == {"test-clean-u": 0.5}
    assert book.db.query(Grade).filter(Grade.cell_id.is_(None)).count() == 0
    assert book.db.query(Comment).filter(Comment.cell_id.is_(None)).count() == 0


def test_an_answer_that_a_human_is_to_mark_keeps_its_comment(book):
    assert follow(book, changed(gradient={"grade": True, "points": 2})) == [
        "gradient: an answer becomes a test and an answer, 0 points become 2 points; "
        "what was given by hand stays: ada (a comment)"
    ]
    assert book.find_comment("gradient", SLUG, SLUG, "ada").comment == "Look at the sign."
    assert book.find_grade("gradient", SLUG, SLUG, "ada").max_score == 2


def test_a_test_that_becomes_a_task_keeps_its_marks(book):
    task = {"grade": False, "task": True, "locked": True}
    follow(book, changed(test_gradient=task | {"cell_type": "markdown"}))
    assert by_hand(book) == BY_HAND
    assert book.find_grade("test-gradient", SLUG, SLUG, "ada").extra_credit == 0.25


def test_a_test_without_points_any_more_loses_its_marks_and_says_so(book):
    (line,) = follow(book, changed(test_gradient={"grade": False}))
    assert line.endswith("lost are the marks given by hand: ada (2.5, +0.25 extra)")
    assert by_hand(book) == {"test-clean-u": 0.5}


def test_a_notebook_of_another_name_is_renamed_and_a_missing_one_is_made(book):
    book.find_notebook(SLUG, SLUG).name = "older"
    book.db.commit()
    assert follow(book, changed()) == [f"the notebook older: renamed to {SLUG}"]
    assert by_hand(book) == BY_HAND
    book.add_notebook("stray", SLUG)
    assert follow(book, changed()) == ["the notebook stray: dropped, as it is no part of the exercise"]
    assert by_hand(book) == BY_HAND
    book.add_assignment("empty")
    book.add_submission("empty", "ada")
    migrate.follow(book, changed()._replace(slug="empty"), migrate.plan(book, changed()._replace(slug="empty")))
    assert book.find_submission("empty", "ada").max_score == 15


def test_times_penalties_and_other_exercises_stay_as_they_are(book):
    untouched = ("grade", "comment", "base_cell", "grade_cells", "solution_cells", "task_cells", "source_cell")
    before = everything(book, without=untouched)
    other = [grade.to_dict() for grade in book.find_submission("other", "ada").notebooks[0].grades]
    follow(book, added("test-new"))
    follow(book, changed(test_gradient={"grade_id": "test-all", "points": 9}, check_gradient=None))
    assert everything(book, without=untouched) == before
    assert [grade.to_dict() for grade in book.find_submission("other", "ada").notebooks[0].grades] == other
    assert book.find_submission("other", "ada").max_score == 4


def test_what_fails_half_way_leaves_the_gradebook_as_it_was(book, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    before, task = everything(book), changed(test_gradient={"grade_id": "a", "points": 9}, check_gradient=None)
    monkeypatch.setattr(migrate, "_complete", fail)
    with pytest.raises(OSError, match="No space left"):
        migrate.follow(book, task, migrate.plan(book, task))
    assert everything(book) == before


def test_a_gradebook_that_somebody_else_has_changed_meanwhile_is_left_alone(book):
    task = changed(test_gradient=None)
    found = migrate.plan(book, task)
    book.find_grade("test-gradient", SLUG, SLUG, "blaise").manual_score = 1.0
    book.db.commit()
    before = everything(book)
    with pytest.raises(ValueError, match="changed by somebody else"):
        migrate.follow(book, task, found)
    assert everything(book) == before


def test_a_copy_of_the_gradebook_is_whole_and_for_its_owner_alone(book, url, tmp_path):
    look_at_a_copy(book, url, tmp_path)


def test_a_gradebook_on_a_server_follows_and_is_copied_in_the_same_way(postgresql, tmp_path, monkeypatch):
    with class_at(postgresql) as book:
        look_at_a_copy(book, postgresql, tmp_path)
        with monkeypatch.context() as patched:
            test_what_fails_half_way_leaves_the_gradebook_as_it_was(book, patched)
        test_times_penalties_and_other_exercises_stay_as_they_are(book)
        follow(book, changed(test_gradient={"grade_id": "test-all", "points": 9}))
        follow(book, changed())
        assert by_hand(book) == BY_HAND
        test_cells_that_have_changed_their_names_with_one_another_change_their_marks_too(book)
        follow(book, changed())
        test_an_answer_that_a_human_is_to_mark_keeps_its_comment(book)
        task = {"grade": False, "task": True, "locked": True, "cell_type": "markdown"}
        follow(book, changed(test_gradient=task))
        follow(book, changed(test_gradient=None))


def look_at_a_copy(book, url, tmp_path):
    path = backup.copy(url, tmp_path)
    assert path.parent == tmp_path / "backups"
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path)] == [0o700, 0o600]
    with Gradebook(f"sqlite:///{path}", "bptt") as copied:
        assert everything(copied) == everything(book)
        version = text("select version_num from alembic_version")
        assert copied.db.execute(version).all() == book.db.execute(version).all()
    assert backup.copy(url, tmp_path) != path


class Terminal:
    def __init__(self, is_one):
        self.isatty, self.write, self.flush = (lambda: is_one), len, (lambda: None)


@pytest.mark.parametrize("answer", ["", "n", "no", "yep"])
def test_nothing_but_yes_is_taken_for_it(answer, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal(True))
    monkeypatch.setattr(sys, "stdout", Terminal(True))
    found = migrate.Plan({}, ("test-new: added, 2 points",), 3)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    with pytest.raises(ValueError, match="nothing was changed and nobody marked"):
        migrate.ask(changed(), found)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    migrate.ask(changed(), found)


def test_who_is_at_no_terminal_gets_the_list_and_the_command_to_type(capsys):
    found = migrate.Plan({}, ("test-new: added, 2 points",), 3)
    command = re.escape("python -m grading autograde two-step --db sqlite:///x --yes")
    with pytest.raises(ValueError, match=command):
        migrate.ask(changed(), found, options=" --db sqlite:///x")
    assert "  test-new: added, 2 points\n" in capsys.readouterr().out
    migrate.ask(changed(), found, yes=True)
    migrate.ask(changed(), found._replace(submissions=0))
