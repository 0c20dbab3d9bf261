"""The page "Notation" says of every name in code what rnnlib gives it: shapes, meanings, fields."""

import re
from pathlib import Path

import numpy as np
import pytest

from rnnlib import gru, lstm, rnn, scalar
from rnnlib.losses import softmax
from rnnlib.params import init_params

PAGE = (Path(__file__).parents[2] / "book" / "notation.md").read_text(encoding="utf-8")
SIZES = {"T": 6, "B": 2, "D": 3, "H": 4, "K": 5, "4H": 16, "3H": 12}


def rows(section):
    """The rows of the table in one section, as lists of cells."""
    text = PAGE.split(f"## {section}\n")[1].split("\n## ")[0]
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")
    ]


def names_and_shapes(section):
    """(name in code, shape as numbers) of each row that has both."""
    found = []
    for row in rows(section):
        shape = re.match(r"\(([^)]*)\)", row[2]) if len(row) == 4 else None
        if shape and row[1].startswith("`"):
            letters = [letter.strip() for letter in shape[1].split(",") if letter.strip()]
            found.append((row[1].strip("`"), tuple(SIZES[letter] for letter in letters)))
    assert len(found) >= 4
    return found


@pytest.fixture(scope="module")
def named():
    """Everything the simple network computes, under the names of the page."""
    T, B, D, H, K = (SIZES[letter] for letter in "TBDHK")
    rng = np.random.default_rng(3)
    params, x, s_init = init_params(rng, D, H, K), rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    y, weights = rng.integers(K, size=(T, B)), rng.uniform(0.5, 2, (T, B))
    fwd = rnn.forward(params, x, s_init, y, weights=weights)
    z = x @ params.U.T + fwd.s_prev @ params.W.T + params.b
    q = fwd.s @ params.V.T + params.c
    dq = (fwd.yhat - np.eye(K)[y]) * weights[..., None] / B
    delta = rnn.delta_sweep(params, fwd.s, dq).delta
    data = {"x": x, "s_init": s_init, "y": y, "weights": weights, "z": z, "q": q, "delta": delta}
    return params, data | fwd._asdict()


def test_every_array_has_the_shape_that_the_page_gives_it(named):
    params, arrays = named
    for name, shape in names_and_shapes("Arrays"):
        assert arrays[name].shape == shape, name
    for name, shape in names_and_shapes("Parameters"):
        assert getattr(params, name).shape == shape, name
    assert params._fields == tuple(name for name, _ in names_and_shapes("Parameters"))


def test_the_formulas_of_the_page_hold(named):
    params, arrays = named
    np.testing.assert_allclose(arrays["s"], np.tanh(arrays["z"]), rtol=1e-12)
    np.testing.assert_array_equal(arrays["s_prev"][1:], arrays["s"][:-1])
    np.testing.assert_array_equal(arrays["s_prev"][0], arrays["s_init"])
    np.testing.assert_allclose(arrays["yhat"], softmax(arrays["q"]), rtol=1e-12)
    fwd = rnn.Forward(*(arrays[name] for name in rnn.Forward._fields))
    back = rnn.backward(params, arrays["x"], arrays["y"], fwd, weights=arrays["weights"])
    rows_of_delta = arrays["delta"].reshape(SIZES["T"] * SIZES["B"], SIZES["H"])
    np.testing.assert_allclose(back.gradient.b, rows_of_delta.sum(axis=0), rtol=1e-10)


@pytest.mark.parametrize(("model", "gates"), [(lstm, "4H"), (gru, "3H")])
def test_the_gated_networks_have_the_shapes_of_the_page(model, gates):
    T, B, D, H, K = (SIZES[letter] for letter in "TBDHK")
    rng = np.random.default_rng(4)
    s_init = rng.normal(size=(2, B, H) if model is lstm else (B, H))
    fwd = model.forward(model.init_params(rng, D, H, K), rng.normal(size=(T, B, D)), s_init)
    shapes = names_and_shapes("Gates")
    assert ("gates", fwd.gates.shape) in shapes
    for name, shape in shapes:
        if name != "gates" and model is lstm:
            assert getattr(fwd, name).shape == shape


def test_every_letter_of_the_scalar_network_is_a_field_of_rnnlib_scalar():
    fields = {name for kind in vars(scalar).values() for name in getattr(kind, "_fields", ())}
    table = rows("The two-step scalar network")
    listed = {name for row in table if len(row) == 3 for name in re.findall(r"`(\w+)`", row[1])}
    assert len(listed) >= 12
    assert listed <= fields
