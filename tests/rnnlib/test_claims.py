"""What a check says about claims that do not hold: enough to find the bug, and nothing twice."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from rnnlib import exercise
from rnnlib.exercise import Claim, call

ONES = np.ones(3)


class Pair(NamedTuple):
    V: Any
    W: Any


def said(*claims):
    """The lines that a student reads, without the name of the check."""

    def check_part():
        yield from claims

    with pytest.raises(exercise.CheckFailedError) as caught:
        exercise.run(check_part)
    return str(caught.value).removeprefix("part: ").splitlines()


def test_all_fields_are_reported_and_causes_come_before_what_follows_from_them():
    found, right = Pair(V=np.array([1.0, 5.0, 1.0]), W=2 * ONES), Pair(V=ONES, W=ONES)
    assert said(Claim("", found, right)) == [
        "dV is wrong in 1 of 3 entries, first dV[1]",
        "  analytic   5",
        "  numeric    1",
        "  wrong too: dW (3 of 3 entries)",
    ]
    assert said(Claim("", found, right, names=["dW", "dc"]))[0].startswith("dc is wrong in 3 of 3")
    assert said(Claim("", Pair(ONES, 0 * ONES), right))[-1] == "  right: dV"


def test_minus_zero_is_zero():
    assert said(Claim("", -0.0, 1.0, names=["du"]))[1] == "  analytic   0"


def test_the_case_is_named_and_what_the_cases_that_fail_have_in_common():
    cases = [{"func": func, "weights": weights} for func in ("tanh", "sigmoid") for weights in ("left out", ONES)]
    lines = said(*(Claim(case, float(case["func"] == "tanh"), 1.0, names=["du"]) for case in cases))
    assert lines[0] == "du is wrong, with func sigmoid"
    assert lines[-1] == "  wrong in every case with func sigmoid, and in no other"


def test_a_case_that_is_right_is_an_instance_and_no_rule():
    cases = [({"reduction": "sum"}, 1.0), ({"reduction": "mean"}, 1.0), ({"reduction": "sum"}, 2.0), ({}, 2.0)]
    lines = said(*(Claim(case, found, 1.0, names=["du"]) for case, found in cases))
    assert (
        lines[-1]
        == "  wrong in 2 of 4 cases; right, for instance, once with reduction sum and once with reduction mean"
    )


def test_of_several_functions_in_one_check_it_says_which_are_right():
    assert said(Claim("", 1.0, 1.0, names=["du"]), Claim("", 2.0, 1.0, names=["dw"]))[-1] == "  right: du"


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (2.0, "  yours is only the part from step 1"),
        (-5.0, "  it is right but for the sign"),
        (
            5.00000001,
            "  off by 2e-09 of the largest entry: is it a finite difference, a number of single precision, "
            "or was an epsilon added?",
        ),
    ],
)
def test_a_single_number_leads_to_the_bug(found, line):
    claim = Claim("", found, 5.0, names=["dw"], parts={"from step 0": 3.0, "from step 1": 2.0}, factors={"w": -0.8})
    lines = said(claim)
    assert line in lines
    assert ("  the sum of  3 (from step 0) and 2 (from step 1)" in lines) == ("off by" not in line)


@pytest.mark.parametrize(
    ("off_by", "line"),
    [
        (lambda w, k: w, "yours / -0.8 is right, and w is that number"),
        (lambda w, k: 1 / w, "yours * -0.8 is right, and w is that number"),
        (lambda w, k: -1 / w, "yours * 0.8 is right, and -w is that number"),
        (lambda w, k: w * k, "yours / -2.4 is right, and w * k is that number"),
        (lambda w, k: k / w, "yours * -0.266666666667 is right, and w / k is that number"),
    ],
)
def test_a_factor_that_every_case_has_is_named(off_by, line):
    cases = {"w": -0.8, "k": 3.0}, {"w": 0.7, "k": 7.0}, {"w": 0.3, "k": -2.0}
    claims = [Claim("", off_by(**case) * ONES, ONES, ["dw"], factors=case) for case in cases]
    assert f"  {line}" in said(*claims)
    # In one case, or where the other one is off by something else, it may be an accident.
    assert not [text for text in said(claims[0]) if "is that number" in text]
    assert not [text for text in said(*claims, claims[0]._replace(found=5.5 * ONES)) if "is that number" in text]


def test_the_numbers_that_a_formula_gets_are_factors():
    def clean(slope, w):
        return 3.0

    lines = said(Claim("", call(clean, 0.5, -2.0), 1.5), Claim("", call(clean, 0.25, -2.0), 0.75))
    assert lines[-2] == "  yours * 0.5 is right, and slope is that number"
    doubled = said(Claim("", call(clean, 0.5, -2.0), 1.5), Claim("", call(clean, 0.25, -2.0), 1.5))
    assert doubled[-2] == "  it is off by the same factor: yours * 0.5 is right"


def test_what_is_only_a_part_in_one_case_is_no_part():
    parts = {"from step 0": 3.0, "from step 1": 2.0}
    first, second = Claim("", 3.0, 5.0, ["dw"], parts=parts), Claim("", 4.0, 5.0, ["dw"], parts=parts)
    assert "  yours is only the part from step 0" in said(first, first)
    assert not [line for line in said(first, second) if "only the part" in line]


def test_of_what_is_computed_backwards_the_first_wrong_entry_is_the_latest():
    right, off_by = np.arange(6.0).reshape(3, 2), np.array([[1, 1], [0, 1], [0, 0]])
    assert said(Claim("", right + off_by, right, ["delta"]))[:2] == [
        "delta is wrong in 3 of 6 entries, on the way back first delta[1, 1]",
        "  analytic   4",
    ]


def test_of_results_with_the_same_name_each_is_told_once():
    def counted(start, count):
        return Claim({"start": start}, (1.0, count), (1.0, 1), [f"dE/d{start}", "the count"])

    lines = said(counted("a", 9), counted("b", 9), counted("c", 1))
    assert lines[0] == "the count is wrong, with start a"
    assert lines[3:] == ["  right: dE/da, dE/db, dE/dc"]


def test_the_function_is_named_where_the_check_has_another_name():
    def clean(w):
        return w

    assert said(Claim("", call(clean, 3.0), 1.5, ["dw"]))[0] == "part, clean: dw is wrong"


def test_what_is_none_as_it_should_be_is_not_called_right():
    assert said(Claim("", Pair(ONES, None), Pair(0 * ONES, None)))[3:] == []


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"V": 1.0}, "the result is of type dict, expected Pair(V, W)"),
        ((ONES,), "the result is a tuple of 1, expected Pair(V, W)"),
        (Pair(ONES, None), "dW is of type NoneType, expected a float64 array of shape (3,)"),
        (Pair(ONES, np.ones((3, 1))), "dW has shape (3, 1), expected (3,)"),
    ],
)
def test_a_result_of_another_form_is_told(found, line):
    assert said(Claim("", found, Pair(ONES, ONES)))[0] == line


@pytest.mark.parametrize(
    ("found", "is_what"),
    [
        ((ONES,), "a tuple of 1"),
        ([1.0, 1.0, 1.0], "of type list"),
        ((1.0, 1.0, 1.0), "a tuple of 3"),
        ([ONES, 1.0], "of type list"),
    ],
)
def test_a_tuple_or_a_list_is_no_array(found, is_what):
    expected = "expected an array of shape (3,) of float64"
    assert said(Claim("", found, ONES, ["states"]))[0] == f"states is {is_what}, {expected}"
    assert said(Claim("", [[1], 2], 3, ["the count"]))[0] == "the count is of type list, expected a whole number"


def test_a_finished_function_is_not_called_undone_for_one_that_it_calls():
    lines = in_a_notebook(
        "def first():\n    raise NotImplementedError\n\ndef second():\n    return first()\n",
        "def check_part():\n    yield exercise.Claim('', exercise.call(second), 1.0)\n",
    )
    assert lines == ["part: first, which second calls, is not done yet"]


def test_what_was_not_tried_is_not_counted():
    def breaks():
        raise KeyError("later")

    lines = said(Claim("", 2.0, 1.0, ["du"]), Claim("", 2.0, 1.0, ["du"]), Claim("", call(breaks), 1.0, ["du"]))
    assert lines[0] == "du is wrong"
    assert not [line for line in lines if "cases" in line]


def test_dicts_and_whole_numbers_are_compared_entry_by_entry():
    assert said(Claim("", {"a": 1, "b": 3.0}, {"a": 1.0, "b": 2.0}, names=["graph"]))[0].endswith(
        "graph is wrong in 1 of 2 entries, first graph['b']"
    )
    assert said(Claim({"names": "pairs"}, {"a": 1.0}, {"a": 2.0}, names=["graph"])) == [
        "graph is wrong in 1 of 1 entries, first graph['a'], with names pairs",
        "  analytic   1",
        "  numeric    2",
    ]
    assert said(Claim("", {"a": 1.0}, {"b": 1.0}, names=["graph"]))[0] == "graph has no entry 'b'"
    assert said(Claim("", np.array([1, 2]), np.array([1, 3]), names=["tokens"]))[2] == "  numeric    3"


def test_an_argument_that_is_changed_in_place_is_named():
    def clipped(gradient, limit):
        gradient[:] = np.minimum(gradient, limit)
        return gradient

    assert said(Claim("", call(clipped, np.array([3.0]), 1.0), ONES)) == [
        "part, clipped: gradient is changed in place; work on a copy"
    ]


def test_a_function_that_keeps_something_between_calls_is_seen():
    total = []

    def accumulated(x):
        total.append(x)
        return float(len(total))

    assert "something is kept between calls" in said(Claim("", call(accumulated, 1.0), 1.0))[0]


def test_half_a_cell_that_is_done_is_not_called_undone():
    def undone():
        raise NotImplementedError

    claims = Claim("", call(lambda: 1.0), 1.0, names=["du"]), Claim("", call(undone), 1.0, names=["dw"])
    assert said(*claims) == ["1 of 2 done and right; undone not done yet"]
    assert said(claims[1]) == ["not done yet"]


def test_what_should_be_refused_and_is_not_is_told():
    with pytest.raises(AssertionError, match=r"^limit 0 should be refused with a ValueError$"):
        call(lambda limit: limit, 0.0).is_refused("limit 0")


def test_random_numbers_can_be_had_again():
    drawn = []

    def check_part(rng):
        drawn.append(rng.random())
        yield Claim("", drawn[-1], 2.0, fresh=True)

    with pytest.raises(exercise.CheckFailedError, match=r"exercise\.run\(check_part, seed=7\)$"):
        exercise.run(check_part, seed=7)
    for seed in (7, None, None):
        with pytest.raises(exercise.CheckFailedError):
            exercise.run(check_part, seed)
    assert drawn[0] == drawn[1]
    assert len(set(drawn)) == 3
    token = exercise.SEED.set(7)  # as a grader does, whose marks can be had again
    try:
        with pytest.raises(exercise.CheckFailedError):
            exercise.run(check_part)
    finally:
        exercise.SEED.reset(token)
    assert drawn[-1] == drawn[0]


def in_a_notebook(*sources):
    """What a student reads when the check of a notebook with these cells is run."""
    namespace = {"__name__": "__main__", "exercise": exercise}
    for number, source in enumerate(sources):
        exec(compile(source, f"<cell {number}>", "exec"), namespace)
    with pytest.raises(exercise.CheckFailedError) as caught:
        exercise.run(namespace["check_part"])
    return caught.value._render_traceback_()


def test_an_exception_of_the_students_code_takes_three_lines():
    lines = in_a_notebook(
        "def mine(x):\n    return x[3]\n", "def check_part():\n    helper([1])\n\ndef helper(x):\n    mine(x)\n"
    )
    assert lines == ["part: stops with IndexError: list index out of range", "  in mine, line 2 of its cell"]


def test_the_case_in_which_the_students_code_stops_is_told_and_the_function_that_a_comprehension_is_in():
    lines = in_a_notebook(
        "def mine(x):\n    return [y[3] for y in x]\n",
        "def check_part():\n    yield exercise.Claim({'names': 'pairs'}, exercise.call(mine, [[1]]), 1.0)\n",
    )
    assert lines == [
        "part: stops with IndexError: list index out of range, with names pairs",
        "  in mine, line 2 of its cell",
    ]


def test_a_name_that_is_missing_leads_to_the_cell_that_was_not_run():
    lines = in_a_notebook("def check_part():\n    mine([1])\n")
    assert lines == ["part: mine is not defined: run the cell above that defines it, and then this one"]


def test_a_truth_value_is_no_whole_number():
    assert said(Claim("", True, 1, ["the count"]))[0] == "the count has dtype bool, expected whole numbers"


def test_two_arguments_that_were_changed_are_both_named():
    def greedy(a, b):
        a += 1
        b += 1

    assert (
        said(Claim("", call(greedy, np.zeros(2), np.zeros(2)), ONES))[0]
        == "part, greedy: a and b are changed in place; work on a copy"
    )
