"""The equations of the chapter "Two steps by hand", each on fresh numbers."""

import math

import numpy as np
from pytest import approx

from rnnlib import activations, gradcheck, losses, scalar
from rnnlib.activations import activation

rng = np.random.default_rng(20)
U, W, K, S_INIT = rng.normal(size=4)
V, X = rng.normal(size=2), rng.normal(size=2)
Y = losses.softmax(rng.normal(size=2))
PARAMS = scalar.Params(U, W, V, K)
F = scalar.forward(PARAMS, X, S_INIT, Y)
B = scalar.backward(PARAMS, X, S_INIT, Y)


def error_of_copies(u=(U, U), w=(W, W), k=(K, K), s_init=S_INIT, v=V):
    """E of a network whose two steps have copies of their own: the definition of the immediate derivative."""
    s_0 = np.tanh(X[0] * u[0] + s_init * w[0] + k[0])
    s_1 = np.tanh(X[1] * u[1] + s_0 * w[1] + k[1])
    return scalar.cross_entropy_of_probabilities(losses.softmax(v * s_1), Y)


def immediate(letter):
    """The immediate derivatives with respect to both copies of a letter, by the complex step."""
    both = np.repeat(getattr(PARAMS, letter), 2)
    return gradcheck.complex_step(lambda copies: error_of_copies(**{letter: copies}), both)


# The local derivatives, each by the complex step from its own formula.
dE_do = gradcheck.complex_step(lambda o: -np.sum(Y * np.log(o)), F.o)
do_dq = np.array([gradcheck.complex_step(lambda q, i=i: losses.softmax(q)[i], F.q) for i in range(2)])
dq_ds_1 = V
ds_1_dz_1, ds_0_dz_0 = (gradcheck.complex_step(np.tanh, z) for z in (F.z_1, F.z_0))
FRONT = dE_do @ do_dq @ dq_ds_1 * ds_1_dz_1


def check_forward_1():
    assert approx(X[0] * U) == F.a_0
    assert approx(S_INIT * W) == F.b_0
    assert approx(F.a_0 + F.b_0 + K) == F.z_0
    assert approx(math.tanh(F.z_0)) == F.s_0


def check_forward_2():
    assert approx(X[1] * U) == F.a_1
    assert approx(F.s_0 * W) == F.b_1
    assert approx(F.a_1 + F.b_1 + K) == F.z_1
    assert approx(math.tanh(F.z_1)) == F.s_1


def check_output_pass():
    assert approx(V * F.s_1) == F.q
    assert approx(np.exp(F.q) / (math.exp(F.q[0]) + math.exp(F.q[1]))) == F.o
    assert approx(-Y[0] * math.log(F.o[0]) - Y[1] * math.log(F.o[1])) == F.E


def check_total_by_copies():
    total = gradcheck.complex_step(lambda u: error_of_copies(u=(u, u)), U)
    assert approx(sum(immediate("u")), rel=1e-12) == total


def check_local_derivatives():
    a, b = 0.3, -0.4
    assert gradcheck.complex_step(lambda a: a + b + K, a) == approx(1)
    assert gradcheck.complex_step(lambda b: a + b + K, b) == approx(1)
    assert gradcheck.complex_step(lambda k: a + b + k, K) == approx(1)
    assert gradcheck.complex_step(lambda u: X[1] * u, U) == approx(X[1])
    assert gradcheck.complex_step(lambda w: F.s_0 * w, W) == approx(F.s_0)
    assert gradcheck.complex_step(lambda s: s * W, F.s_0) == approx(W)
    assert gradcheck.complex_step(lambda s: V[1] * s, F.s_1) == approx(V[1])
    assert gradcheck.complex_step(lambda v: v * F.s_1, V[1]) == approx(F.s_1)


def check_squash_derivative():
    for name, formula in [("tanh", lambda s: 1 - s**2), ("sigmoid", lambda s: s * (1 - s))]:
        squash, slope = activation(name)
        assert slope(squash(0.7)) == approx(formula(squash(0.7)))
        assert gradcheck.complex_step(squash, 0.7) == approx(formula(squash(0.7)), rel=1e-12)


def check_softmax_jacobian():
    assert dE_do == approx(-Y / F.o)
    assert do_dq == approx(np.array([[F.o[i] * ((i == j) - F.o[j]) for j in range(2)] for i in range(2)]))


def check_chain_u_1():
    assert immediate("u")[1] == approx(FRONT * 1 * X[1], rel=1e-12)


def check_chain_u_0():
    assert immediate("u")[0] == approx(FRONT * 1 * W * ds_0_dz_0 * 1 * X[0], rel=1e-12)


def check_gathered_u():
    assert B.total.u == approx(FRONT * (1 * X[1] + 1 * W * ds_0_dz_0 * 1 * X[0]), rel=1e-12)


check_substituted_u = check_gathered_u


def check_clean_u():
    assert gradcheck.complex_step(lambda u: error_of_copies(u=(u, u)), U) == approx(
        FRONT * (X[1] + W * ds_0_dz_0 * X[0]), rel=1e-12
    )


def check_chain_w_1():
    assert immediate("w")[1] == approx(FRONT * 1 * F.s_0, rel=1e-12)


def check_chain_w_0():
    assert immediate("w")[0] == approx(FRONT * 1 * W * ds_0_dz_0 * 1 * S_INIT, rel=1e-12)


def check_clean_w():
    assert gradcheck.complex_step(lambda w: error_of_copies(w=(w, w)), W) == approx(
        FRONT * (F.s_0 + W * ds_0_dz_0 * S_INIT), rel=1e-12
    )


def check_clean_rest():
    dE_dq = dE_do @ do_dq
    assert gradcheck.complex_step(lambda k: error_of_copies(k=(k, k)), K) == approx(FRONT * (1 + W * ds_0_dz_0))
    assert gradcheck.complex_step(lambda v: error_of_copies(v=v), V) == approx(dE_dq * F.s_1)
    assert gradcheck.complex_step(lambda s: error_of_copies(s_init=s), S_INIT) == approx(FRONT * W * ds_0_dz_0 * W)


def check_output_gradient():
    for y in (Y, np.array([0.3, 0.0]), np.array([1.0, 2.0])):
        witness = gradcheck.complex_step(lambda q, y=y: -np.sum(y * np.log(losses.softmax(q))), F.q)
        assert witness == approx(F.o * y.sum() - y, rel=1e-12)


def check_logistic_bridge():
    q, y = 0.8, 0.3
    o = 1 / (1 + math.exp(-q))
    assert losses.softmax(np.array([q, 0.0]))[0] == approx(o)
    witness = gradcheck.complex_step(lambda q: scalar.cross_entropy_of_probabilities(activations.sigmoid(q), y), q)
    assert witness == approx(o - y, rel=1e-12)


def check_central_difference():
    errors = [
        abs(gradcheck.central_difference(lambda u: error_of_copies(u=(u, u)), U, h) - B.total.u) for h in (1e-2, 5e-3)
    ]
    assert errors[0] / errors[1] == approx(4, rel=0.01)


def check_complex_step():
    errors = [abs(gradcheck.complex_step(lambda u: error_of_copies(u=(u, u)), U, h) - B.total.u) for h in (1e-2, 5e-3)]
    assert errors[0] / errors[1] == approx(4, rel=0.01)


def check_gradient_error():
    a, n = np.array([1.0, -3.0]), np.array([1.5, -2.0])
    assert gradcheck.relative_error(a, n) == approx(1.0 / 3.0)
    assert gradcheck.relative_error(np.array([2e-5]), np.array([1e-5])) == approx(1e-5 / 1e-4)


def check_sum_over_t():
    for letter in "uw":
        assert getattr(B.total, letter) == approx(sum(immediate(letter)), rel=1e-12)


def check_sum_two_steps():
    do_ds_1 = do_dq @ dq_ds_1
    ds_1_du_1, ds_0_du_0 = ds_1_dz_1 * X[1], ds_0_dz_0 * X[0]
    ds_1_ds_0 = W * ds_1_dz_1
    assert B.total.u == approx(dE_do @ do_ds_1 * ds_1_du_1 + dE_do @ do_ds_1 * ds_1_ds_0 * ds_0_du_0, rel=1e-12)
