"""Solutions, right answers in other styles and rnnlib agree: LSTM, loop and scan, clipping, the gradient checker."""

import numpy as np
import pytest
from marking import right_answers

from rnnlib import clipping, diagnostics, gradcheck, linear, lstm, lstm_cell
from rnnlib.exercise import pairs
from rnnlib.params import Params
from rnnlib.tree import leaves


def agree(found, expected, tol=1e-12):
    """Raise an AssertionError unless all arrays of two trees agree."""
    for (path, a), (_, n) in zip(leaves(found), leaves(expected), strict=True):
        gradcheck.compare(a, n, tol, names=[path or "the result"])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_a_step_of_the_lstm_and_its_way_back_agree(rng):
    for _, names in right_answers("lstm-cell"):
        params, x, (s_prev, m_prev), _ = names["random_case"](rng, 1, 2, 5, 3, 4)
        after = lstm_cell.step(params, x[0], s_prev, m_prev)
        agree(names["step"](params, x[0], s_prev, m_prev), after)
        given = params, x[0], s_prev, m_prev, after.m, after.gates, *rng.normal(size=(2, 2, 3))
        agree(names["step_backward"](*given), lstm_cell.step_backward(*given))


def test_the_way_back_through_the_lstm_agrees_with_differences_of_the_error_and_of_what_comes_later(rng):
    # Steps without weight count as far as ds_last reaches them, and so does what is put in there.
    for _, names in right_answers("lstm-cell"):
        for row in pairs(names["OPTIONS"]["backward"], rng):
            params, x, s_init, y = names["random_case"](rng, T=4, B=3, D=1, H=2, K=6)
            options, later = names["random_options"](rng, 4, 3, 2, **row)
            fwd = lstm.forward(params, x, s_init, y, **options)
            back = lstm.backward(params, x, y, fwd, **options, **later)
            agree(names["backward"](params, x, y, fwd, **options, **later), back)

            def error(at, y=y, options=options, later=later):
                fwd = lstm.forward(*at, y, **options)
                return fwd.E + np.sum(later.get("ds_last", 0) * fwd.states[-1])

            agree(back, gradcheck.central_difference(error, (params, x, s_init)), tol=1e-6)


def test_one_call_for_training_the_lstm_agrees(rng):
    for _, names in right_answers("lstm-cell"):
        for row in pairs(names["OPTIONS"]["loss_and_gradient"], rng):
            case = names["random_case"](rng, T=5, B=3, D=2, H=7, K=8)
            options, _ = names["random_options"](rng, 5, 3, 7, **row)
            agree(names["loss_and_gradient"](*case, **options), lstm.loss_and_gradient(*case, **options))


def test_loops_and_scans_agree_for_every_length_and_kind_of_decay(rng):
    for _, names in right_answers("linear-scan"):
        for row in pairs(names["OPTIONS"], rng):
            a, b, s_init, e = names["random_case"](rng, B=2, H=3, **row)
            states = linear.loop_forward(a, b, s_init)
            agree(names["loop_forward"](a, b, s_init), states)
            agree(names["scan_forward"](a, b, s_init, names["combine"]), states)
            back = linear.loop_backward(a, states, e)
            agree(names["loop_backward"](a, states, e), back)
            agree(names["scan_backward"](a, states, e, names["combine"]), back)


@pytest.mark.parametrize("field", Params._fields)
@pytest.mark.parametrize(
    ("size", "value"), [(1, np.nan), (0, np.nan), (1, np.inf), (1, -np.inf), (1, -1e200), (0, 1e-200)]
)
def test_lengths_agree_whichever_array_holds_what_is_no_number_or_stands_out(field, size, value, rng):
    for _, names in right_answers("clipping"):
        gradient = names["with_entry"](rng, names["random_gradient"](rng, 3, 4, 2, size), field, value)
        found, expected = names["global_norm"](gradient), clipping.global_norm(gradient)
        assert found == pytest.approx(expected, rel=1e-12, abs=0, nan_ok=True)
        if not np.isfinite(value):
            for clip in (names["clip_by_global_norm"], clipping.clip_by_global_norm):
                with pytest.raises(ValueError):  # noqa: PT011  a student may word it freely
                    clip(gradient, 1.0)


def test_clipping_agrees(rng):
    for _, names in right_answers("clipping"):
        for size in names["SIZE"]:
            gradient, limit = names["random_gradient"](rng, 3, 4, 2, size), size * rng.uniform(0.2, 10.0)
            for name in ("clip_by_global_norm", "clip_by_value"):
                agree(names[name](gradient, limit), getattr(clipping, name)(gradient, limit))


def test_norms_of_jacobians_agree(rng):
    for _, names in right_answers("clipping"):
        for row in pairs(names["OPTIONS"]["jacobian_norms"], rng):
            func = {} if row["func"] == "left out" else {"func": row["func"]}
            case = names["random_states"](rng, 6, 3, 2, 4, scale=row["scale"], **func)
            agree(names["jacobian_norms"](*case, **func), diagnostics.jacobian_norms(*case, **func))


def test_numerical_gradients_agree(rng):
    for _, names in right_answers("gradient-checker"):
        for row in pairs(names["OPTIONS"]["central_difference"], rng):
            point, h = names["random_point"](rng, row["point"]), {} if row["h"] == "left out" else {"h": row["h"]}
            found = names["central_difference"](names["bent"], point, **h)
            agree(found, gradcheck.central_difference(names["bent"], point, **h), tol=1e-9)


def test_verdicts_agree_on_what_is_just_right_and_just_wrong(rng):
    for _, names in right_answers("gradient-checker"):
        for row in pairs(names["OPTIONS"]["compare"], rng):
            right = names["random_gradient"](rng, row["gradient"])
            options, called = names["compare_options"](right, tol=row["tol"], names=row["names"])
            for factor in (0.5, 2.0):
                wrong = names["leaves"](right)
                wrong[-1] = wrong[-1] * (1 + factor * options.get("tol", 1e-6))
                for compare in (names["compare"], gradcheck.compare):
                    if factor < 1:
                        compare(names["rebuild"](right, wrong), right, **options)
                    else:
                        with pytest.raises(AssertionError, match=called[-1]):
                            compare(names["rebuild"](right, wrong), right, **options)
