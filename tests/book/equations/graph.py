"""The equations of the chapter "The computational graph", each on fresh numbers."""

import numpy as np
import pytest
from pytest import approx

from rnnlib import gradcheck, graph, losses, scalar

rng = np.random.default_rng(52)
U, W, K, S_INIT = rng.normal(size=4)
V, X = rng.normal(size=2), rng.normal(size=2)
Y = losses.softmax(rng.normal(size=(2, 2)))
LOCAL = graph.recurrent_graph(scalar.Params(U, W, V, K), X, S_INIT, Y)
WITNESS = {"u": U, "w": W, "k": K, "s_-1": S_INIT}


def network(w=W, u=U, k=K, s_init=S_INIT):
    """Every number of the network by the formulas of the chapter."""
    n = {"s_-1": s_init}
    for t in range(2):
        n[f"z_{t}"] = u * X[t] + w * n[f"s_{t - 1}"] + k
        n[f"s_{t}"] = np.tanh(n[f"z_{t}"])
        n[f"E_{t}"] = -np.sum(Y[t] * np.log(losses.softmax(V * n[f"s_{t}"])))
    return n | {"E": n["E_0"] + n["E_1"]}


def total(node, by):
    """d node / d by of the whole network, by the complex step."""
    name = "s_init" if by == "s_-1" else by
    return gradcheck.complex_step(lambda value: network(**{name: value})[node], WITNESS[by])


def check_two_error_network():
    n = network()
    for t in range(2):
        assert scalar.cross_entropy_of_probabilities(losses.softmax(V * n[f"s_{t}"]), Y[t]) == approx(n[f"E_{t}"])
    assert scalar.forward(scalar.Params(U, W, V, K), X, S_INIT, Y[1]).E == approx(n["E_1"])


def check_graph_local_derivatives():
    n = network()
    for t in range(2):
        z = f"z_{t}"
        s_prev, s = n[f"s_{t - 1}"], n[f"s_{t}"]
        assert [LOCAL["u", z], LOCAL["w", z], LOCAL["k", z], LOCAL[f"s_{t - 1}", z]] == [X[t], approx(s_prev), 1, W]
        assert gradcheck.complex_step(lambda w, s=s_prev, t=t: U * X[t] + w * s + K, W) == approx(LOCAL["w", z])
        assert gradcheck.complex_step(np.tanh, n[z]) == approx(1 - s**2) == LOCAL[z, f"s_{t}"]
        of_s = gradcheck.complex_step(lambda s, t=t: -np.sum(Y[t] * np.log(losses.softmax(V * s))), s)
        assert of_s == approx(np.sum(V * (losses.softmax(V * s) - Y[t]))) == LOCAL[f"s_{t}", f"E_{t}"]
        assert LOCAL[f"E_{t}", "E"] == 1


def check_path_sum():
    for by in WITNESS:
        products = [np.prod([LOCAL[edge] for edge in path]) for path in graph.paths(LOCAL, by, "E")]
        assert sum(products) == approx(total("E", by), rel=1e-12)
    assert len(graph.paths(LOCAL, "w", "E")) == 3


def check_immediate_and_total_derivative():
    n = network()
    assert total("z_1", "w") == approx(n["s_0"] + W * total("s_0", "w"), rel=1e-12)
    assert total("z_1", "w") != pytest.approx(n["s_0"], rel=1e-3)


def check_backward_rule():
    found = graph.sweep_back(LOCAL, "E").derivatives
    assert found["E"] == 1
    for n in found.keys() - {"E"}:
        assert found[n] == approx(sum(found[head] * LOCAL[tail, head] for tail, head in LOCAL if tail == n))
    assert {by: found[by] for by in WITNESS} == approx({by: total("E", by) for by in WITNESS}, rel=1e-12)


def check_forward_rule():
    found = graph.sweep_forward(LOCAL, "w").derivatives
    assert found["w"] == 1
    for n in found.keys() - {"w"}:
        assert found[n] == approx(sum(LOCAL[p, head] * found.get(p, 0) for p, head in LOCAL if head == n))
        assert found[n] == approx(total(n, "w"), rel=1e-12)


def check_mode_costs():
    arrows = len(LOCAL)
    sweeps = [graph.sweep_forward(LOCAL, by).multiplications for by in WITNESS]
    assert max(sweeps) <= arrows
    assert sum(sweeps) <= arrows * len(WITNESS)
    assert graph.sweep_back(LOCAL, "E").multiplications <= arrows < sum(sweeps)


def check_path_count():
    for H, T in ((2, 2), (2, 5), (3, 4)):
        ones = {
            ((t, i), (t + 1, j)): 1.0
            for t in range(T)
            for i in range(H)
            for j in range(H)
            if (t > 0 or i == 0) and (t < T - 1 or j == 0)
        }
        assert len(graph.paths(ones, (0, 0), (T, 0))) == H ** (T - 1)
        assert graph.sweep_back(ones, (T, 0)).derivatives[0, 0] == H ** (T - 1)
        assert len(ones) == (T - 2) * H**2 + 2 * H
