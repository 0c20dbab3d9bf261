"""The exercises with numbers: solution, other right answers and rnnlib agree wherever a docstring allows it."""

import numpy as np
import pytest
from marking import right_answers

from grading import mutants
from rnnlib import graph, losses, t_steps
from rnnlib.gradcheck import EXACT_TOLERANCE, central_difference, compare, relative_error
from rnnlib.scalar import Params

SLUGS = ["two-step", "t-steps", "graph-sweep", "softmax-gradient"]
SEEDS = 8
Q = np.array([[0.3, -1.2, 0.8], [2.0, 0.1, -0.4], [-0.6, 0.5, 1.1], [1.4, -0.2, 0.0]])
ONE_OUT = np.array([0.5, 0.0, 2.0, 1.0])


@pytest.mark.pool
@pytest.mark.parametrize("slug", SLUGS)
def test_every_right_answer_agrees_with_the_library_over_the_options_of_the_exercise(slug):
    verdicts = list(mutants.mark_all(mutants.unchanged(slug), SEEDS, workers=1))
    assert len(verdicts) >= 4
    assert [verdict for verdict in verdicts if verdict.lost] == []


@pytest.mark.parametrize(
    ("q", "y", "weights"),
    [
        pytest.param(Q, np.array([0, label, 2, 1]), ONE_OUT, id=f"the label {label} where the weight is 0")
        for label in (-1, -100, 3, 10**6)
    ]
    + [
        pytest.param(np.where(ONE_OUT[:, None] == 0, np.inf, Q), np.zeros(4, int), ONE_OUT, id="inf in the padding"),
        pytest.param(Q, np.array([0, 9, 2, -7]), np.array([0, 0, 0, 0]), id="whole weights, all of them 0"),
        pytest.param(Q, np.array([0, -1, 2, 1]), ONE_OUT != 0, id="weights that are true or false"),
        pytest.param(Q, np.where(ONE_OUT[:, None] == 0, np.nan, Q**2), ONE_OUT, id="probabilities of any sum, and NaN"),
        pytest.param(Q[0], np.array(-100), np.array(0.0), id="a single prediction that is taken out"),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_softmax_answers_agree_on_what_stands_where_the_weight_is_0(q, y, weights, reduction):
    with np.errstate(invalid="ignore"):
        E = losses.cross_entropy(q, y, weights, reduction)
    yhat = losses.softmax(Q if q.shape == Q.shape else q)
    for name, answer in right_answers("softmax-gradient"):
        with np.errstate(invalid="ignore"):
            found = answer["cross_entropy"](q, y, weights, reduction)
            dq = answer["output_gradient"](yhat, y, weights, reduction)
        assert np.isfinite(found), name
        assert relative_error(found, E) < EXACT_TOLERANCE, name
        compare(dq, losses.output_gradient(yhat, y, weights, reduction), EXACT_TOLERANCE, [f"dq of {name}"])


@pytest.mark.parametrize("func", ["tanh", "sigmoid"])
def test_answers_by_path_and_by_recursion_agree_with_differences_where_some_errors_do_not_count(func):
    params, x = Params(u=0.7, w=-1.2, v=np.array([0.9, -0.4]), k=-0.3), np.array([0.5, -1.1, 0.8, 1.3, -0.6])
    counts, y = np.array([0.0, 3.0, 0.0, 0.0, 1.0]), np.array([1, 0, 1, 1, 0])
    f = t_steps.forward(params, x, -0.8, y, func)

    def error(at):
        moved = params._replace(u=at.u, w=at.w, k=at.k)
        E = [t_steps.forward(moved, x[:t], at.s_init, y[:t], func).E for t in range(1, 6)]
        return counts @ np.diff(E, prepend=0.0)

    numeric = central_difference(error, t_steps.Gradient(params.u, params.w, params.k, -0.8))
    for _, answer in right_answers("t-steps"):
        for way in ("sum_over_paths", "backward_recursion"):
            compare(answer[way](params, x, f.states, counts * f.dE_ds, func), numeric)


def test_answers_to_the_sweep_keep_a_derivative_of_0_and_count_its_arrows():
    arrows = {("a", "b"): 2.0, ("b", "c"): 3.0, ("c", "E"): 0.0, ("b", "side"): 1.0}
    expected = graph.Sweep({"a": 0.0, "b": 0.0, "c": 0.0, "E": 1.0}, 3)
    assert graph.sweep_back(arrows, "E") == expected
    for name, answer in right_answers("graph-sweep"):
        assert answer["sweep_back"](arrows, "E") == expected, name
        assert answer["sum_over_paths"](arrows, "a", "E") == graph.sum_over_paths(arrows, "a", "E") == (0.0, 3), name
