"""The equations of the chapter "T steps", each on fresh numbers."""

import numpy as np
from pytest import approx

from rnnlib import gradcheck, losses, rnn
from rnnlib.params import Params as Arrays
from rnnlib.scalar import Params

rng = np.random.default_rng(53)
T = 6
PARAMS = Params(u=rng.normal(), w=rng.normal(), v=rng.normal(size=2), k=rng.normal())
X, S_INIT, Y = rng.normal(size=T), rng.normal(), np.eye(2)[rng.integers(2, size=T)]


def network(w=None, z_shift=None, s_shift=None, **changed):
    """States and errors by the formulas; `w` (T,) gives each step a copy of w, the shifts (T,) are added to z and s."""
    p = PARAMS._asdict() | {"s_init": S_INIT} | changed
    w = np.broadcast_to(p["w"] if w is None else w, T)
    states, errors = [p["s_init"]], []
    for t in range(T):
        z = p["u"] * X[t] + w[t] * states[-1] + p["k"] + (0 if z_shift is None else z_shift[t])
        states.append(np.tanh(z) + (0 if s_shift is None else s_shift[t]))
        errors.append(-np.sum(Y[t] * np.log(losses.softmax(p["v"] * states[-1]))))
    return np.array(states), errors


STATES, _ = network()
S, S_PREV = STATES[1:], STATES[:-1]
SLOPE = 1 - S**2
OUTPUTS = np.array([losses.softmax(PARAMS.v * s) for s in S])
DE_DS = np.array(  # along both arrows, from E_t to o_t and from o_t to s_t
    [-(y / o) @ losses.softmax_jacobian(o) @ PARAMS.v for y, o in zip(Y, OUTPUTS, strict=True)]
)
WITNESS = gradcheck.complex_step(lambda w: sum(network(w=[w] * T)[1]), PARAMS.w)


def hops(t, k):
    return np.prod([SLOPE[j] * PARAMS.w for j in range(k + 1, t + 1)])


PARTS = np.array([[DE_DS[t] * hops(t, k) * SLOPE[k] * S_PREV[k] * (k <= t) for k in range(T)] for t in range(T)])
DELTA = gradcheck.complex_step(lambda shift: sum(network(z_shift=shift)[1]), np.zeros(T))


def check_one_error():
    assert gradcheck.complex_step(lambda w: network(w=[w] * T)[1][3], PARAMS.w) == approx(PARTS[3, :4].sum(), rel=1e-12)
    for k in range(4):
        of_copies = gradcheck.complex_step(lambda w: network(w=w)[1][3], np.full(T, PARAMS.w))
        assert of_copies[k] == approx(PARTS[3, k], rel=1e-12)


def check_hop_product():
    for t in range(T):
        of_states = gradcheck.complex_step(lambda shift, t=t: network(s_shift=shift)[0][t + 1], np.zeros(T))
        assert of_states[: t + 1] == approx([hops(t, k) for k in range(t + 1)], rel=1e-12)
        of_copies = gradcheck.complex_step(lambda w, t=t: network(w=w)[0][t + 1], np.full(T, PARAMS.w))
        assert of_copies[t] == approx(SLOPE[t] * S_PREV[t], rel=1e-12)


def check_sum_over_paths():
    assert PARTS.sum() == approx(WITNESS, rel=1e-12)
    assert approx(np.sum(PARAMS.v * (OUTPUTS - Y), axis=1)) == DE_DS


def check_part_count():
    for length in (1, 2, 7, 100):
        assert sum(1 for t in range(length) for _ in range(t + 1)) == length * (length + 1) // 2


def check_sum_exchanged():
    rows = sum(PARTS[t, k] for t in range(T) for k in range(t + 1))
    columns = sum(PARTS[t, k] for k in range(T) for t in range(k, T))
    assert rows == approx(columns, rel=1e-12) == approx(WITNESS)


def check_delta_as_a_sum():
    for k in range(T):
        assert DELTA[k] == approx(sum(DE_DS[t] * hops(t, k) for t in range(k, T)) * SLOPE[k], rel=1e-12)
    of_copies = gradcheck.complex_step(lambda w: sum(network(w=w)[1]), np.full(T, PARAMS.w))
    assert of_copies == approx(DELTA * S_PREV, rel=1e-12)


def check_later_errors():
    for k in range(T - 1):
        later = sum(DE_DS[t] * hops(t, k) for t in range(k + 1, T))
        bracket = sum(DE_DS[t] * hops(t, k + 1) for t in range(k + 1, T))
        assert later == approx(bracket * SLOPE[k + 1] * PARAMS.w, rel=1e-12) == approx(DELTA[k + 1] * PARAMS.w)


def check_scalar_delta():
    delta = 0.0  # nothing comes after the last step
    for t in reversed(range(T)):
        message = PARAMS.w * delta
        delta = (DE_DS[t] + message) * SLOPE[t]
        assert DELTA[t] == approx(delta, rel=1e-12)


def check_gradients_from_delta():
    by_hand = {
        "u": sum(DELTA * X),
        "w": sum(DELTA * S_PREV),
        "k": sum(DELTA),
        "v": (OUTPUTS - Y).T @ S,
        "s_init": PARAMS.w * DELTA[0],
    }
    for name, value in by_hand.items():
        at = S_INIT if name == "s_init" else getattr(PARAMS, name)
        witness = gradcheck.complex_step(lambda p, name=name: sum(network(**{name: p})[1]), at)
        assert witness == approx(value, rel=1e-12)
    arrays = Arrays(*map(np.array, ([[PARAMS.u]], [[PARAMS.w]], PARAMS.v[:, None], [PARAMS.k], [0.0, 0.0])))
    x, s_init, y = X.reshape(T, 1, 1), np.array([[S_INIT]]), Y[:, None]
    gradient, _, ds_init = rnn.loss_and_gradient(arrays, x, s_init, y)[1]
    assert [g.item() for g in (gradient.U, gradient.W, gradient.b)] == approx([by_hand[name] for name in "uwk"])
    assert gradient.V[:, 0] == approx(by_hand["v"])
    assert ds_init.item() == approx(by_hand["s_init"])
