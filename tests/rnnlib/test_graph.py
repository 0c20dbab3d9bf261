"""Sums over paths and both sweeps find one derivative; only the sums over paths grow with their number."""

import numpy as np
import pytest
from pytest import approx

from rnnlib import graph, losses, rnn, scalar
from rnnlib.params import Params

X, S_INIT = np.array([0.9, -1.3, 0.4, 2.0]), 0.6
Y = losses.softmax(np.random.default_rng(3).normal(size=(4, 2)))
PARAMS = scalar.Params(u=0.7, w=-1.1, v=np.array([1.4, -0.5]), k=0.2)
LOCAL = graph.recurrent_graph(PARAMS, X, S_INIT, Y)


def layers(T, H):
    """A graph of T + 1 layers of H nodes, each joined to all of the next layer, with random local derivatives."""
    rng = np.random.default_rng(T)
    pairs = [((t, i), (t + 1, j)) for t in range(T) for i in range(H) for j in range(H)]
    return dict(zip(pairs, rng.normal(size=len(pairs)), strict=True))


@pytest.mark.parametrize("start", ["u", "w", "k", "s_-1"])
def test_paths_and_both_sweeps_find_the_gradient_of_the_network(start):
    arrays = Params(*map(np.array, ([[PARAMS.u]], [[PARAMS.w]], PARAMS.v[:, None], [PARAMS.k], [0.0, 0.0])))
    _, found, _ = rnn.loss_and_gradient(arrays, X.reshape(4, 1, 1), np.array([[S_INIT]]), Y[:, None])
    gradients = {"u": found.gradient.U, "w": found.gradient.W, "k": found.gradient.b, "s_-1": found.s_init}
    expected = approx(float(gradients[start].squeeze()), rel=1e-12)
    assert graph.sum_over_paths(LOCAL, start, "E")[0] == expected
    assert graph.sweep_back(LOCAL, "E").derivatives[start] == expected
    assert graph.sweep_forward(LOCAL, start).derivatives["E"] == expected


def test_a_layered_graph_is_a_product_of_matrices():
    T, H = 4, 3
    local = layers(T, H)
    matrices = [np.array([[local[(t, i), (t + 1, j)] for i in range(H)] for j in range(H)]) for t in range(T)]
    product = np.linalg.multi_dot(matrices[::-1])
    for j in range(H):
        back = graph.sweep_back(local, (T, j))
        assert [back.derivatives[0, i] for i in range(H)] == approx(product[j])
        assert graph.sum_over_paths(local, (0, 1), (T, j))[0] == approx(product[j, 1])


def test_paths_multiply_where_sweeps_add():
    T, H = 5, 2
    local = layers(T, H)
    assert graph.sum_over_paths(local, (0, 0), (T, 1))[1] == T * H ** (T - 1)
    assert graph.sweep_back(local, (T, 1)).multiplications == (T - 1) * H**2 + H
    assert graph.sweep_forward(local, (0, 0)).multiplications == (T - 1) * H**2 + H


def test_arrows_that_the_end_does_not_depend_on_cost_nothing():
    back = graph.sweep_back(LOCAL, "E_1")
    assert back.derivatives.keys() == {"E_1", "s_1", "z_1", "s_0", "z_0", "u", "w", "k", "s_-1"}
    assert back.multiplications == 11


def test_a_circle_is_refused():
    circle = {("a", "b"): 1.0, ("b", "a"): 2.0}
    for call in (lambda: graph.sweep_back(circle, "b"), lambda: graph.paths(circle, "a", "c")):
        with pytest.raises(ValueError, match="cycle"):
            call()
