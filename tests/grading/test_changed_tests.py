"""Tests that change after marking: the source is built, the gradebook follows, everybody is marked, nothing is lost."""

import json
import shutil

import pytest
from conftest import needs
from marking import SLUG, copy_of_the_course, filled, hand_in
from nbgrader.api import Gradebook
from terminal import terminal

from grading.answers import known_answers, solution
from grading.course import COURSE

pytestmark = pytest.mark.pool

MARK = f"python -m grading autograde {SLUG} --workers 1"
BUILD = f"python -m grading.notebooks {SLUG}"
WRONG = next(answer for answer in known_answers(SLUG) if answer.name == "last-step-only")  # which fails test-gradient
NEW = """\
```{code-cell} ipython3
:nbgrader: {grade: true, grade_id: test-new, locked: true, points: 2, schema_version: 3, solution: false, task: false}

assert callable(gradient)
```

"""
OTHERS = [  # nbgrader's own commands, which find out before they delete anything
    f"nbgrader generate_assignment {SLUG} --force",
    f"nbgrader autograde {SLUG} --force --student=ada",
]


@pytest.fixture
def run(tmp_path, tmp_path_factory):
    """Types a command in the copy of the course."""
    needs("bwrap")
    copy_of_the_course(tmp_path)
    with terminal(tmp_path, tmp_path_factory.mktemp("outputs")) as shell:
        yield shell.type


@pytest.fixture
def course(tmp_path, run):
    """A copy of the course in which two students are marked, ada's gradient by hand, and a comment is given."""
    shutil.copytree(COURSE / "exercises" / SLUG, tmp_path / "exercises" / SLUG)
    hand_in(tmp_path, "ada", json.dumps(filled(WRONG.cells)))
    hand_in(tmp_path, "blaise", json.dumps(filled(solution(SLUG).cells)))
    done = run(MARK)
    assert done.status == 0, done.stderr
    with gradebook(tmp_path) as book:
        grade = book.find_grade("test-gradient", SLUG, SLUG, "ada")
        grade.manual_score, grade.extra_credit = 2.0, 0.5
        book.find_comment("gradient", SLUG, SLUG, "ada").manual_comment = "Nearly."
        book.db.commit()
    return tmp_path


def gradebook(course):
    return Gradebook(f"sqlite:///{course}/gradebook.db", "bptt")


def scores(course):
    with gradebook(course) as book:
        return {row.student_id: (row.score, row.max_score) for row in book.assignment_submissions(SLUG)}


def with_one_test_more_and_one_renamed(course):
    path = course / "solutions" / SLUG / f"{SLUG}.md"
    text = path.read_text(encoding="utf-8")
    before, label, after = text.partition("grade_id: test-gradient,")
    above, cell = before[: before.rindex("```{code-cell}")], before[before.rindex("```{code-cell}") :]
    path.write_text(f"{above}{NEW}{cell}{label.replace('test-gradient', 'test-whole')}{after}", encoding="utf-8")
    answers = path.with_name("answers.toml")  # which names the tests that a mistake loses
    renamed = answers.read_text(encoding="utf-8").replace('"test-gradient"', '"test-whole"')
    answers.write_text(renamed, encoding="utf-8")


def files(course):
    """The bytes of all that belongs to the class and to its exercise."""
    houses = [course / house for house in ("exercises", "autograded", "submitted", "solutions", "feedback", "_build")]
    paths = [path for house in houses for path in house.rglob("*") if path.is_file() and path.suffix != ".lock"]
    paths = [path for path in paths if path.name != "grading.log"]
    return {path: path.read_bytes() for path in [*paths, course / "gradebook.db"]}


def test_a_changed_exercise_is_built_followed_and_marked_again_and_no_command_leads_nowhere(course, run):
    assert scores(course) == {"ada": (13.5, 15), "blaise": (15, 15)}
    with_one_test_more_and_one_renamed(course)

    before = files(course)
    for command in (MARK, *OTHERS):
        refused = run(command)
        assert refused.status != 0
        assert f"run `python -m grading.notebooks {SLUG}`" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert files(course) == before
    assert run(BUILD).status == 0

    before = files(course)
    refused = run(MARK)
    assert refused.status == 2
    assert "  test-gradient: renamed to test-whole; what was given by hand stays: ada (2, +0.5 extra)" in refused.stdout
    assert "  test-new: added, 2 points" in refused.stdout
    assert f"type `python -m grading autograde {SLUG} --yes`" in refused.stderr
    for command in OTHERS:
        refused = run(command)
        assert refused.status != 0
        assert f"`python -m grading autograde {SLUG}`" in refused.stderr
    assert files(course) == before

    done = run(f"{MARK} --student blaise --yes")
    assert done.status == 1  # the mark given by hand waits for review
    assert "2 submissions: 2 marked, 0 kept" in done.stdout
    (copied,) = (course / "backups").iterdir()
    assert str(copied) in done.stdout
    assert scores(course) == {"ada": (15.5, 17), "blaise": (17, 17)}
    with gradebook(course) as book:
        assert book.find_comment("gradient", SLUG, SLUG, "ada").comment == "Nearly."
    with Gradebook(f"sqlite:///{copied}", "bptt") as book:
        assert book.find_submission(SLUG, "ada").score == 13.5
    assert "0 marked, 2 kept" in run(MARK).stdout
    assert run(f"nbgrader generate_assignment {SLUG} --force").status == 0
    assert run(f"nbgrader autograde {SLUG} --force").status == 0
    assert "0 marked, 2 kept" in run(MARK).stdout
    assert scores(course) == {"ada": (15.5, 17), "blaise": (17, 17)}
    assert run(f"nbgrader generate_feedback {SLUG}").status == 0
    assert "of 17 points" in (course / "feedback" / "blaise" / SLUG / f"{SLUG}.html").read_text(encoding="utf-8")


def test_a_release_in_which_somebody_has_worked_is_not_marked_with_and_not_overwritten(course, run):
    path = course / "exercises" / SLUG / f"{SLUG}.ipynb"
    path.write_text(json.dumps(filled(solution(SLUG).cells)), encoding="utf-8")
    before = files(course)
    refused = run(MARK)
    assert refused.status == 2
    assert "if somebody has worked in it, keep that under another name first" in refused.stderr
    assert files(course) == before


def test_a_release_that_nbgrader_cannot_make_leaves_the_old_one(course, run):
    path = course / "solutions" / SLUG / f"{SLUG}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "gradient":
            cell["source"] = [line.replace("### END SOLUTION", "") for line in cell["source"]]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    (course / "solutions" / SLUG / f"{SLUG}.md").unlink()
    before = files(course)
    refused = run(f"nbgrader generate_assignment {SLUG} --force")
    assert refused.status != 0
    assert f"The release of {SLUG} is as it was." in refused.stderr
    after = files(course)
    assert {name: text for name, text in after.items() if name.suffix != ".db"} == {
        name: text for name, text in before.items() if name.suffix != ".db"
    }


def test_the_doors_of_the_grader_may_be_mixed(course, run):
    assert run(f"nbgrader autograde {SLUG} --force --student=blaise").status == 0
    assert "0 marked, 2 kept" in run(MARK).stdout
    notebook = course / "autograded" / "blaise" / SLUG / f"{SLUG}.ipynb"
    stopped = json.loads(notebook.read_text(encoding="utf-8"))
    stopped["metadata"]["grading"]["seed"] = None  # nbgrader was stopped when it had rebuilt the notebook
    notebook.chmod(0o644)
    notebook.write_text(json.dumps(stopped), encoding="utf-8")
    assert "1 marked, 1 kept" in run(MARK).stdout
    del stopped["metadata"]["grading"]["problem"]  # the record of another version
    notebook.write_text(json.dumps(stopped), encoding="utf-8")
    assert "1 marked, 1 kept" in run(MARK).stdout
    shutil.rmtree(notebook.parent)
    assert "1 marked, 1 kept" in run(MARK).stdout
    assert scores(course) == {"ada": (13.5, 15), "blaise": (15, 15)}
