"""Random cases for the tests: all sizes different, s_init not zero, inputs that cannot be written to."""

import numpy as np

from rnnlib import lstm
from rnnlib.gradcheck import relative_error
from rnnlib.params import Params, init_params
from rnnlib.rnn import backward, forward

OPTIONS = [{"func": func, "reduction": reduction} for func in ("tanh", "sigmoid") for reduction in ("mean", "sum")]


def case(seed, T=6, B=3, D=5, H=4, K=2, dtype=np.float64):
    """(params, x, s_init, y) of the given sizes, all read-only, and the generator that drew them."""
    rng = np.random.default_rng(seed)
    params = init_params(rng, D, H, K, dtype=dtype)
    x = rng.standard_normal((T, B, D)).astype(dtype)
    s_init = rng.standard_normal((B, H)).astype(dtype)
    y = rng.integers(K, size=(T, B))
    return (frozen(params), frozen(x), frozen(s_init), frozen(y)), rng


def gated_case(model, rng, T=6, B=3, D=5, H=4, K=2):
    """(params, x, s_init, y) for the LSTM, whose s_init holds two states per sequence, or for the GRU."""
    params, x = model.init_params(rng, D, H, K), rng.standard_normal((T, B, D))
    s_init = rng.standard_normal((2, B, H) if model is lstm else (B, H))
    return params, x, s_init, rng.integers(K, size=(T, B))


def frozen(value):
    """`value` with every array in it read-only, so that a change in place fails at once."""
    if isinstance(value, tuple):
        return Params(*(frozen(array) for array in value))
    value.flags.writeable = False
    return value


def mask(rng, T, B):
    """Random weights (T, B) of which some are zero, but never all of a sequence's."""
    weights = rng.uniform(0.5, 2.0, (T, B)) * (rng.random((T, B)) < 0.7)
    weights[rng.integers(T), :] = 1.5
    return weights


def both(params, x, s_init, y, **options):
    """The Backward of a forward pass and the backward pass after it."""
    return backward(params, x, y, forward(params, x, s_init, y, **options), **options)


def equal(a, b):
    """Whether two trees of arrays and numbers are the same to the last bit, in types and dtypes too."""
    if isinstance(a, tuple):
        return type(a) is type(b) and all(equal(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and np.array_equal(a, b) and getattr(a, "dtype", 0) == getattr(b, "dtype", 0)


def close(a, b, tol=1e-12):
    """Fail unless two Backwards are equal up to `tol` of the largest entry of each array."""
    a, b = ([*g.gradient, g.x, g.s_init] for g in (a, b))
    for one, other in zip(a, b, strict=True):
        assert (one is None) == (other is None)
        assert one is None or relative_error(one, other) < tol
