"""The equation of the page "For users of torch and JAX", on the states that torch returned."""

import json
from pathlib import Path

import numpy as np
from pytest import approx

from rnnlib.activations import sigmoid


def check_gru_inner_bias():
    frozen = json.loads((Path(__file__).parents[3] / "book" / "frameworks.json").read_text(encoding="utf-8"))["gru"]
    case = {name: np.array(frozen["case"][name]) for name in ("x", "s_init")}
    (U_r, U_u, U_g), (W_r, W_u, W_g), (b_r, b_u, b_g) = (
        np.split(np.array(frozen["case"]["params"][p]), 3) for p in "UWb"
    )
    s = case["s_init"]
    for x, after in zip(case["x"], np.array(frozen["states"]), strict=True):
        r, u = sigmoid(x @ U_r.T + s @ W_r.T + b_r), sigmoid(x @ U_u.T + s @ W_u.T + b_u)
        g = np.tanh(x @ U_g.T + b_g + r * (s @ W_g.T + frozen["inner"]))
        assert u * s + (1 - u) * g == approx(after, rel=1e-12)
        s = after
