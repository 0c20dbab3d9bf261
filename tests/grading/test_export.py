"""What is exported has all marks of the class, in files that no spreadsheet runs and nobody else reads."""

import csv
import shutil
from datetime import timedelta

import pytest
from entering import NOON, course_at, enter, opened
from marking import SLUG, copy_of_the_course, nbgrader

from grading import commands, export, marks

NAMES = {"last_name": 'O"Brien, the 2nd', "first_name": "Änne;\n李", "email": "+1@example.org"}
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own order of adding rows
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", '=HYPERLINK("http://x")']


@pytest.fixture
def root(tmp_path, fresh_gradebook):
    """A class of three: one right, one wrong and late, one who handed in nothing."""
    shutil.copy(fresh_gradebook, tmp_path)
    enter(tmp_path, "ada")
    late = {"penalty": 2.0, "when": NOON + timedelta(hours=36), "extension": timedelta(days=1)}
    mistakes = {"test-gradient": "message-dropped"}
    enter(tmp_path, "=1+1", ["test-gradient"], human=("x was changed",), mistakes=mistakes, **late)
    with opened(tmp_path) as book:
        book.find_assignment(SLUG).duedate = NOON
        book.update_or_create_student("=1+1", **NAMES)
        book.update_or_create_student("zoe", first_name="Zoe")
        book.db.commit()
    return tmp_path


def read(path, encoding="utf-8"):
    with open(path, encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def run(root, *arguments):
    return commands.main(["export", *map(str, arguments), "--db", f"sqlite:///{root}/gradebook.db"])


def test_there_is_one_row_per_student_with_marks_lateness_and_what_needs_a_human(root, tmp_path):
    export.write(tmp_path / "x.csv", export.by_student(marks.read(course_at(root))))
    wrong, ada, zoe = read(tmp_path / "x.csv")
    assert [wrong["id"], ada["id"], zoe["id"]] == ["'=1+1", "ada", "zoe"]
    assert [wrong[name] for name in ("last name", "first name", "email")] == [
        NAMES["last_name"],
        NAMES["first_name"],
        "'+1@example.org",
    ]
    values = {name.removeprefix(f"{SLUG} "): value for name, value in wrong.items() if name.startswith(SLUG)}
    assert values == {
        "points": "10.0",
        "max": "15.0",
        "late penalty": "2.0",
        "hours late": "12.0",
        "days of extension": "1.0",
        "needs a human": "yes",
    }
    assert (ada[f"{SLUG} points"], ada[f"{SLUG} needs a human"]) == ("15.0", "no")
    assert (zoe[f"{SLUG} points"], zoe[f"{SLUG} max"]) == ("", "15.0"), "who handed in nothing has no 0"


def test_there_is_one_row_per_test_in_the_order_of_the_notebook(root, tmp_path):
    class_ = marks.read(course_at(root))
    export.write(tmp_path / "x.csv", export.by_test(class_))
    rows = read(tmp_path / "x.csv")
    assert [row["test"] for row in rows if row["id"] == "ada"] == list(class_.exercises[SLUG].tests)
    assert next(iter(class_.exercises[SLUG].tests)) == "check-output-gradient"
    (lost,) = [row for row in rows if float(row["points"]) < float(row["max"])]
    assert (lost["id"], lost["test"], lost["points"], lost["max"]) == ("'=1+1", "test-gradient", "0.0", "3.0")
    assert lost["mistake"] == "message-dropped"


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text, tmp_path):
    export.write(tmp_path / "x.csv", [["name"], [text]])
    assert read(tmp_path / "x.csv") == [{"name": f"'{text}"}]


def test_a_bare_line_end_in_a_name_begins_no_row(tmp_path):
    export.write(tmp_path / "x.csv", [["name"], ["a\r=1"], ["b\n=1"]])
    assert read(tmp_path / "x.csv") == [{"name": "a\r=1"}, {"name": "b\n=1"}]


def test_numbers_stay_numbers_and_plain_text_stays_as_it_is(tmp_path):
    export.write(tmp_path / "x.csv", [["a", "b", "c", "d"], [-1.5, 0.1 + 0.2, "a=b", None]])
    assert (tmp_path / "x.csv").read_bytes() == b"a,b,c,d\r\n-1.5,0.3,a=b,\r\n"


@pytest.mark.parametrize(("options", "encoding"), [((), "utf-8"), (("--bom",), "utf-8-sig")])
def test_a_byte_order_mark_is_there_only_for_who_asks(root, tmp_path, options, encoding):
    assert run(root, "--csv", tmp_path / "x.csv", *options) == 0
    assert (tmp_path / "x.csv").read_bytes().startswith(b"\xef\xbb\xbf") == bool(options)
    assert read(tmp_path / "x.csv", encoding)[0]["first name"] == NAMES["first_name"]


def test_only_the_owner_may_read_what_is_exported_also_over_a_file_that_all_could_read(root, tmp_path):
    paths = tmp_path / "new" / "x.csv", tmp_path / "old.csv"
    paths[1].write_text("old")
    paths[1].chmod(0o644)
    for path in paths:
        run(root, "--csv", path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert len(read(path)) == 3
    assert paths[0].parent.stat().st_mode & 0o777 == 0o700
    assert not list(tmp_path.glob("**/.*.part"))


def test_the_same_gradebook_gives_the_same_bytes(root, tmp_path):
    for name in ("a.csv", "b.csv"):
        run(root, "--csv-tests", tmp_path / name)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "say which file to write: --csv FILE"),
        (("t-steps", "--csv", "x.csv"), "the gradebook has no exercise 't-steps'; it has two-step"),
        (("--csv", "."), "Is a directory"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_no_file(root, tmp_path, monkeypatch, capsys, arguments, sentence):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run(root, *arguments) == 2
    assert sentence in capsys.readouterr().err.splitlines()[0]
    assert not list((tmp_path / "empty").iterdir())


def test_a_gradebook_that_is_not_there_is_named_and_not_made(tmp_path, capsys):
    assert run(tmp_path, "--csv", tmp_path / "x.csv") == 2
    assert f"there is no gradebook {tmp_path}/gradebook.db" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.pool
def test_the_export_of_nbgrader_has_its_own_columns_and_no_formula(root, tmp_path, caplog, capsys):
    course = copy_of_the_course(tmp_path / "clone")
    shutil.copy(root / "gradebook.db", course)
    nbgrader(course, "export")
    rows = {row["student_id"]: row for row in read(course / "grades.csv")}
    assert set(rows) == {"'=1+1", "ada", "zoe"}
    assert list(rows["ada"])[:5] == ["assignment", "duedate", "timestamp", "student_id", "last_name"]
    assert (rows["'=1+1"]["last_name"], rows["'=1+1"]["email"]) == (NAMES["last_name"], "'+1@example.org")
    scores = {name: rows["'=1+1"][name] for name in ("raw_score", "late_submission_penalty", "score", "max_score")}
    assert list(scores.values()) == ["12.0", "2.0", "10.0", "15.0"]
    assert (rows["'=1+1"]["hours_late"], rows["'=1+1"]["days_of_extension"]) == ("12.0", "1.0")
    assert (rows["zoe"]["timestamp"], rows["zoe"]["score"]) == ("", "0.0")
    assert (course / "grades.csv").stat().st_mode & 0o777 == 0o600
    nbgrader(course, "export", "--to", "one.csv", "--student", "['ada']", "--assignment", f"['{SLUG}']")
    assert [row["student_id"] for row in read(course / "one.csv")] == ["ada"]
    with pytest.raises(SystemExit):
        nbgrader(course, "export", "--to", "none.csv", "--student", "['adda']")
    assert "did you mean ada?" in caplog.text + capsys.readouterr().err
    assert not (course / "none.csv").exists()
