"""Pages of feedback go back in bulk, each under the name by which Moodle or Canvas knows whose it is."""

import json
import os
import shutil
import zipfile

import pytest
from entering import course_at, enter
from marking import SLUG

from grading import commands, gradebook, marks
from grading.platforms.names import FILE

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own order of adding rows
STUDENTS = "ada", "=1+1", "李伟"


@pytest.fixture
def root(tmp_path, fresh_gradebook):
    """A class of three, each with a mark and a page of feedback."""
    root = tmp_path / "class"
    root.mkdir()
    shutil.copy(fresh_gradebook, root)
    for student in STUDENTS:
        enter(root, student)
        page = root / "feedback" / student / SLUG / f"{SLUG}.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"the page of {student}", encoding="utf-8")
    return root


@pytest.fixture
def give(root, monkeypatch, capsys):
    """Ask for a zip; return the status, {name: page} of the zip, or None, and what was printed."""
    monkeypatch.setattr(marks, "course_at", lambda _: course_at(root))

    def run(*arguments, name="feedback.zip"):
        status = commands.main(["export", SLUG, "--feedback-zip", str(root / name), *arguments])
        pages = None
        if zipfile.is_zipfile(root / name):
            with zipfile.ZipFile(root / name) as archive:
                pages = {entry: archive.read(entry).decode() for entry in archive.namelist()}
        return status, pages, "".join(capsys.readouterr())

    return run


def collected(root, student, platform, file, folder="", user_id=""):
    """Note under which name a platform gave out what a student handed in."""
    where = root / "submitted" / student / SLUG
    where.mkdir(parents=True, exist_ok=True)
    kept = {"platform": platform, "file": file, "folder": folder, "user_id": user_id}
    (where / FILE).write_text(json.dumps(kept), encoding="utf-8")


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
        collected(
            root, student, "moodle", "my work_1.ipynb", f"A. {student}_{number + 7}_assignsubmission_file{ending}"
        )
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
    assert "ada has no page of feedback: run `nbgrader generate_feedback two-step`" in said
    status, pages, said = give("--partial")
    assert status == 1
    assert set(pages.values()) == {"the page of =1+1", "the page of 李伟"}


def test_a_page_that_is_older_than_the_mark_is_not_sent(root, give):
    for number, student in enumerate(STUDENTS):
        collected(root, student, "canvas", f"x_{number}_{number}_two-step.ipynb")
    marked = gradebook.autograded(course_at(root), SLUG, "ada")
    page = root / "feedback" / "ada" / SLUG / f"{SLUG}.html"
    os.utime(page, (marked.stat().st_mtime - 60,) * 2)
    _, pages, said = give("--partial")
    assert "the page of ada" not in pages.values()
    assert "ada has a page that is older than the mark" in said


@pytest.mark.parametrize(
    ("platform", "file", "folder"),
    [
        ("moodle", "two-step.ipynb", "../../x_7_assignsubmission_file_"),
        ("moodle", "two-step.ipynb", "Ada Lovelace"),
        ("moodle", "two-step.ipynb", "A_b_7_assignsubmission_file"),
        ("canvas", "two-step.ipynb", ""),
        ("canvas", "/etc/x_1_2_two-step.ipynb", ""),
        ("canvas", "x_1_2_two-step.ipynb\n", ""),
        ("canvas", "x_0_0_two-step.ipynb", ""),
        ("blackboard", "two-step_ada_attempt_2026-01-01-12-00-00_two-step.ipynb", ""),
    ],
)
def test_a_name_by_which_nobody_is_found_is_said(platform, file, folder, root, give):
    for number, student in enumerate(STUDENTS[1:]):
        collected(root, student, "canvas" if platform != "moodle" else "moodle", f"x_{number}_0_two-step.ipynb")
        if platform == "moodle":
            collected(root, student, "moodle", "two-step.ipynb", f"x_{number}_assignsubmission_file")
    collected(root, "ada", platform, file, folder)
    status, pages, said = give("--partial")
    assert status == 1
    assert len(pages) == 2
    assert "1 need a human" in said


def test_work_that_came_from_no_platform_or_from_two_is_refused(root, give):
    status, pages, said = give()
    assert (status, pages) == (2, None)
    assert "from neither Moodle nor Canvas" in said
    collected(root, "ada", "canvas", "x_1_2_two-step.ipynb")
    collected(root, "=1+1", "moodle", "two-step.ipynb", "x_1_assignsubmission_file")
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
