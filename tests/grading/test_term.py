"""A term as the guide for instructors tells it: each block of its commands, in order, and what it leaves behind."""

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile

import pytest
from alike import BY_STEP, COPIED
from conftest import needs
from marking import SLUG, copy_of_the_course, environment, filled
from nbgrader.api import Gradebook
from terminal import terminal

from grading import gradebook, late
from grading.answers import known_answers, solution
from grading.course import COURSE

pytestmark = pytest.mark.pool

TEXT = (COURSE / "book" / "teaching.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
NAMES = {
    "ada": "Ada Lovelace",
    "blaise": "Blaise Pascal",
    "carl": "Carl Gauss",
    "dora": "Dora Metcalf",
    "emmy": "Emmy Noether",
    "felix": "Felix Klein",
}
RIGHT = solution(SLUG).cells
UNNAMED = [" k=parts.k.sum()", " k=3 * parts.k.sum()"]  # no known mistake, until a new version of the course knows it
WORK = {
    "ada": RIGHT | {"gradient-by-step": BY_STEP},
    "blaise": RIGHT | {"gradient-by-step": COPIED},
    "carl": RIGHT | {"gradient": RIGHT["gradient"].replace(*UNNAMED)},
    "dora": next(answer for answer in known_answers(SLUG) if answer.name == "message-dropped").cells,
    "emmy": RIGHT,
    "felix": RIGHT,
}
HEADER = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments"
)
FIRST = {"ada": "16 October 2025, 9:30 AM", "blaise": "18 October 2025, 6:00 AM", "carl": "17 October 2025, 6:10 PM"}
FIRST["dora"] = "17 October 2025, 11:00 AM"
AGAIN = FIRST | {"dora": "17 October 2025, 5:00 PM", "felix": "23 October 2025, 8:00 PM"}
NEW_TEST = """\
```{code-cell} ipython3
:nbgrader: {grade: true, grade_id: test-new, locked: true, points: 2, schema_version: 3, solution: false, task: false}
:tags: [raises-exception]
assert callable(gradient)
```

"""
NEW_MISTAKE = f"""
[[wrong]]
name = "bias-thrice"
mistake = "the bias counts three times"
hint = "k is used once at each step."
loses = ["check-gradient", "test-gradient"]
edit.gradient = {json.dumps([UNNAMED])}
"""


def notebook(student):
    return json.dumps(filled(WORK[student]))


class Term:
    """A clone of the course at one instructor's, the repository that it comes from, and her learning platform."""

    def __init__(self, root, database=None):
        self.root, self.clone, self.origin = root, root / "clone", root / "origin"
        self.origin.mkdir()
        copy_of_the_course(self.origin)
        for name in ("Makefile", "pyproject.toml", "requirements.txt", ".gitignore", ".gitattributes"):
            shutil.copy(COURSE / name, self.origin)
        shutil.copytree(COURSE / "exercises", self.origin / "exercises")
        self.git(self.origin, "init", "--quiet", "--initial-branch=main")
        if database:
            with open(self.origin / "nbgrader_config.py", "a", encoding="utf-8") as config:
                config.write(f"\nc.CourseDirectory.db_url = {database!r}\n")
        self.commit("The course")
        self.git(root, "clone", "--quiet", self.origin, self.clone)
        (self.clone / ".git" / "info" / "exclude").write_text(".venv\n")
        (self.clone / ".venv").symlink_to(sys.prefix)
        self.database = database or f"sqlite:///{self.clone}/gradebook.db"
        self.downloaded = self.clone / "downloaded"
        people = [f"{student},{name.replace(' ', ',')},{student}@example.org" for student, name in NAMES.items()]
        (self.clone / "roster.csv").write_text("\n".join(["id,first_name,last_name,email", *people, ""]))

    def git(self, folder, *command):
        """What a git command prints."""
        done = subprocess.run(
            ["git", *map(str, command)], cwd=folder, env=as_teacher(folder), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, subject):
        """Make a new version of the course."""
        self.git(self.origin, "add", "--all")
        self.git(self.origin, "commit", "--quiet", f"--message={subject}")

    def moodle_gives(self, name, worksheet, times, files):
        """Save the zip of all submissions and the worksheet, as Moodle makes them."""
        self.downloaded.mkdir(exist_ok=True)
        with zipfile.ZipFile(self.downloaded / name, "w") as archive:
            for number, student in enumerate(NAMES):
                if student in files:
                    folder = f"{NAMES[student]}_{1000 + number}_assignsubmission_file"
                    archive.writestr(f"{folder}/{SLUG}.ipynb", files[student])
        rows = io.StringIO(newline="")
        writer = csv.writer(rows)
        writer.writerow(HEADER.split(","))
        for number, (student, full) in enumerate(NAMES.items()):
            when = f"Friday, {times[student]}" if student in times else "-"
            who = [f"Participant {1000 + number}", full, student, f"{student}@example.org"]
            writer.writerow([*who, "Submitted for grading", "", "15.00", "Yes", when, "-", ""])
        (self.downloaded / worksheet).write_text(rows.getvalue(), encoding="utf-8-sig", newline="")

    def book(self):
        return Gradebook(self.database, "bptt")

    def marks(self):
        """{student: (points, penalty)} of all who are marked; the penalty is taken off already."""
        with self.book() as book:
            rows = [row for row in book.assignment_submissions(SLUG) if not gradebook.is_bare(row)]
            found = {row.student_id: (row.score, late.of(row).penalty) for row in rows}
        return {student: (points - penalty, penalty) for student, (points, penalty) in found.items()}

    def files(self):
        """The bytes of all that belongs to the class and its exercise; what is locked or logged is left out."""
        houses = ("exercises", "solutions", "submitted", "autograded", "feedback", "backups")
        paths = [path for house in houses for path in (self.clone / house).rglob("*") if path.is_file()]
        return {path: path.read_bytes() for path in paths if not path.name.startswith(".")}

    def rows(self, name):
        with open(self.clone / name, encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


def as_teacher(folder):
    who = {"GIT_CONFIG_COUNT": "3"}
    for number, (key, value) in enumerate(
        (("user.name", "T"), ("user.email", "t@example.org"), ("safe.directory", "*"))
    ):
        who |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment(folder) | who


STORY = []


def block(begins):
    """Register what the class does before a block of the guide that begins so, and what is there afterwards."""

    def register(part):
        STORY.append((begins, part))
        return part

    return register


@block("make system")
def notebooks_are_built(term):
    yield
    assert term.git(term.clone, "status", "--porcelain") == "", "what is built is what the repository holds"
    assert len(list((term.clone / "solutions").glob("*/*.ipynb"))) == len(list((COURSE / "solutions").glob("*/*.md")))


@block("nbgrader db student import roster.csv")
def the_roster_is_known(term):
    _, doctor = yield
    assert re.search(r"ok +roster +6 students", doctor.stdout)
    with term.book() as book:
        assert {row.id: f"{row.first_name} {row.last_name}" for row in book.students} == NAMES


@block("c.LatePolicy.timezone")
def lateness_has_a_price(term):
    yield


@block("git commit")
def the_settings_are_committed(term):
    yield
    assert term.git(term.clone, "status", "--porcelain") == ""
    assert term.git(term.clone, "log", "-1", "--format=%s", "--name-only").split("\n\n")[1] == "nbgrader_config.py\n"


@block("python -m grading due")
def the_exercise_is_released(term):
    before = (term.clone / "exercises" / SLUG / f"{SLUG}.ipynb").read_bytes()
    due, _ = yield
    assert "two-step is due 2025-10-17 18:00:00 Europe/Zurich" in due.stdout
    assert "Each day begun after 15 min" in due.stdout
    assert (term.clone / "exercises" / SLUG / f"{SLUG}.ipynb").read_bytes() == before


@block("python -m grading collect two-step downloaded/two-step.zip")
def moodles_zip_is_sorted(term):
    files = {student: notebook(student) for student in ("ada", "blaise", "carl")} | {"dora": "my answers"}
    term.moodle_gives("two-step.zip", "worksheet.csv", FIRST, files)
    (done,) = yield
    assert "Recognised: Moodle." in done.stdout
    assert "4 of 4 files taken, for 4 students." in done.stdout
    for student, text in files.items():
        assert (term.clone / "submitted" / student / SLUG / f"{SLUG}.ipynb").read_text() == text
    stamp = term.clone / "submitted" / "blaise" / SLUG / "timestamp.txt"
    assert stamp.read_text() == "2025-10-18 04:00:00 UTC\n"


@block("mkdir -p submitted/emmy")
def what_came_by_post_is_put_there(term):
    (term.downloaded / "emmy.ipynb").write_text(notebook("emmy"))
    yield
    assert (term.clone / "submitted" / "emmy" / SLUG / f"{SLUG} (1).ipynb").read_text() == notebook("emmy")


@block("python -m grading autograde two-step --workers 2")
def the_class_is_marked(term):
    (done,) = yield
    assert done.status == 1
    assert "5 submissions: 5 marked, 0 kept" in done.stdout
    assert "2 came late; points taken off for that: 1." in done.stdout
    assert re.search(r"1 need a human:\n  dora: .*", done.stdout)
    term.first = term.marks()
    assert {student: points for student, points in term.first.items() if student != "carl"} == {
        "ada": (15, 0),
        "blaise": (14, 1),
        "dora": (0, 0),
        "emmy": (15, 0),
    }
    assert 0 < term.first["carl"][0] < 15


@block("python -m grading status")
def the_report_names_people(term):
    (done,) = yield
    assert "two-step: 5 of 6 marked, 3 right in all parts" in done.stdout
    for line in (
        "Needs a human: 1. dora in two-step: ",
        "Late: 2. blaise in two-step; carl in two-step",
        "Not handed in: 1. felix in two-step",
        "Lost points without a known mistake: 1. carl in two-step",
    ):
        assert line in done.stdout
    page = (term.clone / "_build" / "report" / "index.html").read_text(encoding="utf-8")
    assert all(name in page for name in NAMES.values())
    assert len(list((term.clone / "_build" / "report" / "students").glob("*.html"))) == len(NAMES)


@block("python -m grading guide two-step")
def the_guide_asks_about_each_mistake(term):
    (done,) = yield
    for answer in known_answers(SLUG):
        assert answer.right or answer.mistake in done.stdout


@block("python -m grading extend two-step blaise 2")
def who_has_longer_loses_nothing(term):
    blaise, felix, due = yield
    assert "blaise: in time; before: " in blaise.stdout
    assert "felix has 7 days 5 hours more, until 2025-10-24 23:59:59 Europe/Zurich." in felix.stdout
    assert "  blaise has 2 days more, until 2025-10-19 18:00:00 Europe/Zurich" in due.stdout
    assert term.marks()["blaise"] == (15, 0)


@block("python -m grading collect two-step downloaded/two-step-again.zip")
def what_is_new_is_marked(term):
    files = {student: notebook(student) for student in AGAIN}
    term.moodle_gives("two-step-again.zip", "worksheet-again.csv", AGAIN, files)
    collected, marked = yield
    assert "New: 1; replaced by a newer attempt: 1; as it was: 3; kept" in collected.stdout
    assert "6 submissions: 2 marked, 4 kept" in marked.stdout
    assert marked.status == 0
    marks = term.marks()
    assert marks["felix"] == (15, 0)
    assert 0 < marks["dora"][0] < 15
    assert {student: marks[student] for student in ("ada", "carl", "emmy")} == {
        student: term.first[student] for student in ("ada", "carl", "emmy")
    }


@block("python -m grading autograde two-step --student ada")
def one_student_is_marked_again(term):
    before = term.marks()
    (done,) = yield
    assert "1 submissions: 1 marked, 0 kept" in done.stdout
    assert term.marks() == before


@block("from grading import marks")
def a_mark_by_hand_counts(term):
    before = term.marks()["carl"][0]
    yield
    with term.book() as book:
        automatic = book.find_grade("test-gradient", SLUG, SLUG, "carl").auto_score
    assert term.marks()["carl"][0] == before - automatic + 2


@block("python -m grading autograde two-step --student carl")
def it_is_put_up_for_review(term):
    before = term.marks()
    (done,) = yield
    assert done.status == 1
    assert "carl: a mark given by hand waits for review" in done.stdout
    assert term.marks() == before


@block("from grading import marks")
def the_flag_is_cleared(term):
    before = term.marks()
    yield
    status = term.shell.type("python -m grading status")
    assert "Needs a human: none." in status.stdout
    assert term.marks() == before


@block("python -m grading.notebooks two-step")
def a_changed_test_is_tried(term):
    path = term.clone / "solutions" / SLUG / f"{SLUG}.md"
    text = path.read_text(encoding="utf-8")
    place = text[: text.index("grade_id: test-gradient,")].rindex("```{code-cell}")
    path.write_text(text[:place] + NEW_TEST + text[place:], encoding="utf-8")
    term.before, before = term.marks(), term.files()
    _, dry = yield
    assert "test-new: added, 2 points" in dry.stdout
    assert "6 submissions: 6 would gain points, 0 would lose some, 0 have no mark yet." in dry.stdout
    assert term.marks() == term.before
    built = {path for path, data in term.files().items() if before.get(path) != data}
    assert {path.relative_to(term.clone).parts[0] for path in built} == {"exercises", "solutions"}


@block("python -m grading autograde two-step --yes")
def the_gradebook_follows(term):
    marked, _ = yield
    assert "6 submissions: 6 marked, 0 kept" in marked.stdout
    (copied,) = (term.clone / "backups").iterdir()
    assert str(copied) in marked.stdout
    assert copied.stat().st_mode & 0o777 == 0o600
    assert term.marks() == {student: (points + 2, penalty) for student, (points, penalty) in term.before.items()}
    with term.book() as book:
        assert book.find_submission(SLUG, "ada").max_score == 17
    assert term.git(term.clone, "status", "--porcelain") == ""


@block("python -m grading feedback two-step")
def feedback_follows_the_marks(term):
    (done,) = yield
    assert "6 written, 0 kept" in done.stdout
    for student, (points, _) in term.marks().items():
        page = term.clone / "feedback" / student / SLUG / f"{SLUG}.html"
        assert f"{points:g} of 17 points" in page.read_text(encoding="utf-8")
        assert page.stat().st_mode & 0o777 == 0o600


@block("python -m grading export two-step --moodle")
def marks_and_pages_go_back(term):
    sheet, pages, plain = yield
    marks = {student: points for student, (points, _) in term.marks().items()}
    scaled = {student: round(points * 15 / 17, 2) for student, points in marks.items()}
    assert {row["ID number"]: float(row["Grade"]) for row in term.rows(_named(sheet))} == scaled
    given, filled_in = (term.rows(name) for name in ("downloaded/worksheet-again.csv", _named(sheet)))
    assert [row | {"Grade": ""} for row in filled_in] == given
    with zipfile.ZipFile(term.downloaded / "feedback.zip") as archive:
        there = {name: archive.read(name) for name in archive.namelist()}
    assert there == {
        f"{NAMES[student]}_{1000 + number}_assignsubmission_file/{SLUG}.html": (
            term.clone / "feedback" / student / SLUG / f"{SLUG}.html"
        ).read_bytes()
        for number, student in enumerate(NAMES)
        if student != "emmy"  # whose work came by post
    }
    assert "emmy has no name by which Moodle or Canvas would find them" in pages.said
    assert {row["id"]: float(row[f"{SLUG} points"]) for row in term.rows("marks.csv")} == marks
    assert {row["test"] for row in term.rows("tests.csv")} >= {"test-new", "test-gradient"}
    assert plain.status == 0


def _named(done):
    return re.search(r"Written: (\S+?),", done.stdout)[1]


@block("git pull")
def a_new_version_comes_in(term):
    for path in (f"solutions/{SLUG}/{SLUG}.md", f"exercises/{SLUG}/{SLUG}.ipynb"):
        text = (term.origin / path).read_text(encoding="utf-8")
        assert text.count("**Time.** 45 minutes.") == 1
        (term.origin / path).write_text(
            text.replace("**Time.** 45 minutes.", "**Time.** 50 minutes."), encoding="utf-8"
        )
    with open(term.origin / "solutions" / SLUG / "answers.toml", "a", encoding="utf-8") as answers:
        answers.write(NEW_MISTAKE)
    term.commit("One more mistake has a name")
    (done,) = yield
    assert done.status == 1
    assert re.findall(r"CONFLICT \(content\): Merge conflict in (\S+)", done.said) == [f"exercises/{SLUG}/{SLUG}.ipynb"]


@block("python -m grading.notebooks\n")
def the_notebook_is_built_and_git_goes_on(term):
    yield
    assert term.git(term.clone, "log", "--format=%s").split("\n")[:3] == [
        "One more test in two-step",
        "Settings of our class",
        "One more mistake has a name",
    ]
    assert term.git(term.clone, "status", "--porcelain") == ""
    released = (term.clone / "exercises" / SLUG / f"{SLUG}.ipynb").read_text(encoding="utf-8")
    assert "**Time.** 50 minutes." in released
    assert "test-new" in released


@block("make notebooks")
def the_new_version_marks(term):
    before = term.marks()
    _, dry, marked, feedback = yield
    assert "6 submissions: 0 would gain points, 0 would lose some" in dry.stdout
    assert "6 submissions: 6 marked, 0 kept" in marked.stdout
    assert term.marks() == before
    assert re.search(r"[1-6] written, [0-5] kept", feedback.stdout)
    page = (term.clone / "feedback" / "carl" / SLUG / f"{SLUG}.html").read_text(encoding="utf-8")
    assert "the bias counts three times" in page
    again = term.shell.type(f"python -m grading export {SLUG} --feedback-zip downloaded/again.zip --partial")
    assert "Written: downloaded/again.zip, with 5 pages of feedback." in again.stdout


@block("python -m grading compare two-step")
def two_who_share_what_nobody_else_has_are_listed(term):
    (done,) = yield
    assert "15 pairs. 1 to be looked at." in done.stdout
    assert "  ada and blaise: " in done.stdout
    assert "Likeness is no proof." in done.stdout
    assert (term.clone / "_build" / "compare" / f"{SLUG}.html").stat().st_mode & 0o777 == 0o600


@block("python -m grading export --csv")
def the_marks_are_written_once_more(term):
    yield
    assert len(term.rows("marks.csv")) == len(NAMES)


@block("from grading import backup")
def the_gradebook_is_copied(term):
    (done,) = yield
    with Gradebook(f"sqlite:///{done.stdout.strip()}", "bptt") as book:
        copied = {row.student_id: row.score for row in book.assignment_submissions(SLUG)}
    assert copied == {student: points for student, (points, _) in term.marks().items()}


@block("(umask 077")
def the_class_is_kept(term):
    yield
    assert (term.clone / "term.tar.gz").stat().st_mode & 0o777 == 0o600
    listed = term.shell.type("tar -tzf term.tar.gz").stdout.splitlines()
    assert {f"{house}/ada/" for house in ("submitted", "autograded", "feedback")} <= set(listed)
    assert term.git(term.clone, "status", "--porcelain") == "", "git offers nothing of the class"


@block("nbgrader db student remove felix")
def a_student_is_taken_out(term):
    yield
    with term.book() as book:
        assert {row.id for row in book.students} == NAMES.keys() - {"felix"}
    assert len(list((term.clone / "_build" / "report" / "students").glob("*.html"))) == len(NAMES) - 1


@block("from sqlalchemy")
def nothing_of_him_is_left(term):
    yield
    files = [path for path in term.clone.rglob("*") if path.is_file() and ".git" not in path.parts]
    words = (b"felix", b"Felix Klein", b"Klein")
    assert [path for path in files if any(word in path.read_bytes() for word in words)] == []
    assert term.marks().keys() == NAMES.keys() - {"felix"}


def play(term, folder, monkeypatch):
    """Run the blocks of the guide, each with what belongs to it."""
    assert [text.startswith(begins) for (_, text), (begins, _) in zip(BLOCKS, STORY, strict=True)] == [True] * len(
        STORY
    )
    for name, value in as_teacher(term.clone).items():
        monkeypatch.setenv(name, value)
    with terminal(term.clone, folder) as term.shell:
        for (kind, text), (_, part) in zip(BLOCKS, STORY, strict=True):
            running = part(term)
            next(running)
            done = term.shell.block(kind, text)
            for one in done:
                told = f"{one.line}\n{one.stdout[-3000:]}\n{one.stderr[-3000:]}"
                assert one.status in (0, 1), told  # 1: something needs a human
                assert "Traceback" not in one.said, told
            with pytest.raises(StopIteration):
                running.send(done)


def test_the_term_of_the_guide(tmp_path, monkeypatch):
    needs("bwrap")
    play(Term(tmp_path), tmp_path, monkeypatch)


def test_the_same_term_with_the_gradebook_on_a_server(tmp_path, monkeypatch, postgresql):
    needs("bwrap")
    term = Term(tmp_path, postgresql)
    play(term, tmp_path, monkeypatch)
    assert not (term.clone / "gradebook.db").exists()
