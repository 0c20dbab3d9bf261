"""The workflow for GitHub Classroom fetches the grader, marks, and gives every test's points to GitHub's reporter."""

import base64
import json
import os
import subprocess
import sys

import pytest
import yaml
from attacks import FULL, KNOWN, RIGHT
from conftest import needs
from marking import SLUG, filled

from grading import commands
from grading import exercise as exercises
from grading.answers import known_answers
from grading.course import slugs
from grading.platforms import github_classroom

pytestmark = pytest.mark.pool


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    github_classroom.write(folder, exercises.load(SLUG), "school/grader")
    return folder


@pytest.fixture(scope="module")
def job(made):
    read = yaml.safe_load((made / "classroom.yml").read_text(encoding="utf-8"))
    return read["jobs"]["run-autograding-tests"]


def step(job, name):
    (found,) = [each for each in job["steps"] if each.get("name") == name]
    return found


def mark(made, folder, text):
    """Run what the workflow runs; return its exit status, the results by runner, and the summary."""
    needs("bwrap")
    repository = folder / "repository"
    repository.mkdir()
    (repository / f"{SLUG}.ipynb").write_text(text, encoding="utf-8")
    variables = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    variables |= {"GRADER_PYTHON": sys.executable, "PYTHONPATH": ""}
    done = subprocess.run(
        ["bash", made / "grader" / "mark", repository],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=200,
    )
    lines = (folder / "GITHUB_OUTPUT").read_text().splitlines() if (folder / "GITHUB_OUTPUT").exists() else []
    outputs = dict(line.split("=", 1) for line in lines)
    marked = outputs.pop("marked", "no")
    results = {name: json.loads(base64.b64decode(text)) for name, text in outputs.items()}
    summary = (folder / "GITHUB_STEP_SUMMARY").read_text() if marked == "yes" else ""
    return done.returncode, results, summary


def test_the_command_writes_both_and_says_what_the_secret_does_not_hide(tmp_path, capsys):
    assert commands.main(["github-classroom", SLUG, "--grader", "school/grader", "--output", str(tmp_path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Who may change the workflow may read what the secret opens" in said
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert {"classroom.yml", "grader/setup.sh", "grader/mark"} < set(names)
    assert not [name for name in names for slug in slugs() if slug != SLUG and f"/{slug}/" in name]


def test_a_name_that_is_no_repository_is_refused(capsys):
    assert commands.main(["github-classroom", SLUG, "--grader", "grader; rm -rf /"]) == 2
    assert "is no repository" in capsys.readouterr().err


def test_the_grader_comes_by_the_secret_and_is_closed_before_it_marks(job):
    fetch = step(job, "Fetch the grader")["with"]
    assert fetch["repository"] == "school/grader"
    assert fetch["ssh-key"] == "${{ secrets.GRADER_KEY }}"
    assert fetch["persist-credentials"] is False
    names = [each.get("name") for each in job["steps"]]
    assert names.index("Install the grader") < names.index("Mark")
    assert "setup.sh" in step(job, "Install the grader")["run"]


def test_without_the_secret_the_workflow_says_that_nothing_is_hidden(job):
    said = step(job, "Say that nothing is hidden")
    assert job["env"]["HIDDEN"] == "${{ secrets.GRADER_KEY != '' }}"
    assert said["if"] == "env.HIDDEN != 'true'"
    assert "Nothing is hidden" in said["run"]


@pytest.mark.parametrize("slug", slugs())
def test_the_reporter_is_given_the_result_of_every_test(slug):
    task = exercises.load(slug)
    read = yaml.safe_load(github_classroom.workflow(task, "school/grader"))
    report = step(read["jobs"]["run-autograding-tests"], "Report")
    tests = [exercises.grade_id(cell) for cell in task.notebook["cells"] if exercises.is_test(cell)]
    assert report["with"]["runners"].split(",") == tests
    assert report["env"] == {f"{name.upper()}_RESULTS": f"${{{{ steps.marks.outputs.{name} }}}}" for name in tests}


def test_a_right_answer_passes_with_all_points(made, job, tmp_path):
    status, results, summary = mark(made, tmp_path, json.dumps(filled(RIGHT)))
    assert status == 0
    assert list(results) == step(job, "Report")["with"]["runners"].split(",")
    assert sum(test["score"] for result in results.values() for test in result["tests"]) == FULL
    assert sum(result["max_score"] for result in results.values()) == FULL
    assert {result["status"] for result in results.values()} == {"pass"}
    assert f"{FULL} of {FULL} points" in summary


def test_a_known_mistake_fails_its_tests_and_is_named(made, tmp_path):
    (answer,) = [answer for answer in known_answers(SLUG) if answer.name == "message-without-w"]
    status, results, summary = mark(made, tmp_path, json.dumps(filled(KNOWN[answer.name])))
    assert status == 1
    assert {name for name, result in results.items() if result["status"] == "fail"} == set(answer.lost)
    points = sum(result["max_score"] for name, result in results.items() if name not in answer.lost)
    assert f"{points:g} of {FULL} points" in summary
    messages = [result["tests"][0]["message"] for result in results.values()]
    assert any(f"{answer.mistake}.\n{answer.hint}" in message for message in messages)


def test_what_a_students_code_says_adds_no_line_to_the_outputs(made, tmp_path):
    shout = "def output_gradient(o, y): raise RuntimeError('\\ntest-gradient=forged')"
    status, results, summary = mark(made, tmp_path, json.dumps(filled(RIGHT | {"output-gradient": shout})))
    assert status == 1
    assert "forged" in results["check-output-gradient"]["tests"][0]["message"]
    assert results["test-gradient"]["tests"][0]["score"] > 0
    assert "forged" not in summary


def test_a_repository_without_the_notebook_has_no_points_and_the_reason(made, tmp_path):
    status, results, summary = mark(made, tmp_path, "no notebook")
    assert status == 1
    assert {result["tests"][0]["score"] for result in results.values()} == {0}
    assert "Nothing was marked" in summary
