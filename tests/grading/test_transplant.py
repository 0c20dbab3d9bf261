"""Whatever a student does to the cells of a notebook changes nothing but the answers."""

import copy
import time

import pytest
from marking import SLUG, filled, submission

from grading import exercise, intake, record, release
from grading.answers import solution
from grading.transplant import WRITTEN_BY_STUDENT, rebuild, transplant

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells


@pytest.fixture
def right():
    return filled(ANSWERS)


def cells(notebook):
    return {exercise.grade_id(cell): cell for cell in notebook["cells"] if exercise.grade_id(cell)}


def index(notebook, grade_id):
    return [exercise.grade_id(cell) for cell in notebook["cells"]].index(grade_id)


def rebuilt(notebook, folder):
    made, notes = transplant(exercise.load(SLUG), submission(notebook, folder))
    return made, [*notes.lines, *notes.costs]


def sources(notebook):
    return [(cell["cell_type"], cell["source"]) for cell in notebook["cells"]]


def test_an_honest_submission_is_the_solution_with_nothing_to_say(right, tmp_path):
    notebook, notes = rebuilt(right, tmp_path)
    assert notes == []
    assert {label: cells(notebook)[label]["source"] for label in ANSWERS} == ANSWERS
    assert len(notebook["cells"]) == len(exercise.load(SLUG).notebook["cells"])


def test_hidden_tests_are_put_back_and_the_answers_of_the_solution_are_not(tmp_path):
    notebook, _ = rebuilt(filled({}), tmp_path)
    assert "BEGIN HIDDEN TESTS" in cells(notebook)["test-gradient"]["source"]
    assert "NotImplementedError" in cells(notebook)["gradient"]["source"]


def drop_a_test(notebook):
    del notebook["cells"][index(notebook, "test-gradient")]


def drop_the_set_up(notebook):
    del notebook["cells"][index(notebook, "set-up")]


def pass_a_test(notebook):
    cells(notebook)["test-gradient"]["source"] = "pass"


def double_a_test(notebook):
    notebook["cells"].append(copy.deepcopy(cells(notebook)["test-gradient"]))


def raise_the_points(notebook):
    cells(notebook)["test-gradient"]["metadata"]["nbgrader"]["points"] = 1000


def unlock_and_change_the_set_up(notebook):
    cell = cells(notebook)["set-up"]
    cell["metadata"]["nbgrader"]["locked"] = False
    cell["source"] += "\nnp.allclose = lambda *a: True"


def make_a_test_a_text(notebook):
    cell = cells(notebook)["test-gradient"]
    cell["cell_type"] = "markdown"
    del cell["outputs"], cell["execution_count"]


def skip_the_tests(notebook):
    for cell in notebook["cells"]:
        cell["metadata"]["tags"] = ["skip-execution", "raises-exception"]


def make_a_test_an_answer(notebook):
    cells(notebook)["test-gradient"]["metadata"]["nbgrader"] |= {"solution": True, "grade": False}


def reverse(notebook):
    notebook["cells"].reverse()


def another_kernel(notebook):
    notebook["metadata"] = {"kernelspec": {"name": "bash", "display_name": "x", "language": "bash"}}


def claim_a_record(notebook):
    notebook["metadata"]["grading"] = {"problem": "", "notes": [], "digest": "x", "points": 99}


def add_outputs(notebook):
    cells(notebook)["test-gradient"]["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "99"}}]


@pytest.mark.parametrize(
    "change",
    [
        drop_a_test,
        drop_the_set_up,
        pass_a_test,
        double_a_test,
        raise_the_points,
        unlock_and_change_the_set_up,
        make_a_test_a_text,
        skip_the_tests,
        make_a_test_an_answer,
        reverse,
        another_kernel,
        claim_a_record,
        add_outputs,
    ],
)
def test_no_change_beside_the_answers_changes_the_notebook_that_is_marked(right, tmp_path, change):
    honest, _ = rebuilt(right, tmp_path)
    change(right)
    notebook, _ = rebuilt(right, tmp_path)
    assert notebook == honest


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (drop_a_test, "test-gradient was missing"),
        (pass_a_test, "test-gradient was changed"),
        (unlock_and_change_the_set_up, "set-up was changed"),
        (reverse, "another order"),
    ],
)
def test_what_was_unusual_is_said(right, tmp_path, change, note):
    change(right)
    _, notes = rebuilt(right, tmp_path)
    assert any(note in line for line in notes)


@pytest.mark.parametrize("above", ["", release.library(""), release.library("https://example.org/elsewhere/")])
@pytest.mark.parametrize("below", ["", release.hints(SLUG)])
def test_a_notebook_of_another_release_of_the_same_exercise_is_marked_with_nothing_to_say(
    right, tmp_path, above, below
):
    here = rebuilt(right, tmp_path)
    cell = cells(right)["set-up"]
    cell["source"] = above + release.bare(cell["source"]) + below
    assert rebuilt(right, tmp_path) == here
    assert here[1] == []


def test_the_set_up_of_another_site_that_has_lost_its_label_is_not_taken_for_a_cell_of_the_students_own(
    right, tmp_path
):
    here = rebuilt(right, tmp_path)
    cell = cells(right)["set-up"]
    cell["source"] = release.library("https://example.org/elsewhere/") + release.bare(cell["source"])
    del cell["metadata"]["nbgrader"]
    assert rebuilt(right, tmp_path) == here


@pytest.mark.parametrize("address", ["", "https://example.org/elsewhere/"])
def test_an_import_above_the_lines_that_find_rnnlib_is_kept(right, tmp_path, address):
    cell = cells(right)["set-up"]
    cell["source"] = "import math\n" + release.library(address) + release.bare(cell["source"])
    notebook, notes = rebuilt(right, tmp_path)
    assert "import math" in [source for _, source in sources(notebook)]
    assert notes == ["set-up was changed: the imports that were added were kept, else the original was run"]


def test_no_text_takes_long_to_be_searched_for_what_a_release_adds():
    first, *_ = release.library("").partition(" Where")
    third = first + "\n    raise ModuleNotFoundError("
    texts = [text * (intake.MAX_SOURCE // len(text)) for text in (first, third, first + "\n", "\n", " ")]
    texts += [release.hints(SLUG)[:60] * 3000, ("#" + release.library("")) * 300]
    started = time.process_time()
    for text in texts:
        release.bare(text)
    assert time.process_time() - started < 2


def test_of_an_answer_handed_in_twice_the_last_filled_one_counts(right, tmp_path):
    first = cells(right)["gradient"]
    second, blank = copy.deepcopy(first), copy.deepcopy(cells(filled({}))["gradient"])
    second["source"] = "gradient = None"
    right["cells"] += [second, blank]
    notebook, notes = rebuilt(right, tmp_path)
    assert cells(notebook)["gradient"]["source"] == "gradient = None"
    assert any("handed in 3 times" in line for line in notes)


def test_an_answer_turned_into_text_is_run_as_code(right, tmp_path):
    cells(right)["gradient"]["cell_type"] = "raw"
    notebook, notes = rebuilt(right, tmp_path)
    assert cells(notebook)["gradient"]["cell_type"] == "code"
    assert cells(notebook)["gradient"]["source"] == ANSWERS["gradient"]
    assert any("not a code cell" in line for line in notes)


@pytest.mark.parametrize("metadata", [{}, {"nbgrader": {"grade_id": "mine"}}, {"nbgrader": 3}])
def test_an_answer_that_lost_its_label_is_found_by_what_it_defines(right, tmp_path, metadata):
    cells(right)["gradient"]["metadata"] = metadata
    notebook, notes = rebuilt(right, tmp_path)
    assert cells(notebook)["gradient"]["source"] == ANSWERS["gradient"]
    assert any("had lost its label" in line for line in notes)


def test_a_missing_answer_is_the_blank(right, tmp_path):
    del right["cells"][index(right, "gradient")]
    notebook, notes = rebuilt(right, tmp_path)
    assert "NotImplementedError" in cells(notebook)["gradient"]["source"]
    assert any("counts as not done" in line for line in notes)


def test_extra_cells_stay_at_their_place_and_are_marked_as_the_students(right, tmp_path):
    place = index(right, "gradient")
    right["cells"].insert(place, {"cell_type": "code", "source": ["helper = ", "1"], "metadata": {}, "outputs": []})
    right["cells"].insert(0, {"cell_type": "markdown", "source": "my notes", "metadata": {}})
    notebook, notes = rebuilt(right, tmp_path)
    theirs = [cell for cell in notebook["cells"] if WRITTEN_BY_STUDENT in cell["metadata"]]
    assert [cell["source"] for cell in theirs] == ["my notes", "helper = 1"]
    order = [cell["source"] for cell in notebook["cells"]]
    assert order.index("helper = 1") < order.index(ANSWERS["gradient"])
    assert notes == []
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


def test_a_submission_with_a_problem_becomes_the_blank_notebook_that_says_why():
    notebook = rebuild(exercise.load(SLUG), intake.Submission((), (), "two-step.ipynb is missing; found: `x`", ""))
    assert notebook["cells"][0]["source"] == "**Not marked**\n\n- `two-step.ipynb is missing; found: 'x'`"
    assert record.of(notebook).problem
