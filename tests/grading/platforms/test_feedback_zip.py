"""Pages of feedback go back in bulk, each under the name by which Moodle or Canvas knows whose it is."""

import json
import re
import shutil
import zipfile
from datetime import UTC, timedelta

import pytest
from entering import NOON, course_at, enter, opened
from marking import SLUG, release

from grading import commands, feedback_pages, marks
from grading.course import class_at
from grading.platforms import collect, place, roster
from grading.platforms.names import platform_name

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own order of adding rows
STUDENTS = "ada", "=1+1", "李伟"


def make_page(root, student):
    """Make a page of feedback that says whose it is."""
    enter(root, student, problem=f"the page of {student}")
    feedback_pages.write(SLUG, class_at(root), [student])


@pytest.fixture(scope="module")
def marked(tmp_path_factory, fresh_gradebook):
    """A class of three, each with a mark and a page of feedback."""
    root = tmp_path_factory.mktemp("class")
    shutil.copy(fresh_gradebook, root)
    for student in STUDENTS:
        make_page(root, student)
    return root


@pytest.fixture
def give(root, monkeypatch, capsys):
    """Ask for a zip; return the status, {name: whose page} of the zip, or None, and what was printed."""
    monkeypatch.setattr(marks, "course_at", lambda _: course_at(root))

    def run(*arguments, name="feedback.zip"):
        status = commands.main(["export", SLUG, "--feedback-zip", str(root / name), *arguments])
        pages = None
        if zipfile.is_zipfile(root / name):
            with zipfile.ZipFile(root / name) as archive:
                pages = {entry: archive.read(entry).decode() for entry in archive.namelist()}
                pages = {entry: re.search("the page of [^<.]*", page)[0] for entry, page in pages.items()}
        return status, pages, "".join(capsys.readouterr())

    return run


def collected(root, student, platform, path):
    """Note under which name a platform gave out what a student handed in."""
    where = root / "submitted" / student / SLUG
    where.mkdir(parents=True, exist_ok=True)
    folder, _, file = path.rpartition("/")
    kept = {"platform": platform, "folder": folder, "file": file, "user_id": ""}
    (where / place.RECORD).write_text(json.dumps(kept), encoding="utf-8")


def of_participant(name):
    """(number of the participant, name of the file) by the rule of Moodle's importer; None if it passes the file by."""
    parts = name.split("/")
    for at, part in enumerate(parts):
        words = part.split("_", 4)
        if len(words) >= 4 and words[1].isdecimal() and (words[2], words[3]) == ("assignsubmission", "file"):
            return words[1], "/".join([*words[4:], *parts[at + 1 :]]).lstrip("/")
    return None


def of_user(name):
    """(number or sign of the student, number of what was handed in) by the rule of Canvas."""
    words = [word for word in name.rpartition("/")[2].split("_") if word != "LATE"]
    if words[0] == "anon":
        return tuple(words[1:3])
    return tuple([word for word in words if word.isdecimal()][:2])


@pytest.mark.parametrize("ending", ["", "_"], ids=["since 4.1", "before"])
def test_moodle_finds_the_participant_by_the_folder(ending, root, give):
    for number, student in enumerate(STUDENTS):
        collected(root, student, "moodle", f"{student}_{number + 7}_assignsubmission_file{ending}/my_1.ipynb")
    status, pages, said = give()
    assert status == 0, said
    found = {of_participant(name): page for name, page in pages.items()}
    assert found == {
        (str(number + 7), f"{SLUG}.html"): f"the page of {student}" for number, student in enumerate(STUDENTS)
    }


def test_moodle_finds_the_participant_where_files_lie_side_by_side(root, give):
    for number, student in enumerate(STUDENTS):
        collected(root, student, "moodle", f"Participant_{number + 7}_assignsubmission_file_two_step_1.ipynb")
    _, pages, _ = give()
    found = {of_participant(name): page for name, page in pages.items()}
    assert found == {
        (str(number + 7), f"{SLUG}.html"): f"the page of {student}" for number, student in enumerate(STUDENTS)
    }


def test_canvas_finds_the_student_and_the_file(root, give):
    files = ["lovelaceada_LATE_4711_99001_two-step-1.ipynb", "x_8_9_5_two.step.ipynb", "anon_aB3_77_two-step.ipynb"]
    for student, file in zip(STUDENTS, files, strict=True):
        collected(root, student, "canvas", file)
    status, pages, said = give()
    assert status == 0, said
    assert {of_user(name): page for name, page in pages.items()} == {
        ("4711", "99001"): "the page of ada",
        ("8", "9"): "the page of =1+1",
        ("aB3", "77"): "the page of 李伟",
    }
    assert all(name.endswith(".html") for name in pages)
    assert "Canvas shows each page under the name of the file that the student handed in" in said


def test_without_a_page_for_each_mark_nothing_is_written_but_with_partial(root, give):
    for number, student in enumerate(STUDENTS):
        collected(root, student, "canvas", f"x_{number}_{number}_two-step.ipynb")
    shutil.rmtree(root / "feedback" / "ada")
    status, pages, said = give()
    assert (status, pages) == (2, None)
    assert "ada has no page of feedback: run `python -m grading feedback two-step`" in said
    status, pages, said = give("--partial")
    assert status == 1
    assert set(pages.values()) == {"the page of =1+1", "the page of 李伟"}


def give_a_mark(book):
    book.find_grade("test-gradient", SLUG, SLUG, "ada").manual_score = 1.0


def give_extra_credit(book):
    book.find_grade("test-gradient", SLUG, SLUG, "ada").extra_credit = 1.0


def give_an_extension(book):
    book.find_assignment(SLUG).duedate = NOON
    book.find_submission(SLUG, "ada").extension = timedelta(days=1)


@pytest.mark.parametrize("change", [give_a_mark, give_extra_credit, give_an_extension])
def test_a_page_that_is_not_what_the_marks_are_now_is_not_sent(change, root, give):
    for number, student in enumerate(STUDENTS):
        collected(root, student, "canvas", f"x_{number}_{number}_two-step.ipynb")
    with opened(root) as book:
        change(book)
        book.db.commit()
    status, pages, said = give("--partial")
    assert status == 1
    assert sorted(pages.values()) == ["the page of =1+1", "the page of 李伟"]
    assert "ada has a page that is not what the marks are now: run `python -m grading feedback two-step`" in said
    feedback_pages.write(SLUG, class_at(root))
    status, pages, said = give(name="again.zip")
    assert (status, len(pages)) == (0, 3), said


NOT_FOUND = [
    ("moodle", "Ada Lovelace/two-step.ipynb"),
    ("moodle", "A_b_7_assignsubmission_file/two-step.ipynb"),
    ("moodle", "Ada_7_assignsubmission_file\\..\\x/two-step.ipynb"),
    ("moodle", "../Ada_7_assignsubmission_file/two-step.ipynb"),
    ("moodle", "Ada_x_assignsubmission_file_two-step.ipynb"),
    ("canvas", "two-step.ipynb"),
    ("canvas", "x_1_2_two-step.ipynb\n"),
    ("canvas", "anon_aB3_two-step.ipynb"),
    ("canvas", ""),
    ("blackboard", "two-step_ada_attempt_2026-01-01-12-00-00_two-step.ipynb"),
]


@pytest.mark.parametrize(("platform", "path"), NOT_FOUND)
def test_a_name_by_which_nobody_is_found_is_said(platform, path, root, give):
    for number, student in enumerate(STUDENTS[1:]):
        collected(root, student, "moodle", f"x_{number}_assignsubmission_file/two-step.ipynb")
        if platform != "moodle":
            collected(root, student, "canvas", f"x_{number}_0_two-step.ipynb")
    collected(root, "ada", platform, path)
    status, pages, said = give("--partial")
    assert status == 1
    assert set(pages.values()) == {"the page of =1+1", "the page of 李伟"}
    assert "ada has no name by which Moodle or Canvas would find them" in said


def test_two_students_never_have_one_name(root, give):
    for student in STUDENTS:
        collected(root, student, "canvas", "x_1_2_two-step.ipynb")
    status, pages, said = give("--partial")
    assert status == 1
    assert list(pages.values()) == ["the page of =1+1"]
    assert "2 need a human" in said


@pytest.mark.parametrize("text", ["", "[]", "null", '{"platform": "moodle"}', "7", "[" * 10**5])
def test_a_record_that_is_none_is_passed_by(text, tmp_path):
    (tmp_path / place.RECORD).write_text(text)
    assert platform_name(tmp_path, SLUG) is None


def test_a_record_is_not_read_through_a_link(tmp_path):
    kept = {"platform": "canvas", "folder": "", "file": "x_7_8_two-step.ipynb", "user_id": 7}
    (tmp_path / "other").write_text(json.dumps(kept))
    (tmp_path / place.RECORD).symlink_to(tmp_path / "other")
    assert platform_name(tmp_path, SLUG) is None
    (tmp_path / place.RECORD).unlink()
    (tmp_path / "other").rename(tmp_path / place.RECORD)
    assert platform_name(tmp_path, SLUG) == ("canvas", "7", "x_7_8_two-step.html")


ZIPS = {
    "canvas": ("lovelaceada_LATE_4711_99001_two-step-1.ipynb", "fuchsbo_12_99002_two-step.ipynb"),
    "moodle": (
        "Ada Lovelace_1001_assignsubmission_file/two-step.ipynb",
        "Bo Fuchs_1002_assignsubmission_file/two step (1).ipynb",
    ),
}
ROSTER = "Student,ID,SIS Login ID,Section\n'Lovelace, Ada',4711,ada,A\n'Fuchs, Bo',12,bo,A\n".replace("'", '"')


@pytest.mark.parametrize("platform", ZIPS)
def test_what_is_collected_goes_back_under_the_name_that_it_came_with(platform, root, give, tmp_path):
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for path in ZIPS[platform]:
            archive.writestr(path, json.dumps(release()))
    (tmp_path / "roster.csv").write_text(ROSTER)
    known = roster.read(tmp_path / "roster.csv")
    found = collect.collect(SLUG, tmp_path / "class.zip", root / "submitted", known, zone=UTC)
    (ada, bo) = sorted(found.outcomes)
    for student in (ada, bo):
        make_page(root, student)
    _, pages, _ = give("--partial")
    rule, keys = (
        (of_user, (("4711", "99001"), ("12", "99002")))
        if platform == "canvas"
        else (
            of_participant,
            (("1001", f"{SLUG}.html"), ("1002", f"{SLUG}.html")),
        )
    )
    assert {rule(name): page for name, page in pages.items()} == {
        keys[0]: f"the page of {ada}",
        keys[1]: f"the page of {bo}",
    }


def test_work_that_came_from_no_platform_or_from_two_is_refused(root, give):
    status, pages, said = give()
    assert (status, pages) == (2, None)
    assert "from neither Moodle nor Canvas" in said
    collected(root, "ada", "canvas", "x_1_2_two-step.ipynb")
    collected(root, "=1+1", "moodle", "x_1_assignsubmission_file/two-step.ipynb")
    status, pages, said = give()
    assert (status, pages) == (2, None)
    assert "collected from canvas and moodle" in said


def test_the_zip_is_for_its_owner_alone_and_no_other_file_is_written_over(root, give):
    for number, student in enumerate(STUDENTS):
        collected(root, student, "canvas", f"x_{number}_{number}_two-step.ipynb")
    (root / "class.zip").write_bytes(b"what the class handed in")
    status, _, said = give(name="class.zip")
    assert status == 2
    assert "is there already" in said
    assert (root / "class.zip").read_bytes() == b"what the class handed in"
    give()
    assert (root / "feedback.zip").stat().st_mode & 0o777 == 0o600
    assert not list(root.glob(".*.part"))
