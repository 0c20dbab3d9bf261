"""A process that dies is replaced by one that has run the same cells; a cell that ends every process is left out."""

import os
import signal

import pytest
from marking import FAST, SLUG, filled, mark, record

from grading import exercise, sandbox
from grading.answers import known_answers, solution
from grading.bench import CHANCES, MAX_SHOWN, Bench
from grading.remote import HungError, StudentDiedError, StudentError
from grading.student_process import StudentProcess

pytestmark = pytest.mark.pool

SETTINGS = FAST._replace(sandboxed=False)  # our own code; one cell has to remember that it has run before
LATER_PARTS_FOLLOW = next(answer for answer in known_answers(SLUG) if answer.follows)
CRASH = "import os; os._exit(1)"


@pytest.fixture
def bench():
    bench = Bench(exercise.load(SLUG), SETTINGS)
    yield bench
    bench.close()


def call(bench, name):
    return bench.alive().request(["call", name, [], {}])[0]


def crash(bench):
    with pytest.raises(StudentDiedError):
        bench.run(CRASH)


def dies_when_run_again(tmp_path):
    """A cell that leaves a mark behind, and ends the process if the mark is there already."""
    mark = f"pathlib.Path({str(tmp_path / 'mark')!r})"
    return f"import os, pathlib\n{mark}.exists() and os._exit(1)\n{mark}.touch()"


def test_a_new_process_has_run_the_same_cells_but_the_one_that_crashed(bench):
    bench.run("n = 1")
    with pytest.raises(StudentError):
        bench.run("def f(): return n\n1 / 0")
    crash(bench)
    bench.run("n += 1")
    assert call(bench, "f") == 2
    assert bench.started == 3  # the cell was given a second chance


def test_a_cell_that_ends_the_process_only_when_it_is_run_again_is_left_out_from_then_on(bench, tmp_path):
    bench.run("n = 1")
    bench.run(dies_when_run_again(tmp_path))
    bench.run("def f(): return n")
    for _ in range(2):
        crash(bench)
        assert call(bench, "f") == 1
    assert bench.started == 6  # one died of the cell; after that, each crash costs two processes


def test_what_was_printed_before_a_crash_is_shown_once(bench, tmp_path):
    bench.run("print('at first')\ndef f(): print('said')")
    bench.run(dies_when_run_again(tmp_path))
    assert bench.take_output()[0] == "at first\n"
    call(bench, "f")
    crash(bench)
    call(bench, "f")
    assert bench.take_output()[0] == "said\nsaid\n"


def test_a_crash_leaves_the_time_of_a_function_as_it_is_and_only_its_own_hang_uses_it_up(bench):
    bench.run("def f():\n    while True: pass\ndef g(): return 1")
    crash(bench)
    f, g = ["call", "f", [], {}], ["call", "g", [], {}]
    assert bench.watch.allowed(f) == SETTINGS.call_seconds
    bench.watch.settings = SETTINGS._replace(call_seconds=0.3)
    with pytest.raises(HungError):
        call(bench, "f")
    bench.watch.settings = SETTINGS
    assert bench.watch.allowed(f) == SETTINGS.hang_seconds
    assert bench.watch.allowed(g) == SETTINGS.call_seconds
    assert call(bench, "g") == 1


def test_without_replacements_every_request_is_answered_with_the_reason(bench):
    bench.settings = SETTINGS._replace(replacements=0)
    crash(bench)
    for _ in range(2):
        with pytest.raises(StudentDiedError, match="ended or broke off") as caught:
            bench.run("1")
        caught.value.add_note("only once")
    assert caught.value.__notes__ == ["only once"]
    assert bench.started == 1


def test_without_time_no_process_is_started(bench):
    crash(bench)
    bench.watch.left = 0.0
    with pytest.raises(StudentDiedError):
        bench.run("1")
    assert bench.started == 2


def test_a_cell_whose_process_is_killed_once_runs_in_the_next_one_and_a_human_is_told(bench, tmp_path):
    mark = f"pathlib.Path({str(tmp_path / 'mark')!r})"
    bench.run(f"import os, pathlib\nif not {mark}.exists():\n    {mark}.touch()\n    os.kill(os.getpid(), 9)\nn = 1")
    assert bench.get("n") == 1
    assert bench.human == ["the process ended during a cell; when it was asked again, it did not"]


def test_who_ends_every_process_is_not_asked_twice_for_ever(bench):
    for _ in range(5):
        crash(bench)
    assert bench.started == 1 + 4 + CHANCES
    assert bench.human == []


def test_a_process_that_cannot_be_started_is_tried_again(monkeypatch):
    real, tried = sandbox.start, []

    def start(*how):
        tried.append(1)
        if len(tried) < 3:
            raise sandbox.SandboxError("Unable to find it in mount table")
        return real(*how)

    monkeypatch.setattr("grading.bench.PAUSES", (0.0, 0.0))
    monkeypatch.setattr(sandbox, "start", start)
    bench = Bench(exercise.load(SLUG), SETTINGS)
    bench.run("1")
    bench.close()
    assert len(tried) == 3


def test_a_process_that_cannot_be_started_during_a_test_costs_no_point(tmp_path, monkeypatch):
    real, started = sandbox.start, []

    def start(*how):
        if started:
            raise sandbox.SandboxError("Unable to find it in mount table")
        started.append(1)
        return real(*how)

    monkeypatch.setattr("grading.bench.PAUSES", (0.0, 0.0))
    monkeypatch.setattr(sandbox, "start", start)
    dies = solution(SLUG).cells | {"gradient": f"def gradient(*arguments):\n    {CRASH}"}
    with pytest.raises(sandbox.SandboxError):
        mark(filled(dies), tmp_path, SETTINGS)


# A right answer, and one with a wrong part above others, which are then tried with functions that are lent.
@pytest.mark.parametrize("answers", [solution(SLUG), LATER_PARTS_FOLLOW], ids=lambda answer: answer.name)
def test_a_process_that_is_killed_once_costs_no_point_whenever_it_happens(answers, tmp_path, monkeypatch):
    real, sent = StudentProcess.request, []

    def kill_before(number):
        def request(process, message, seconds=None):
            sent.append(message[0])
            if len(sent) == number:
                os.killpg(process.process.pid, signal.SIGKILL)
            return real(process, message, seconds)

        sent.clear()
        monkeypatch.setattr(StudentProcess, "request", request)
        return mark(filled(answers.cells), tmp_path, FAST._replace(sandboxed=False))

    undisturbed = marks(kill_before(0))
    requests = len(sent)
    for number in range(2, requests, requests // 4):
        notebook = kill_before(number)
        assert marks(notebook) == undisturbed, f"killed before {number} of {requests}"
        assert len(record(notebook).human) <= 1


def marks(notebook):
    """The error, if any, of each test."""
    return {
        exercise.grade_id(cell): [output.get("ename") for output in cell["outputs"] if output["output_type"] == "error"]
        for cell in notebook["cells"]
        if exercise.is_test(cell)
    }


def test_what_a_submission_may_show_is_limited_and_the_rest_is_said(bench):
    bench.run("import sys")
    shown = []
    for _ in range(60):
        bench.run("print('x' * 49_000)")
        shown.append(bench.take_output()[0])
    assert len(shown[0]) == 49_001
    assert shown[-1].endswith("(the rest is left out: a submission may show 2 MB)\n")
    assert sum(map(len, shown)) < MAX_SHOWN * 1.1


def test_figures_that_would_be_too_much_are_left_out_and_it_is_said(bench):
    for _ in range(3):
        bench.process.figures = [b"x" * 2**20]
        text, figures = bench.take_output()
    assert figures == []
    assert "the rest is left out" in text
