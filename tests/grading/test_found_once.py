"""A numerical derivative is found once for all students, unless it may be another one for the next student."""

import numpy as np
import pytest
from marking import FAST

from grading import execute, exercise, found_once
from grading.bench import OwnBench
from grading.remote import Remote
from rnnlib import gradcheck


@pytest.fixture
def points():
    """Where the derivative that is kept has been asked for."""
    return []


@pytest.fixture
def find(points):
    def derivative(f, point, *step, **options):
        points.append(point)
        return np.array([f(point)])

    return found_once.found_once(derivative)


def grader_function(source, **names):
    """A function `f` as a cell of the grader's defines it."""
    namespace = {"__name__": "__grader__", "np": np} | names
    exec(source, namespace)
    return namespace["f"]


def test_the_same_function_in_the_next_submission_is_not_asked_again(find, points):
    for _ in range(3):
        f = grader_function("def f(p):\n    return 2 * p")
        assert find(f, 3.0) == [6.0]
    assert points == [3.0]


def test_what_is_kept_cannot_be_changed_by_whoever_got_it(find):
    f = grader_function("def f(p):\n    return p")
    for _ in range(2):
        result = find(f, 3.0)
        assert result == [3.0]
        result[0] = 8.0


@pytest.mark.parametrize(
    "source",
    [
        "def f(p):\n    return scale * p",
        "def f(p, scale=scale):\n    return scale * p",
        "def f(p, *, scale=scale):\n    return scale * p",
        "def of(scale):\n    return lambda p: scale * p\nf = of(scale)",
        "def f(p):\n    return g(p)\ndef g(p, *, scale=scale):\n    return scale * p",
    ],
)
def test_the_same_code_with_another_number_in_its_reach_is_asked(find, points, source):
    for scale in (2, 7):
        assert find(grader_function(source, scale=scale), 1.0) == [scale]
    assert len(points) == 2


def test_other_code_is_asked(find, points):
    for source, result in (("def f(p):\n    return 2 * p", 2.0), ("def f(p):\n    return 2 + p", 3.0)):
        assert find(grader_function(source), 1.0) == [result]
    assert len(points) == 2


def test_a_function_that_reaches_what_a_student_wrote_is_asked_each_time(find, points):
    student = Remote(None, "forward")
    for source in (
        "def f(p):\n    return forward and p",
        "def f(p):\n    return g(p)\ndef g(p):\n    return forward and p",
    ):
        for _ in range(2):
            find(grader_function(source, forward=student), 1.0)
    assert len(points) == 4


def test_a_function_that_draws_numbers_is_asked_each_time(find):
    rng = np.random.default_rng(0)
    f = grader_function("def f(p):\n    return p + rng.normal()", rng=rng)
    assert find(f, 1.0) != find(f, 1.0)


def test_no_more_is_kept_than_some_thousand_derivatives(find, points):
    f = grader_function("def f(p):\n    return p")
    for point in range(found_once.KEPT + 1):
        find(f, point)
    points.clear()
    find(f, found_once.KEPT)
    find(f, 0)
    assert points == [0]


@pytest.mark.parametrize(("slug", "kept"), [("two-step", True), ("gradient-checker", False)])
def test_tests_find_derivatives_once_but_where_derivatives_are_the_exercise(slug, kept):
    plain = gradcheck.complex_step
    with found_once.in_tests_of(exercise.load(slug)):
        assert (gradcheck.complex_step is not plain) == kept
    assert gradcheck.complex_step is plain


def test_a_derivative_that_is_the_default_of_a_function_in_a_locked_cell_is_found_once_as_well():
    """As a witness has it: the function that the default is was looked up when the cell ran."""
    task, source = exercise.load("two-step"), "def witness(f, differentiate=gradcheck.complex_step): pass"
    cell, space = {"source": source, "metadata": {}, "outputs": []}, {"gradcheck": gradcheck}
    bench = OwnBench(task, FAST)
    execute._run_set_up(cell, bench, space)
    bench.close()
    assert space["witness"].__defaults__ == (found_once.DERIVATIVES["complex_step"],)
