"""One slip costs its own part: later parts that are right, given right ones above, keep their points."""

import nbformat
import numpy as np
import pytest
from conftest import needs
from marking import FAST, SLUG, filled, lost, mark, record, said, submission
from nbgrader import utils

from grading import answers, checks, exercise, follow_through, limits, transplant
from grading.answers import known_answers, solution
from grading.bench import Bench, OwnBench
from grading.course import slugs
from grading.execute import execute
from grading.remote import Remote, StudentError

pytestmark = pytest.mark.pool

RIGHT = solution(SLUG).cells
KNOWN = {answer.name: answer for answer in known_answers(SLUG)}
WRONG = KNOWN["elementwise-softmax-slope"].cells["output-gradient"]
OWN = {"check-output-gradient", "test-output-gradient"}
BY_STEP = {"check-gradient-by-step", "test-gradient-by-step-tanh", "test-gradient-by-step-sigmoid"}
GRADIENT = {"check-gradient", "test-gradient"}
BLANK = "def output_gradient(o, y):\n    raise NotImplementedError"


def marked(cells, tmp_path, settings=FAST, bench=OwnBench):
    return mark(filled(RIGHT | cells), tmp_path, settings, bench=bench)


def follows(labels, function):
    return {label: [function] for label in labels}


def points(notebook):
    cells = [nbformat.from_dict(cell) for cell in notebook["cells"] if exercise.is_test(cell)]
    return sum(utils.determine_grade(cell)[0] for cell in cells)


@pytest.fixture
def bench():
    """A bench with the solution and a wrong output_gradient on it."""
    bench = OwnBench(exercise.load(SLUG), FAST)
    bench.run("import numpy as np\n" + WRONG)
    return bench


def lend(bench, namespace):
    """The functions lent below a wrong first part, and the block in which they are."""
    run = checks.Run(bench.task, seed=1, failed={"test-output-gradient"})
    functions = follow_through.to_lend(bench.task, run, "check-clean-formulas")
    return functions, follow_through.lent(functions, bench, namespace, run)


@pytest.mark.parametrize("bench", [Bench, OwnBench])
def test_a_wrong_output_gradient_costs_3_of_15_points_and_no_more(tmp_path, bench):
    needs("bwrap")
    notebook = marked({"output-gradient": WRONG}, tmp_path, bench=bench)
    assert lost(notebook) == OWN
    assert points(notebook) == 12
    assert record(notebook).follows == follows(BY_STEP | GRADIENT, "output_gradient")
    assert record(notebook).mistakes == {"test-output-gradient": "elementwise-softmax-slope"}
    for label in BY_STEP | GRADIENT:
        assert said(notebook, label).startswith("Right, given a right output_gradient.")


def test_a_part_that_was_left_blank_gets_nothing_and_later_ones_keep_theirs(tmp_path):
    notebook = marked({"output-gradient": BLANK}, tmp_path)
    assert lost(notebook) == OWN
    assert "not done yet" in said(notebook, "test-output-gradient")
    assert record(notebook).follows == follows(BY_STEP | GRADIENT, "output_gradient")


def test_a_part_whose_cell_stops_above_its_function_is_lent_too(tmp_path):
    notebook = marked({"output-gradient": f"1 / 0\n{WRONG}"}, tmp_path)
    assert lost(notebook) == OWN
    assert record(notebook).follows == follows(BY_STEP | GRADIENT, "output_gradient")


def test_blanks_below_a_blank_give_nothing(tmp_path):
    blank = "def gradient_by_step(*args):\n    raise NotImplementedError"
    notebook = marked({"output-gradient": BLANK, "gradient-by-step": blank}, tmp_path)
    assert lost(notebook) == OWN | BY_STEP
    assert record(notebook).follows == follows(GRADIENT, "gradient_by_step")
    assert said(notebook, "test-gradient-by-step-tanh") == "not done yet"


def test_a_later_part_with_a_mistake_of_its_own_loses_its_points_and_is_named_by_that(tmp_path):
    cells = KNOWN["message-dropped"].cells | {"output-gradient": WRONG}
    notebook = marked(cells, tmp_path)
    assert lost(notebook) == OWN | BY_STEP
    assert record(notebook).follows == follows(GRADIENT, "gradient_by_step")
    hidden = dict.fromkeys(BY_STEP - {"check-gradient-by-step"}, "message-dropped")
    assert record(notebook).mistakes == {"test-output-gradient": "elementwise-softmax-slope"} | hidden
    for label in BY_STEP:
        line = "This was tried with a right output_gradient in the place of yours."
        assert line in said(notebook, label).splitlines()


def test_a_part_that_calls_none_above_it_is_told_nothing_of_them(tmp_path):
    source = "def gradient(*args):\n    return Params(0.0, 0.0, np.zeros(2), 0.0)"
    notebook = marked({"output-gradient": WRONG, "gradient": source}, tmp_path)
    assert lost(notebook) == OWN | GRADIENT
    assert "output_gradient" not in said(notebook, "test-gradient")


def test_where_no_part_calls_another_nothing_changes(tmp_path):
    step = next(answer for answer in known_answers("cell") if not answer.right)
    notebook = mark(filled(step.cells, "cell"), tmp_path, slug="cell", bench=OwnBench)
    assert lost(notebook) == set(step.loses)
    assert record(notebook).follows == {}


def test_an_exercise_may_count_every_failed_test(tmp_path):
    task = exercise.load(SLUG)._replace(follow_through=False)
    rebuilt = transplant.rebuild(task, submission(filled(RIGHT | {"output-gradient": WRONG}), tmp_path))
    notebook = execute(rebuilt, task, FAST, OwnBench)
    assert lost(notebook) == OWN | BY_STEP | GRADIENT
    assert record(notebook).follows == {}
    assert record(notebook).mistakes == {"test-output-gradient": "elementwise-softmax-slope"}
    for label in BY_STEP | GRADIENT:
        assert said(notebook, label).endswith(
            "With a right output_gradient in the place of yours, this is right: mend that first."
        )


def test_a_part_that_hangs_is_lent_too(tmp_path):
    needs("bwrap")
    settings = FAST._replace(call_seconds=1.0, hang_seconds=0.3)
    hangs = "def output_gradient(o, y):\n    while True: pass"
    notebook = marked({"output-gradient": hangs}, tmp_path, settings, bench=Bench)
    assert lost(notebook) == OWN
    assert record(notebook).follows == follows(BY_STEP | GRADIENT, "output_gradient")


def test_what_is_withheld_stays_withheld_in_the_trial(tmp_path):
    source = "from rnnlib import scalar\n" + RIGHT["gradient-by-step"].replace(
        "dE_dq = output_gradient(f.o, y)", "output_gradient(f.o, y)\n    dE_dq = scalar.output_gradient(f.o, y)"
    )
    notebook = marked({"output-gradient": WRONG, "gradient-by-step": source}, tmp_path, bench=Bench)
    assert lost(notebook) >= OWN | BY_STEP
    assert "is withheld here" in said(notebook, "test-gradient-by-step-tanh")


def test_the_text_of_what_is_lent_is_not_in_the_students_hands(tmp_path):
    needs("bwrap")
    source = """
import inspect
def gradient_by_step(params, x, s_init, y, func="tanh"):
    output_gradient(y, y)
    try:
        text = inspect.getsource(output_gradient)
    except TypeError as error:
        text = str(error)
    raise ValueError(text + repr(vars(output_gradient)) + repr(dir(output_gradient)))
"""
    notebook = marked({"output-gradient": BLANK, "gradient-by-step": source}, tmp_path, bench=Bench)
    text = said(notebook, "test-gradient-by-step-tanh")
    assert "got Callback" in text
    assert "np.sum(y)" not in text
    assert "__code__" not in text


def test_what_a_trial_prints_is_not_shown(tmp_path):
    source = RIGHT["gradient-by-step"].replace("    dE_dz_1 =", "    print('seen', dE_dq)\n    dE_dz_1 =")
    notebook = marked({"output-gradient": BLANK, "gradient-by-step": source}, tmp_path)
    assert lost(notebook) == OWN
    assert "seen" not in said(notebook, "test-gradient-by-step-tanh")


def test_after_the_trial_the_students_own_is_back_and_what_was_kept_is_of_no_use(bench):
    mine, before = Remote(bench.alive, "output_gradient"), [np.array([0.25]), np.array([1.0])]
    namespace = {"output_gradient": mine}
    own = mine(*before)
    functions, block = lend(bench, namespace)
    with block:
        bench.run("kept = output_gradient\nassert kept(np.array([0.25]), np.array([1.0]))[0] == -0.75")
        assert namespace["output_gradient"] is functions["output_gradient"]
    assert namespace == {"output_gradient": mine}
    assert mine(*before) == own
    with pytest.raises(StudentError, match="RuntimeError"):
        bench.run("kept(np.ones(2), np.ones(2))")


def test_a_name_that_the_student_did_not_define_is_gone_after_the_trial():
    bench, namespace = OwnBench(exercise.load(SLUG), FAST), {}
    _, block = lend(bench, namespace)
    with block:
        bench.run("output_gradient")
    assert namespace == {}
    with pytest.raises(StudentError, match="output_gradient"):
        bench.run("output_gradient")


def test_a_call_from_the_sandbox_cannot_take_the_graders_memory(bench):
    _, block = lend(bench, {})
    greedy = follow_through.Lent(bytearray)
    with block:
        with pytest.raises(MemoryError):
            greedy(2 * follow_through.MEMORY)
        assert len(greedy(1000)) == 1000
    assert len(bytearray(2 * follow_through.MEMORY)) == 2 * follow_through.MEMORY  # the limit is gone again


def test_a_lower_limit_of_the_system_stays():
    with limits.memory_limit(2**30), limits.memory_limit(2**40), pytest.raises(MemoryError):
        bytearray(2**31)


@pytest.mark.parametrize("slug", slugs())
def test_a_test_is_about_the_part_above_it(slug):
    task = exercise.load(slug)
    part_of = exercise.parts(task.notebook)
    sources = {exercise.grade_id(cell): cell["source"] for cell in task.notebook["cells"] if exercise.is_test(cell)}
    assert sources.keys() == part_of.keys()
    for label, part in part_of.items():
        assert any(name in sources[label] for name in task.names[part]), label


def test_a_part_that_only_follows_is_not_lent():
    task, run = exercise.load(SLUG), checks.Run(exercise.load(SLUG), seed=1)
    run.failed, run.follows = set(OWN), follows(BY_STEP, "output_gradient")
    assert list(follow_through.to_lend(task, run, "test-gradient")) == ["output_gradient"]
    assert follow_through.to_lend(task, run, "check-output-gradient") == {}
    run.failed = {"test-gradient"}  # a part further down is nothing that an earlier one may need
    assert follow_through.to_lend(task, run, "test-gradient-by-step-tanh") == {}


def test_what_an_answer_fails_because_of_others_follows_from_its_text():
    wrong = KNOWN["elementwise-softmax-slope"]
    assert set(wrong.follows) == BY_STEP | GRADIENT
    assert set(wrong.lost) == OWN
    part_of, base = exercise.parts(exercise.load(SLUG).notebook), solution(SLUG)
    unnoticed = wrong._replace(loses=tuple(GRADIENT))  # had no test of its own part seen it
    assert answers._follows(unnoticed, base, part_of) == ()
