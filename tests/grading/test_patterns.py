"""Where no name fits, the feedback says which parts of a result are right, and how a wrong array is wrong."""

import numpy as np
import pytest
from marking import filled, mark, record, said

from grading import patterns
from grading.answers import solution
from grading.bench import OwnBench
from rnnlib.params import Params

RIGHT = np.array([[1.0, -2.0, 4.0], [0.5, 3.0, -1.5], [2.5, 0.25, 7.0]])


def changed(*indices):
    array = RIGHT.copy()
    for index in indices:
        array[index] += 1
    return array


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (0 * RIGHT, "it is 0 everywhere."),
        (-RIGHT, "it has the other sign in every entry."),
        (3 * RIGHT, "it is 3 times what it should be in every entry."),
        (RIGHT / 4, "it is 1/4 times what it should be in every entry."),
        (-2 * RIGHT, "it is -2 times what it should be in every entry."),
        (RIGHT.T.copy(), "it is the transpose of what it should be."),
        (RIGHT[::-1].copy(), "it is in reverse order along axis 0."),
        (RIGHT[:, ::-1].copy(), "it is in reverse order along axis 1."),
        (changed((0, 1)), "it is wrong at index 0 of axis 0, and right elsewhere."),
        (changed((0, 1), (2, 1)), "it is wrong at index 1 of axis 1, and right elsewhere."),
        (changed((0, 1), (1, 1), (0, 2)), "it is wrong at indices 0 and 1 of axis 0, and right elsewhere."),
    ],
)
def test_how_an_array_is_wrong_is_told(value, line):
    assert patterns.told(value, RIGHT, 1e-10) == [line]


@pytest.mark.parametrize("value", [RIGHT + 1, 1.234 * RIGHT, 1.5 * RIGHT, RIGHT**2, 21 * RIGHT, RIGHT * np.nan])
def test_of_an_array_that_is_wrong_in_no_simple_way_nothing_is_told(value):
    assert patterns.told(value, RIGHT, 1e-10) == []


@pytest.mark.parametrize(
    ("value", "lines"),
    [(-0.5, ["it has the other sign."]), (0.0, ["it is 0."]), (1.0, ["it is 2 times what it should be."]), (0.7, [])],
)
def test_of_a_number_a_sign_and_a_simple_factor_are_told(value, lines):
    assert patterns.told(value, 0.5, 1e-10) == lines


@pytest.mark.parametrize("right", [None, (), (None, None), {}])
@pytest.mark.parametrize("value", [1.0, None, (), RIGHT])
def test_of_a_result_that_holds_no_number_nothing_is_told(value, right):
    assert patterns.told(value, right, 1e-10) == []


def test_of_a_long_array_the_indices_are_a_range_or_are_not_told():
    right = np.arange(1.0, 31.0)
    late, scattered = right.copy(), right.copy()
    late[7:] += 1
    scattered[::3] += 1
    assert patterns.told(late, right, 1e-10) == ["it is wrong at indices 7 to 29, and right elsewhere."]
    assert patterns.told(scattered, right, 1e-10) == []


def test_parts_are_called_by_their_fields():
    right = Params(*(array * RIGHT for array in (1.0, 2.0, 3.0, 4.0, 5.0)))
    assert patterns.told(right._replace(W=right.W + 1), right, 1e-10) == [
        "Of what it returns, W is wrong, and everything else is right."
    ]
    assert patterns.told(Params(*(part + 1 for part in right))._replace(c=right.c), right, 1e-10)[0] == (
        "Of what it returns, U, W, V and b are wrong, and everything else is right."
    )
    assert patterns.told((0.5, right._replace(b=-right.b)), (1.5, right), 1e-10)[0] == (
        "Of what it returns, result[0] and result[1].b are wrong, and everything else is right."
    )
    assert patterns.told({"u": 1.0, "w": 2.5}, {"u": 1.0, "w": 2.0}, 1e-10) == [
        "Of what it returns, 'w' is wrong, and everything else is right."
    ]


@pytest.mark.parametrize(
    "value", [None, "text", [1.0], (1.0, 2.0), np.zeros(3), RIGHT.astype("float32"), {"u": 1.0}, object(), 1.0]
)
def test_of_what_has_another_form_nothing_is_told(value):
    assert patterns.told(value, RIGHT, 1e-10) == []
    assert patterns.told(value, (RIGHT, RIGHT), 1e-10) == []
    assert patterns.told(value, {"a": 1.0, "b": 2.0}, 1e-10) == []


def test_what_is_told_stands_in_the_feedback_and_counts_as_no_name(tmp_path):
    cells = dict(solution("bptt-loops").cells)
    cells["parameter-gradients"] = cells["parameter-gradients"].replace("(dU, dW, dV,", "(dU, np.cos(dW), dV,")
    assert "np.cos" in cells["parameter-gradients"]
    notebook = mark(filled(cells, "bptt-loops"), tmp_path, slug="bptt-loops", bench=OwnBench)
    assert record(notebook).mistakes == {}
    line = "Of what it returns, W is wrong, and everything else is right."
    assert said(notebook, "test-parameter-gradients").splitlines()[-1] == line
