"""Answers of our own, marked in this process, get what they get in the sandbox: outputs, marks and names."""

import numpy as np
import pytest
from conftest import needs
from marking import FAST, filled, lost, mark, record

from grading import student_host
from grading.answers import known_answers, solution
from grading.bench import OwnBench
from grading.own import OwnProcess
from grading.remote import HungError, Remote
from grading.watch import Watch

pytestmark = pytest.mark.pool

ANSWERS = {answer.name: answer.cells for answer in [solution("two-step"), *known_answers("two-step")[::6]]}
ODD = {
    "prints": "print('seen')\nprint('twice')\n",
    "raises": "raise KeyError('lost')\n",
    "is no Python": "def broken(:\n",
}


def outputs(notebook):
    return [cell.get("outputs") for cell in notebook["cells"]]


@pytest.mark.parametrize("cells", ANSWERS.values(), ids=ANSWERS)
def test_a_known_answer_gets_the_outputs_and_the_names_of_the_sandbox(cells, tmp_path):
    needs("bwrap")
    here, there = mark(filled(cells), tmp_path, bench=OwnBench), mark(filled(cells), tmp_path)
    assert record(here).mistakes == record(there).mistakes
    assert outputs(here) == outputs(there)


@pytest.mark.parametrize("extra", ODD.values(), ids=ODD)
def test_what_a_cell_prints_and_raises_is_shown_as_from_the_sandbox(extra, tmp_path):
    needs("bwrap")
    base = solution("two-step").cells
    label = list(base)[-1]
    cells = base | {label: extra + base[label]}
    assert outputs(mark(filled(cells), tmp_path, bench=OwnBench)) == outputs(mark(filled(cells), tmp_path))


def test_functions_get_copies_and_tell_what_they_changed():
    process = OwnProcess()
    process.run("def f(a):\n    a.append(3)\n    return a")
    f, given = Remote(lambda: process, "f"), [1, 2]
    assert f(given) == [1, 2, 3]
    assert given == [1, 2]
    assert f.changed == ("a",)


COUNTS = "n = 0\ndef f(a):\n    global n\n    n += 1\n    return n * a"
ADDS_TO_ITS_RESULT = "import numpy as np\nkept = np.zeros(2)\ndef f(a):\n    kept[:] += a\n    return kept"
TURNS_WORSE = "n = 0\ndef f(a):\n    global n\n    n += 1\n    return a if n == 1 else {}[a]"


@pytest.mark.parametrize("quick", [10.0, -1.0])
@pytest.mark.parametrize("source", [COUNTS, ADDS_TO_ITS_RESULT])
def test_a_function_that_is_asked_twice_gives_both_answers_however_slow_it_is(source, quick, monkeypatch):
    monkeypatch.setattr(student_host, "QUICK", quick)
    process = OwnProcess()
    process.run(source)
    first, second = Remote(lambda: process, "f").twice((1.5,), {})
    assert np.all(first == 1.5)
    assert np.all(second == 3.0)


def test_a_second_call_that_fails_is_told_as_one():
    process = OwnProcess()
    process.run(TURNS_WORSE)
    with pytest.raises(KeyError, match=r"1\.5"):
        Remote(lambda: process, "f").twice((1.5,), {})


def test_a_function_that_changed_its_argument_is_not_called_again():
    process = OwnProcess()
    process.run("calls = []\ndef f(a):\n    a.append(3)\n    calls.append(a)\n    return a")
    f = Remote(lambda: process, "f")
    assert f.twice(([1],), {}) == ([1, 3], [1, 3])
    assert f.changed == ("a",)
    assert process.get("calls") == [[1, 3]]


@pytest.mark.parametrize("said", [[], [["same"]], ["other"], "same", [np.zeros(2)], None])
def test_what_a_process_says_of_a_second_call_is_not_trusted(said, monkeypatch):
    process = OwnProcess()
    monkeypatch.setattr(process, "request", lambda message: [1.0 if message[4] else 2.0, [], said])
    assert Remote(lambda: process, "f").twice((1.5,), {}) == (1.0, 2.0)


def test_a_function_of_ours_can_be_called_from_there():
    process = OwnProcess()
    process.run("def twice(g, x):\n    return g(g(x))")
    assert Remote(lambda: process, "twice")(lambda x: x + 1.5, 1) == 4.0


def test_an_endless_loop_ends_and_the_process_counts_as_dead():
    process = OwnProcess(Watch(0.2))
    with pytest.raises(HungError, match=r"no answer within 0\.2 seconds"):
        process.run("while True: pass")
    assert isinstance(process.dead, HungError)


def test_a_hang_costs_only_what_hung(tmp_path):
    base = solution("two-step").cells
    label = list(base)[-1]
    hangs = base | {label: base[label].replace("    ### BEGIN SOLUTION", "    while True: pass")}
    settings = FAST._replace(call_seconds=0.5, hang_seconds=0.2)
    assert lost(mark(filled(hangs), tmp_path, settings, bench=OwnBench)) == {"check-gradient", "test-gradient"}
