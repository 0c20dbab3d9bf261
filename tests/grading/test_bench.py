"""A process that dies is replaced by one that has run the same cells; a cell that ends every process is left out."""

import pytest
from marking import FAST, SLUG

from grading import exercise
from grading.bench import Bench
from grading.remote import HungError, StudentDiedError, StudentError

pytestmark = pytest.mark.pool

SETTINGS = FAST._replace(sandboxed=False)  # our own code; one cell has to remember that it has run before
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
    assert bench.started == 2


def test_a_cell_that_ends_the_process_only_when_it_is_run_again_is_left_out_from_then_on(bench, tmp_path):
    bench.run("n = 1")
    bench.run(dies_when_run_again(tmp_path))
    bench.run("def f(): return n")
    for _ in range(2):
        crash(bench)
        assert call(bench, "f") == 1
    assert bench.started == 4  # one died of the cell; after that, each crash costs one process


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
    assert bench.started == 1
