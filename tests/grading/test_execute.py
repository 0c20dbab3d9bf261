"""Answers run in the sandbox, tests in the grader; a crash or a hang costs its own part alone."""

import re
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import needs
from marking import FAST, SLUG, filled, lost, mark, record, said

from grading import exercise, limits
from grading.answers import solution
from grading.course import COURSE

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells
EVERY_TEST = {
    "check-output-gradient",
    "test-output-gradient",
    "check-clean-formulas",
    "test-clean-u",
    "test-clean-w",
    "check-gradient-by-step",
    "test-gradient-by-step-tanh",
    "test-gradient-by-step-sigmoid",
    "check-gradient",
    "test-gradient",
}
PATIENT = FAST._replace(call_seconds=60.0, submission_seconds=200.0)  # IPython and matplotlib load slowly
OF_GRADIENT = {"check-gradient", "test-gradient"}


@pytest.fixture(autouse=True)
def _bwrap():
    needs("bwrap")


def with_gradient(source):
    return filled(ANSWERS | {"gradient": source})


def test_the_solution_loses_nothing(tmp_path):
    notebook = mark(filled(ANSWERS), tmp_path)
    assert lost(notebook) == set()
    assert said(notebook, "check-gradient") == "gradient: right\n"
    assert record(notebook).sandbox == "bubblewrap"
    assert record(notebook).seed == FAST.seed
    assert record(notebook).human == ()


def test_untouched_blanks_lose_everything_and_are_not_done_yet(tmp_path):
    notebook = mark(filled({}), tmp_path)
    assert lost(notebook) == EVERY_TEST
    assert said(notebook, "check-gradient") == "gradient: not done yet"
    assert said(notebook, "test-gradient") == "not done yet"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import os; os._exit(1)",
        "import os; os.kill(os.getpid(), 11)",
        "'y' * 10**12",
        "1 / 0",
        "(",
    ],
)
def test_an_answer_that_hangs_dies_or_raises_costs_its_own_points(tmp_path, body):
    start = time.monotonic()
    notebook = mark(with_gradient(f"def gradient(*args):\n    {body}"), tmp_path)
    assert lost(notebook) == OF_GRADIENT
    assert time.monotonic() - start < FAST.call_seconds + 12


def test_a_cell_that_hangs_while_it_runs_costs_its_own_points(tmp_path):
    notebook = mark(filled(ANSWERS | {"clean-formulas": "while True: pass"}), tmp_path)
    assert lost(notebook) == {"check-clean-formulas", "test-clean-u", "test-clean-w"}
    assert "no answer within" in said(notebook, "clean-formulas")


def test_a_hang_costs_one_budget_however_many_tests_call_it(tmp_path):
    source = "import numpy as np\ndef gradient_by_step(*args):\n    while True: pass"
    settings = FAST._replace(call_seconds=4.0, hang_seconds=0.2)
    start = time.monotonic()
    notebook = mark(filled(ANSWERS | {"gradient-by-step": source}), tmp_path, settings)
    assert time.monotonic() - start < 4.0 + 12
    assert "no answer within 4 seconds" in said(notebook, "check-gradient-by-step")
    assert "no answer within 0.2 seconds" in said(notebook, "test-gradient-by-step-sigmoid")


def test_a_submission_has_a_budget_of_its_own(tmp_path):
    slow = "import time\ndef output_gradient(o, y):\n    time.sleep(0.4)\n    return o * y.sum() - y"
    settings = FAST._replace(submission_seconds=2.0)
    start = time.monotonic()
    notebook = mark(filled(ANSWERS | {"output-gradient": slow}), tmp_path, settings)
    assert time.monotonic() - start < 12
    assert "test-gradient" in lost(notebook)


def test_a_warning_costs_nothing(tmp_path):
    noisy = "import sys, warnings\nprint('hello', file=sys.stderr)\nwarnings.warn('careful')\n" + ANSWERS["gradient"]
    noisy = noisy.replace("    parts =", "    warnings.warn('again')\n    print('x')\n    parts =")
    notebook = mark(with_gradient(noisy), tmp_path)
    assert lost(notebook) == set()
    assert "careful" in said(notebook, "gradient")
    assert "again" in said(notebook, "check-gradient")


@pytest.mark.parametrize(
    "attack",
    [
        "import numpy; numpy.allclose = numpy.array_equal = lambda *a, **k: True",
        "import numpy; numpy.max = lambda *a, **k: 0.0",
        "import rnnlib.gradcheck as g; g.compare = g.check_gradient = g.relative_error = lambda *a, **k: 0.0",
        "import builtins; builtins.AssertionError = type('Quiet', (Exception,), {})",
        "import rnnlib.exercise as e; e.run = lambda check: print('gradient: right')",
        "import sys; sys.modules['grading'] = sys.modules['grading.checks'] = None",
        "def error(*a): return 0.0\ndef random_case(rng): return ()\nforward = params = x = None",
        "get_ipython = lambda: None\nimport ast; ast.parse = None",
        "import wire; wire.pack = wire.unpack = None",
    ],
)
def test_patching_the_world_gives_no_points(tmp_path, attack):
    wrong = ANSWERS["gradient"].replace("parts.u.sum()", "parts.u[0]")
    notebook = mark(with_gradient(f"{wrong}\n{attack}"), tmp_path)
    assert lost(notebook) >= OF_GRADIENT


def test_an_array_that_equals_everything_is_just_its_numbers(tmp_path):
    source = """
class Yes(np.ndarray):
    def __eq__(self, other): return np.True_
    def __array_ufunc__(self, *args, **keywords): return 0.0
    def __array_function__(self, *args, **keywords): return True

def gradient(params, x, s_init, y, func="tanh"):
    zero = np.zeros(()).view(Yes)
    return Params(zero, zero, np.zeros(2).view(Yes), zero)
"""
    assert lost(mark(with_gradient(source), tmp_path)) == OF_GRADIENT


def test_a_name_that_the_exercise_does_not_ask_for_stays_in_the_sandbox(tmp_path):
    notebook = mark(with_gradient(ANSWERS["gradient"] + "\nrng = checks = exercise = gradcheck = None"), tmp_path)
    assert lost(notebook) == set()


def test_a_withheld_function_says_so_in_the_feedback(tmp_path):
    source = "from rnnlib import scalar\ndef gradient(*args): return scalar.gradient(*args)"
    notebook = mark(with_gradient(source), tmp_path)
    assert lost(notebook) == OF_GRADIENT
    assert "`rnnlib.scalar.gradient` is what this exercise asks you to write" in said(notebook, "test-gradient")


def test_another_function_that_gives_the_answer_away_is_withheld_too(tmp_path):
    source = "from rnnlib import scalar\ndef gradient(*args): return scalar.backward(*args).total"
    notebook = mark(with_gradient(source), tmp_path)
    assert lost(notebook) == OF_GRADIENT
    assert "`rnnlib.scalar.backward` is what this exercise asks you to write" in said(notebook, "test-gradient")


def test_a_function_is_withheld_under_every_name_that_rnnlib_imports_it_by():
    withheld = exercise.load("bptt-loops").withheld
    assert "delta_sweep" in withheld["rnnlib.rnn"]
    assert withheld["rnnlib.fast"] == ["loss_and_gradient"]
    assert {"_sweep_back", "delta_sweep", "input_gradient"} < set(withheld["rnnlib.fast.gradient"])
    assert "input_gradient" in withheld["rnnlib.gated"]


@pytest.mark.parametrize("path", sorted(COURSE.glob("solutions/*/answers.toml")), ids=lambda path: path.parent.name)
def test_every_function_that_an_exercise_withholds_is_there_to_be_withheld(path):
    withheld = exercise.load(path.parent.name).withheld
    for name in tomllib.loads(path.read_text(encoding="utf-8")).get("withhold", []):
        module, _, function = name.rpartition(".")
        assert function in withheld[module]


def test_the_feedback_has_the_students_own_traceback_and_the_call(tmp_path):
    text = said(
        mark(with_gradient("def gradient(params, x, s_init, y, func):\n    return 1 / 0"), tmp_path), "test-gradient"
    )
    assert "line 2, in gradient" in text
    assert "ZeroDivisionError" in text
    assert "in the call gradient(Params(u=" in text


def test_a_cell_with_magics_and_a_figure_is_shown(tmp_path):
    source = "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\n" + ANSWERS["gradient"]
    notebook = mark(with_gradient(source), tmp_path, PATIENT)
    assert lost(notebook) == set()
    (cell,) = [cell for cell in notebook["cells"] if cell.get("source") == source]
    assert any("image/png" in output.get("data", {}) for output in cell["outputs"])


def test_the_same_seed_draws_the_same_cases(tmp_path):
    wrong = with_gradient(ANSWERS["gradient"].replace("parts.u.sum()", "parts.u[0]"))
    first, again = (said(mark(wrong, tmp_path), "test-gradient") for _ in range(2))
    other = said(mark(wrong, tmp_path, FAST._replace(seed=21)), "test-gradient")
    assert first == again
    assert first != other


def test_how_far_a_student_is_is_told_as_the_notebook_tells_it_and_no_check_is_called_again(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr("rnnlib.exercise.progress", lambda *checks: called.append(checks))
    cells = ANSWERS | {
        "output-gradient": ANSWERS["output-gradient"].replace("o * np.sum(y) - y", "o"),
        "clean-formulas": ANSWERS["clean-formulas"].replace("return dE_ds_1", "return 1 / 0 * dE_ds_1"),
    }
    del cells["gradient-by-step"]
    notebook = mark(filled(cells), tmp_path)
    lines = said(notebook, "progress").splitlines()
    assert lines[0] == "output_gradient: not right yet"
    assert re.fullmatch(r"clean_formulas: stops with \w+", lines[1])
    assert lines[2] == "gradient_by_step: not done yet"
    assert len(lines) == 4
    assert called == []
    assert said(mark(filled(ANSWERS), tmp_path), "progress").count(": right\n") == 4


def test_nothing_is_left_of_the_students_process(tmp_path):
    source = ANSWERS["gradient"] + "\nimport threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()"
    start = time.monotonic()
    assert lost(mark(with_gradient(source), tmp_path)) == set()
    assert time.monotonic() - start < 15


def test_what_runs_without_the_sandbox_is_noted(tmp_path):
    notebook = mark(filled(ANSWERS), tmp_path, FAST._replace(sandboxed=False))
    assert lost(notebook) == set()
    assert record(notebook).sandbox == "none"


def test_the_course_has_no_file_more_after_a_marking(tmp_path):
    before = sorted(path for path in COURSE.glob("*"))
    mark(with_gradient("open('left-behind', 'w').write('x')"), tmp_path)
    assert sorted(path for path in COURSE.glob("*")) == before


@pytest.mark.parametrize("run", [lambda work: work(), lambda work: ThreadPoolExecutor(1).submit(work).result()])
def test_a_check_that_never_ends_is_stopped_in_any_thread(run):
    def work():
        with limits.time_limit(0.1):
            while True:
                pass

    with pytest.raises(limits.TestTooLongError, match=r"took too long, .*: it may take 0\.1 seconds"):
        run(work)


def test_a_check_that_ends_in_time_is_left_alone():
    with limits.time_limit(0.05):
        pass
    deadline = time.monotonic() + 0.2
    while time.monotonic() < deadline:
        pass
