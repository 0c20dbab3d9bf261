"""Time: who uses it up pays for it, nobody else does, and the message says which limit was met, and by what."""

import time

import numpy as np
import pytest
from conftest import needs
from marking import FAST, SLUG, filled, lost, mark, said

from grading import exercise
from grading.answers import solution
from grading.bench import OwnBench
from grading.execute import Settings
from grading.watch import Budget

pytestmark = pytest.mark.pool

ANSWERS = solution(SLUG).cells
QUICK = FAST._replace(call_seconds=0.6, hang_seconds=0.2, submission_seconds=20.0, extra_seconds=1.0)
HANGS = "while True: pass"


def call(name, *arguments):
    return ["call", name, list(arguments), {}]


@pytest.fixture
def budget():
    return Budget(FAST)


def with_extra(*sources, below="set-up"):
    notebook = filled(ANSWERS)
    place = [exercise.grade_id(cell) for cell in notebook["cells"]].index(below) + 1
    extras = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    notebook["cells"][place:place] = extras
    return notebook


def of(notebook, source):
    """What is shown below the student's cell with this source."""
    (cell,) = [cell for cell in notebook["cells"] if cell["source"] == source]
    return "\n".join("\n".join(output.get("traceback", [])) for output in cell["outputs"])


def test_cells_without_points_that_hang_cost_none_and_are_told_their_limit(tmp_path):
    notebook = mark(with_extra(HANGS, "ready = 1", below="gradient"), tmp_path, QUICK, bench=OwnBench)
    assert lost(notebook) == set()
    assert "cells without points may take 1 second in all" in of(notebook, HANGS)
    assert "says nothing about your functions" in of(notebook, HANGS)


def test_many_cells_that_hang_or_end_the_process_leave_the_answers_their_points(tmp_path):
    needs("bwrap")
    settings = FAST._replace(extra_seconds=2.0)
    sources = [f"{n}\nimport os; os._exit(0)" for n in range(14)] + [f"{n}\n{HANGS}" for n in range(2)]
    start = time.monotonic()
    notebook = mark(with_extra(*sources), tmp_path, settings)
    assert lost(notebook) == set()
    assert "have ended the process too often" in of(notebook, sources[-1])
    assert time.monotonic() - start < 30


def test_a_slow_cell_without_points_takes_no_time_from_the_functions(tmp_path):
    slow = ANSWERS["gradient"].replace("    parts =", "    import time\n    time.sleep(0.3)\n    parts =")
    notebook = with_extra("import time; time.sleep(0.4)", HANGS)
    for cell in notebook["cells"]:
        cell["source"] = slow if exercise.grade_id(cell) == "gradient" else cell["source"]
    assert lost(mark(notebook, tmp_path, QUICK, bench=OwnBench)) == set()


def test_what_a_cell_without_points_defined_is_there_after_a_replacement(tmp_path):
    notebook = with_extra("import time; time.sleep(0.2)\nZERO = 0.0", HANGS)
    for cell in notebook["cells"]:
        if exercise.grade_id(cell) == "gradient":
            cell["source"] = ANSWERS["gradient"].replace("parts.u.sum()", "parts.u.sum() + ZERO")
    assert lost(mark(notebook, tmp_path, QUICK, bench=OwnBench)) == set()


def test_one_function_that_hangs_leaves_the_others_their_time(tmp_path):
    slow = ANSWERS["gradient"].replace("    parts =", "    import time\n    time.sleep(0.3)\n    parts =")
    cells = ANSWERS | {"output-gradient": ANSWERS["output-gradient"], "gradient": slow}
    cells["clean-formulas"] = ANSWERS["clean-formulas"].replace("return", "while True: pass\n    return", 1)
    notebook = mark(filled(cells), tmp_path, QUICK, bench=OwnBench)
    assert lost(notebook) == {"check-clean-formulas", "test-clean-u"}
    assert "which is all that clean_u may take: an endless loop?" in said(notebook, "check-clean-formulas")
    assert "clean_u took" in said(notebook, "test-clean-u")


def test_a_loop_over_thirty_thousand_steps_in_plain_python_has_a_wide_margin(tmp_path):
    plain = """
def delta_recursion(params, states, dE_ds, func="tanh"):
    _, slope = activation(func)
    delta, message = [0.0] * len(dE_ds), 0.0
    for t in range(len(dE_ds) - 1, -1, -1):
        delta[t] = (dE_ds[t] + message) * slope(states[t + 1])
        message = params.w * delta[t]
    return np.array(delta)
"""
    cells = solution("t-steps").cells
    settings = Settings(seed=20)
    settings = settings._replace(call_seconds=settings.call_seconds / 10)  # this machine may be busy, another slower
    notebook = filled(cells | {"delta-recursion": plain}, "t-steps")
    assert lost(mark(notebook, tmp_path, settings, "t-steps", OwnBench)) == set()


def test_a_right_double_loop_loses_the_long_sequence_alone_and_is_not_called_endless(tmp_path):
    double = """
def delta_recursion(params, states, dE_ds, func="tanh"):
    _, slope = activation(func)
    delta = np.zeros(len(dE_ds))
    for t in range(len(dE_ds)):
        message = slope(states[t + 1])
        for later in range(t, len(dE_ds)):
            delta[t] += dE_ds[later] * message
            message = message * params.w * slope(states[later + 2]) if later + 1 < len(dE_ds) else 0.0
    return delta
"""
    notebook = filled(solution("t-steps").cells | {"delta-recursion": double}, "t-steps")
    notebook = mark(notebook, tmp_path, FAST._replace(call_seconds=2.0), "t-steps", OwnBench)
    assert lost(notebook) == {"test-delta-recursion-long"}
    text = said(notebook, "test-delta-recursion-long")
    assert text.startswith("no answer within 2 seconds, which is all that delta_recursion may take: it has answered")
    assert text.endswith("here are 20001. Its cost may grow with T^2 where T is enough")


def test_a_call_with_more_data_than_before_is_not_called_endless(budget):
    budget.took(call("f", np.zeros(9)), 0.1)
    text = budget.verdict(call("f", np.zeros(30_000)), 4.0)
    assert text == (
        "no answer within 4 seconds, which is all that f may take: it has answered other calls, with arrays of up to 9 "
        "entries, and here are 30000. Its cost may grow with T^2 where T is enough"
    )


def test_who_has_used_the_time_up_is_named_and_who_has_not_is_cleared(budget):
    budget.took(call("f"), 50.0)
    budget.took(call("g"), 9.5)
    text = budget.verdict(call("g"), budget.allowed(call("g")))
    assert text == (
        "no answer within 0.5 seconds, which is what was left: all calls of a submission may take 60 seconds together, "
        "and f took 50 seconds of them. This says nothing about g"
    )
    assert "This says nothing about f" not in budget.verdict(call("f"), budget.allowed(call("f")))
    budget.took(call("g"), 0.5)
    assert budget.refusal(call("h"), "it was closed").startswith("h was not run: all calls of a submission")


def test_a_cell_that_hangs_is_told_so(budget):
    assert budget.verdict(["run", HANGS, False], 4.0) == (
        "no answer within 4 seconds, which is all that this cell may take: an endless loop?"
    )
