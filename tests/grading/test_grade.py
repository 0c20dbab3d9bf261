"""A class is marked to its end whatever is in it, the gradebook tells everything, and nothing is done twice."""

import copy
import json
import shutil
import sqlite3
import subprocess
import sys

import accidents
import marking
import nbformat
import pytest
from conftest import needs
from marking import FAST, SLUG, filled
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from sqlalchemy.exc import OperationalError

from grading import commands, grade, gradebook, intake, record
from grading.answers import known_answers, solution
from grading.autograde import _alone, autograde
from grading.course import COURSE, class_at
from grading.sandbox import SandboxError

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells
RIGHT = json.dumps(filled(ANSWERS))
ANSWERS_OF = {answer.name: json.dumps(filled(answer.cells)) for answer in known_answers(SLUG)}


@pytest.fixture
def config(tmp_path, fresh_gradebook):
    needs("bwrap")
    shutil.copy(fresh_gradebook, tmp_path)
    return class_at(tmp_path)


def hand_in(root, student, text=RIGHT, name=f"{SLUG}.ipynb"):
    return marking.hand_in(root, student, text, SLUG, name)


def run(config, settings=FAST, **options):
    return autograde(SLUG, config, settings, **options)


def opened(config):
    return Gradebook(config.CourseDirectory.db_url, "bptt")


def points(results):
    return {result.student: result.points for result in results}


def broken(tmp_path):
    """A class of right and of broken submissions, and the points that each deserves."""
    hand_in(tmp_path, "ada")
    hand_in(tmp_path, "renamed", name=f"{SLUG} (1).ipynb")
    hand_in(tmp_path, "corrupt", RIGHT[:4000])
    hand_in(tmp_path, "utf-16", RIGHT.encode("utf-16"))
    hand_in(tmp_path, "zipped", b"PK\3\4../../etc/passwd", name="work.zip")
    hand_in(tmp_path, "loud", json.dumps(filled({}) | {"metadata": {"x": "y" * (50 << 20)}}))
    hand_in(tmp_path, "hangs", json.dumps(filled(ANSWERS | {"gradient": "while True: pass"})))
    hand_in(tmp_path, "dies", json.dumps(filled(ANSWERS | {"gradient": "import os; os._exit(1)"})))
    hand_in(tmp_path, "no-notebook", b"hello", name="readme.txt")
    (tmp_path / "submitted" / "empty" / SLUG).mkdir(parents=True)
    (tmp_path / "submitted" / "file").mkdir()
    (tmp_path / "submitted" / "file" / SLUG).write_text("not a folder")
    linked = tmp_path / "submitted" / "linked" / SLUG
    linked.mkdir(parents=True)
    (linked / f"{SLUG}.ipynb").symlink_to(tmp_path / "submitted" / "ada" / SLUG / f"{SLUG}.ipynb")
    late = hand_in(tmp_path, "timeless")
    (late / "timestamp.txt").write_text("no time at all")
    return {
        "ada": 15,
        "renamed": 15,
        "corrupt": 0,
        "utf-16": 15,
        "zipped": 0,
        "loud": 0,
        "hangs": 11,
        "dies": 11,
        "no-notebook": 0,
        "empty": 0,
        "file": 0,
        "linked": 0,
        "timeless": 15,
    }


def test_a_class_of_nobody_has_no_results(config):
    assert run(config) == ([], [])


def test_broken_submissions_get_what_is_due_a_row_and_a_reason(config, tmp_path):
    due = broken(tmp_path)
    results, strays = run(config)
    assert points(results) == due
    assert strays == []
    reasons = {result.student: result.problem for result in results if result.problem}
    assert set(reasons) == {"corrupt", "zipped", "no-notebook", "empty", "file", "linked"}
    notes = {result.student: " ".join(result.notes) for result in results}
    assert "was taken for" in notes["renamed"]
    assert "utf-16" in notes["utf-16"]
    assert "timestamp.txt cannot be read" in notes["timeless"]
    with opened(config) as book:
        rows = {submission.student_id: submission for submission in book.assignment_submissions(SLUG)}
        assert {student: row.score for student, row in rows.items()} == due
        for student, reason in reasons.items():
            comments = {comment.comment for notebook in rows[student].notebooks for comment in notebook.comments}
            assert comments == {reason}
        assert not any(row.needs_manual_grade for row in rows.values())


def test_every_submission_leaves_a_notebook_that_nbgrader_can_read(config, tmp_path):
    broken(tmp_path)
    results, _ = run(config)
    course = CourseDirectory(config=config)
    for result in results:
        nbformat.read(gradebook.autograded(course, SLUG, result.student), as_version=4)


def test_finished_work_is_kept_and_changed_work_is_done_again(config, tmp_path):
    for student in ("ada", "blaise", "carl"):
        hand_in(tmp_path, student)
    first, _ = run(config)
    hand_in(tmp_path, "blaise", ANSWERS_OF["last-step-only"])
    second, _ = run(config)
    assert [result.kept for result in first] == [False] * 3
    assert [result.kept for result in second] == [True, False, True]
    assert points(second) == {"ada": 15, "blaise": 11, "carl": 15}
    assert [result.kept for result in run(config, force=True)[0]] == [False] * 3


@pytest.mark.parametrize("change", [{"version": 0}, {"run": "another"}, {"seed": None}])
def test_what_was_marked_in_another_way_or_not_to_the_end_is_marked_again(config, tmp_path, change):
    hand_in(tmp_path, "ada")
    run(config)
    path = gradebook.autograded(CourseDirectory(config=config), SLUG, "ada")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["grading"] |= change
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert [result.kept for result in run(config)[0]] == [False]
    assert [result.kept for result in run(config)[0]] == [True]


def test_a_file_is_read_once_whether_it_is_new_or_unchanged(config, tmp_path, monkeypatch):
    for student in ("ada", "blaise"):
        hand_in(tmp_path, student)
    real, read = intake._read, []
    monkeypatch.setattr(intake, "_read", lambda path: read.append(path.parts[-3:]) or real(path))
    files = [(student, SLUG, f"{SLUG}.ipynb") for student in ("ada", "blaise")]
    for kept in (False, True):
        results, _ = run(config)
        assert [result.kept for result in results] == [kept] * 2
        assert [path for path in read if path[-1] != "timestamp.txt"] == files
        read.clear()


def test_a_worker_imports_nothing_that_is_slow_to_import():
    code = "import sys, grading.grade; print({'nbformat', 'nbgrader', 'jinja2', 'matplotlib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True, timeout=60)
    assert done.stdout == "set()\n"


def test_a_run_that_was_stopped_is_taken_up_where_it_ended(config, tmp_path, monkeypatch):
    students = ["ada", "blaise", "carl", "dora"]
    for student in students:
        hand_in(tmp_path, student)
    real, marked = grade.mark, []

    def stopping(job):
        if len(marked) == 2:
            raise KeyboardInterrupt
        marked.append(job.student)
        return real(job)

    monkeypatch.setattr(grade, "mark", stopping)
    with pytest.raises(KeyboardInterrupt):
        run(config)
    monkeypatch.setattr(grade, "mark", real)
    results, _ = run(config)
    assert [result.kept for result in results] == [True, True, False, False]
    assert set(points(results).values()) == {15}


def test_the_marks_do_not_depend_on_the_number_of_workers(config, tmp_path):
    names = ["last-step-only", "targets-sum-to-one", "gathered", "returns-a-list"]
    for student, name in zip("abcd", names, strict=True):
        hand_in(tmp_path, student, ANSWERS_OF[name])
    alone, _ = run(config)
    together, _ = run(config, workers=2, force=True)
    assert [result._replace(seconds=0.0) for result in together] == [result._replace(seconds=0.0) for result in alone]


def test_a_mark_given_by_hand_stays_and_is_put_up_for_review(config, tmp_path):
    hand_in(tmp_path, "ada", ANSWERS_OF["last-step-only"])
    run(config)
    with opened(config) as book:
        book.find_grade("test-gradient", SLUG, SLUG, "ada").manual_score = 2.0
        book.db.commit()
    (result,), _ = run(config, force=True)
    assert result.points == 13
    assert "given by hand" in result.human[0]


def test_a_better_submission_replaces_the_marks_of_a_broken_one(config, tmp_path):
    folder = hand_in(tmp_path, "ada", RIGHT[:99])
    assert points(run(config)[0]) == {"ada": 0}
    (folder / f"{SLUG}.ipynb").write_text(RIGHT)
    assert points(run(config)[0]) == {"ada": 15}
    with opened(config) as book:
        assert len(book.assignment_submissions(SLUG)) == 1


def test_a_student_can_be_marked_alone_and_one_of_the_class_who_handed_in_nothing_gets_a_row(config, tmp_path):
    hand_in(tmp_path, "ada")
    hand_in(tmp_path, "blaise")
    with opened(config) as book:
        book.add_student("zoe")
    results, _ = run(config, students=["blaise", "zoe"])
    assert points(results) == {"blaise": 15, "zoe": 0}
    assert "no folder" in results[1].problem


@pytest.mark.parametrize(
    ("student", "hint"),
    [("adda", "did you mean ada"), ("ADA", "did you mean ada"), ("../ada", "ada"), ("x", "2 are known, and none")],
)
def test_a_slip_in_the_name_of_a_student_is_an_error_and_makes_nobody_new(config, tmp_path, student, hint):
    hand_in(tmp_path, "ada")
    with opened(config) as book:
        book.add_student("zoe")
    with pytest.raises(ValueError, match=f"there is no student '{student}'.*{hint}"):
        run(config, students=["ada", student])
    with opened(config) as book:
        assert {row.id for row in book.students} == {"zoe"}
        assert book.assignment_submissions(SLUG) == []


def test_a_slip_in_the_name_of_a_student_makes_no_gradebook(tmp_path):
    hand_in(tmp_path, "ada")
    with pytest.raises(ValueError, match="did you mean ada"):
        run(class_at(tmp_path), students=["adda"])
    assert [path.name for path in tmp_path.iterdir()] == ["submitted"]


def test_strays_are_said_and_not_followed(config, tmp_path):
    hand_in(tmp_path, "ada")
    (tmp_path / "submitted" / "ada" / "two-stepp").mkdir()
    (tmp_path / "submitted" / "eve").symlink_to(tmp_path / "submitted" / "ada")
    (tmp_path / "submitted" / "notes.txt").write_text("x")
    results, strays = run(config)
    assert points(results) == {"ada": 15}
    assert strays == [
        "ada handed in 'two-stepp', which is no exercise",
        "eve is not a student's folder",
        "notes.txt is not a student's folder",
    ]


def test_a_submission_whose_worker_is_killed_is_tried_again_and_the_others_go_on(config, tmp_path, monkeypatch):
    for student in ("ada", "blaise"):
        hand_in(tmp_path, student)
    monkeypatch.setattr(grade, "mark", accidents.killed_for_blaise)
    results, _ = run(config, workers=2)
    assert points(results) == {"ada": 15, "blaise": 0}
    assert "killed again and again" in results[1].problem


def test_after_a_worker_was_killed_the_next_pool_is_as_large(config, tmp_path, monkeypatch):
    for student in ("ada", "blaise", "carl", "dora"):
        hand_in(tmp_path, student)
    real, sizes = grade._pool, []
    monkeypatch.setattr(grade, "_pool", lambda workers: sizes.append(workers) or real(workers))
    monkeypatch.setattr(grade, "mark", accidents.unlucky)
    results, _ = run(config, workers=2)
    assert [result.problem for result in results] == [""] * 4
    assert set(points(results).values()) == {15}
    assert sizes[0] == sizes[-1] == 2
    assert not [result for result in results if result.human]


def test_an_error_of_the_grader_is_told_and_the_run_goes_on(config, tmp_path, monkeypatch):
    for student in ("ada", "blaise"):
        hand_in(tmp_path, student)
    real = grade.execute

    def failing(notebook, task, settings):
        if not failing.done and not record.of(notebook).problem:
            failing.done = True
            raise ZeroDivisionError
        return real(notebook, task, settings)

    failing.done = False
    monkeypatch.setattr(grade, "execute", failing)
    results, _ = run(config)
    assert points(results) == {"ada": 0, "blaise": 15}
    assert "the grader failed: ZeroDivisionError" in results[0].human[0]


def test_a_submission_for_which_no_process_starts_is_reported_alone_and_tried_by_the_next_run(
    config, tmp_path, monkeypatch
):
    for student in ("ada", "blaise", "carl"):
        hand_in(tmp_path, student)
    real = grade.execute

    def failing(notebook, task, settings):
        if len(failing.tried) == 1:
            failing.tried.append(1)
            raise SandboxError("bwrap: Unable to find it in mount table")
        failing.tried.append(1)
        return real(notebook, task, settings)

    failing.tried = []
    monkeypatch.setattr(grade, "execute", failing)
    results, _ = run(config)
    assert points(results) == {"ada": 15, "blaise": 0, "carl": 15}
    assert results[1].human == ("not marked, try again: bwrap: Unable to find it in mount table",)
    again, _ = run(config)
    assert [(result.points, result.kept) for result in again] == [(15, True), (15, False), (15, True)]


def test_a_sandbox_that_does_not_start_stops_the_run_and_marks_nobody(config, tmp_path, monkeypatch):
    hand_in(tmp_path, "ada")

    def broken_start(*how):
        raise SandboxError("no sandbox here")

    monkeypatch.setattr("grading.sandbox.start", broken_start)
    with pytest.raises(SandboxError):
        run(config)
    with opened(config) as book:
        assert book.assignment_submissions(SLUG) == []


def test_the_command_ends_with_what_needs_a_human_and_its_status_says_so(capsys):
    results = [
        gradebook.Result("ada", 15.0, 15.0, (), "", (), (), {}, 0.1),
        gradebook.Result("corrupt", 0.0, 15.0, (), "broken", (), ("broken",), {}, 0.1, True),
    ]
    assert commands.print_summary(results[:1], []) == 0
    assert commands.print_summary(results, ["x is not a student's folder"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == [
        "2 submissions: 1 marked, 1 kept from earlier runs.",
        "2 need a human:",
        "  corrupt: broken",
        "  x is not a student's folder",
    ]


def test_a_seed_that_is_asked_for_goes_on_with_what_has_it(config, tmp_path):
    for student in ("ada", "blaise"):
        hand_in(tmp_path, student)
    run(config, students=["ada"])
    results, _ = run(config, seed=FAST.seed)
    assert [result.kept for result in results] == [True, False]
    assert [result.kept for result in run(config, FAST._replace(seed=21), seed=21)[0]] == [False, False]


def test_a_time_that_changes_alone_is_taken_and_nothing_is_marked_again(config, tmp_path):
    folder = hand_in(tmp_path, "ada")
    for time, kept in [
        ("2026-01-01 10:00:00 UTC", False),
        ("2026-01-01 10:00:00 UTC", True),
        ("2026-01-02 10:00", True),
    ]:
        (folder / "timestamp.txt").write_text(time)
        assert run(config)[0][0].kept == kept
    with opened(config) as book:
        assert book.find_submission(SLUG, "ada").timestamp.day == 2


HOLDING = (
    "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.lockf(file, fcntl.LOCK_EX); print(); sys.stdin.read()"
)


def test_the_second_of_two_graders_of_one_exercise_says_so_and_stops(config, tmp_path):
    course, lock = CourseDirectory(config=config), tmp_path / "autograded" / f".{SLUG}.lock"
    lock.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-c", HOLDING, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(ValueError, match="another grader is marking two-step for this class"):
            run(config)
        with _alone(course, "t-steps"):
            pass
        other.stdin.close()
    assert run(config) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        "update alembic_version set version_num = 'ffffffffffff'",
        "drop table comment",
        "alter table student add column shoe_size integer",
    ],
)
def test_a_gradebook_of_another_schema_is_refused(config, tmp_path, change):
    with sqlite3.connect(tmp_path / "gradebook.db") as database:
        database.execute(change)
    with pytest.raises(ValueError, match="nbgrader db upgrade"):
        run(config)


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ValueError("no such exercise"), 2, "error: no such exercise"),
        (SandboxError("no bubblewrap"), 2, "error: no bubblewrap"),
        (OSError(28, "No space left on device"), 2, "error: [Errno 28] No space left on device"),
        (OperationalError("select 1", {}, Exception("locked")), 2, "error: the gradebook cannot be used: locked"),
        (KeyboardInterrupt(), 2, "Interrupted."),
        (
            UnicodeEncodeError("utf-8", "x", 0, 1, "surrogates"),
            3,
            "error: the grader itself failed: UnicodeEncodeError",
        ),
        (KeyError("tests"), 3, "error: the grader itself failed: KeyError: 'tests'"),
        (RuntimeError("a\x1b[31m\nforged"), 3, "error: the grader itself failed: RuntimeError: a forged"),
    ],
)
def test_whatever_stops_a_command_is_one_sentence_and_a_log(error, status, line, monkeypatch, capsys, tmp_path):
    def stop(*arguments):
        raise error

    monkeypatch.setattr(commands, "run_mistakes", stop)
    monkeypatch.setattr(commands, "LOG", commands.COURSE / "_build" / f"{tmp_path.name}.log")
    assert commands.main(["mistakes"]) == status
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(line)
    assert len(said) == (1 if isinstance(error, KeyboardInterrupt) else 2)
    if not isinstance(error, KeyboardInterrupt):
        assert "Traceback" in commands.LOG.read_text(encoding="utf-8")
        commands.LOG.unlink()


def test_a_marked_folder_that_cannot_be_written_to_is_that_students_problem_alone(config, tmp_path):
    for student in ("ada", "blaise"):
        hand_in(tmp_path, student, json.dumps(filled(solution(SLUG).cells)))
    (tmp_path / "autograded").mkdir()
    (tmp_path / "autograded" / "ada").write_text("a file")
    ada, blaise = autograde(SLUG, config, FAST)[0]
    assert ada.problem
    assert (blaise.points, blaise.problem) == (15, "")


def test_a_folder_that_cannot_be_looked_through_is_a_line_and_its_student_is_not_forgotten(tmp_path, monkeypatch):
    def locked(folder, *_):
        if folder.name == "ada":
            raise PermissionError(13, "Permission denied")
        return [], True

    for student in ("ada", "blaise"):
        hand_in(tmp_path, student, "{}")
    monkeypatch.setattr(grade, "_others", locked)
    found, strays = grade.find_submissions(tmp_path / "submitted", SLUG)
    assert found == {"ada": "ada", "blaise": "blaise"}
    assert strays == ["the folder 'ada' cannot be looked through: Permission denied"]


def test_a_class_of_nobody_is_no_success(tmp_path, monkeypatch, capsys, config):
    monkeypatch.setattr(commands, "load_config", lambda: config)
    monkeypatch.setattr(commands.report, "write", None)
    assert commands.main(["autograde", SLUG]) == 2
    submitted = tmp_path / "submitted"
    looked = f"error: nobody has handed in {SLUG}: looked for {submitted}/<student>/{SLUG}, and "
    assert f"{looked}no such folder is there" in capsys.readouterr().err
    submitted.rmdir()
    assert commands.main(["autograde", SLUG]) == 2
    assert f"{looked}there is no folder {submitted}" in capsys.readouterr().err


def test_an_exercise_comes_into_a_new_gradebook_and_its_release_stays_as_it_was_handed_out(tmp_path):
    needs("bwrap")
    config = class_at(tmp_path)
    handed_out = tmp_path / "release" / SLUG / f"{SLUG}.ipynb"
    handed_out.parent.mkdir(parents=True)
    handed_out.write_text("as it was", encoding="utf-8")
    hand_in(tmp_path, "ada")
    before = copy.deepcopy(config)
    assert points(run(config)[0]) == {"ada": 15.0}
    assert config == before
    assert handed_out.read_text(encoding="utf-8") == "as it was"
    assert [path.name for path in (tmp_path / "release").rglob("*.ipynb")] == [handed_out.name]


def test_an_unknown_exercise_and_a_missing_sandbox_stop_with_a_line(monkeypatch, capsys):
    assert commands.main(["autograde", "nosuch", "--no-sandbox"]) == 2
    assert "there is no exercise 'nosuch'; there are" in capsys.readouterr().err
    monkeypatch.setattr("grading.sandbox.shutil.which", lambda name: None)
    assert commands.main(["autograde", SLUG]) == 2
    assert "make system" in capsys.readouterr().err
