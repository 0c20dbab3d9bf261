"""`python -m grading mine` marks one notebook as the autograder of a class does, and writes its page."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from conftest import needs
from marking import FAST, SLUG, filled, hand_in, release, submission

from grading import commands, feedback, grade, mine, sandbox
from grading import exercise as exercises
from grading.answers import known_answers, solution
from grading.bench import OwnBench
from grading.course import COURSE, slugs
from grading.remote import SandboxError

pytestmark = pytest.mark.pool

WRONG = next(answer for answer in known_answers(SLUG) if answer.name == "message-without-w")
IN_A_SANDBOX, AS_IN_A_BROWSER = {}, {"bench": OwnBench}
WHOLE = (SLUG, "linear-scan")
# All known answers of two exercises, and of others some. The class has marked each in a sandbox; to start another for
# `mine` takes longer than to mark, so that it has one for some. All of all are in tests/book/test_three_doors.py.
KNOWN = [
    pytest.param(slug, answer, [AS_IN_A_BROWSER, IN_A_SANDBOX][: 1 if number % 10 else 2], id=f"{slug}-{answer.name}")
    for slug in (*WHOLE, "t-steps", "graph-sweep")
    for number, answer in enumerate(known_answers(slug))
    if slug in WHOLE or number % 10 == 0
]


def write(folder, notebook, name=f"{SLUG}.ipynb"):
    path = folder / name
    path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    return path


def told(part):
    """What is told of a part, but for what its functions print: a process prints a warning of numpy once."""
    return replace(part, checks=[replace(check, printed="") for check in part.checks])


def refusal(arguments, capsys):
    """What the command says that marks nothing."""
    assert mine.main(list(map(str, arguments))) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    return said.err


def test_a_notebook_is_marked_and_its_page_is_written_beside_it(tmp_path, capsys):
    needs("bwrap")
    path = write(tmp_path, filled(WRONG.cells), "my work.ipynb")
    assert mine.main([str(path), "--seed", "7"]) == 0
    said = capsys.readouterr().out
    assert "  3. The part of each step    0 of 5  wrong\n" in said
    assert "  all                       10 of 15\n" in said
    assert f"This is what you get when {WRONG.mistake}. It cost 5 points.\n{WRONG.hint}\n" in said
    assert "outside a sandbox" not in said
    page = (tmp_path / "my work-feedback.html").read_text(encoding="utf-8")
    assert "A mark for yourself." in page
    assert "The numbers were drawn with the seed 7." in page
    assert set(tmp_path.iterdir()) == {path, tmp_path / "my work-feedback.html"}


@pytest.mark.parametrize("name", ["elsewhere", "elsewhere/my-page.html"])
def test_the_page_goes_where_it_is_wanted(tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    path = write(tmp_path, filled(solution(SLUG).cells))
    assert mine.main([str(path), "--output", str(tmp_path / name)]) == 0
    (page,) = (tmp_path / "elsewhere").iterdir()
    assert page.name == ("my-page.html" if name.endswith(".html") else f"{SLUG}-feedback.html")
    assert "All of it is right." in page.read_text(encoding="utf-8")


def test_where_there_is_no_sandbox_the_code_runs_in_a_plain_process_and_that_is_said(tmp_path, capsys, monkeypatch):
    def missing():
        raise SandboxError("bubblewrap is missing")

    monkeypatch.setattr(sandbox, "ensure_available", missing)
    assert mine.main([str(write(tmp_path, filled(WRONG.cells)))]) == 0
    said = capsys.readouterr().out
    assert "10 of 15" in said
    assert "Your code ran outside a sandbox, with your own rights" in said
    assert "outside a sandbox" in (tmp_path / f"{SLUG}-feedback.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(("slug", "answer", "benches"), KNOWN)
def test_a_known_answer_gets_the_marks_and_the_names_that_a_class_gives_it(slug, answer, benches, tmp_path):
    needs("bwrap")
    notebook = filled(answer.cells, slug)
    folder = hand_in(tmp_path, "ada", json.dumps(notebook), slug)
    of_class = feedback.results(grade.mark(grade.Job(slug, "ada", str(folder), FAST)).notebook, exercises.load(slug))
    for bench in benches:
        alone = mine.mark(slug, submission(notebook, tmp_path), FAST, **bench)
        assert (alone.points, alone.mistakes) == (of_class.points, of_class.mistakes)
        assert list(map(told, alone.parts)) == list(map(told, of_class.parts))


@pytest.mark.parametrize("slug", slugs())
def test_the_exercise_is_told_by_the_cells_even_where_their_labels_are_lost(slug, tmp_path):
    notebook = release(slug)
    assert mine.exercise_of(submission(notebook, tmp_path).cells) == slug
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    assert mine.exercise_of(submission(notebook, tmp_path).cells) == slug


def test_what_is_no_notebook_of_an_exercise_is_refused_in_a_sentence_that_says_what_to_do(tmp_path, capsys):
    said = refusal([tmp_path / "none.ipynb"], capsys)
    assert said.endswith("none.ipynb: give the notebook that you filled in, such as Downloads/two-step.ipynb\n")
    said = refusal([write(tmp_path, "{", "half.ipynb")], capsys)
    assert said.startswith("error: half.ipynb is not a notebook: ")
    assert said.endswith("; give the .ipynb file that Jupyter has saved\n")
    assert refusal([tmp_path], capsys).startswith(f"error: there is no file {tmp_path}: give the notebook")
    said = refusal([write(tmp_path, {"cells": []}, "empty.ipynb")], capsys)
    assert said == (
        "error: empty.ipynb holds no exercise of this course: give a notebook in which you filled in one of them, such "
        "as two-step.ipynb\n"
    )
    both = release("two-step")
    both["cells"] += release("t-steps")["cells"]
    said = refusal([write(tmp_path, both, "both.ipynb")], capsys)
    assert "both.ipynb holds cells of " in said
    assert "two-step" in said
    assert "t-steps" in said
    assert said.endswith(": keep one exercise in a file, and mark each by itself\n")


def test_a_page_goes_into_no_other_kind_of_file(tmp_path, capsys):
    path = write(tmp_path, release())
    before = path.read_text(encoding="utf-8")
    for place in (path, tmp_path / "nowhere" / "page.html"):
        said = refusal([path, "--output", place], capsys)
        assert said.endswith(": give a folder that there is, or a name that ends in .html\n")
    assert path.read_text(encoding="utf-8") == before


def test_the_command_needs_no_gradebook_and_is_listed_with_the_others(capsys):
    program = "import sys; sys.argv = ['grading', 'mine', '--help']; import runpy; runpy.run_module('grading')"
    program = (
        f"try: exec({program!r}, {{'__name__': '__main__'}})\nexcept SystemExit: pass\nimport sys; print(*sys.modules)"
    )
    run = [sys.executable, "-c", program.replace("run_module('grading')", "run_module('grading', run_name='__main__')")]
    said = subprocess.run(run, cwd=COURSE, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "FILE.ipynb" in said
    assert not {"nbgrader", "sqlalchemy", "rich", "nbformat"} & set(said.split())
    with pytest.raises(SystemExit):
        commands.main(["--help"])
    assert "mark a notebook of your own" in capsys.readouterr().out
