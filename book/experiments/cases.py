"""Random networks, each with a batch, on which chapters compare gradients and measure them."""

import numpy as np

from rnnlib.params import init_params


def case(T, B, D, H, K, seed=0):
    """A random network and a batch for it: (params, x, s_init, y).

    Shapes: x (T, B, D), s_init (B, H), not zero, and y int (T, B), with classes from 0 to K - 1.
    """
    rng = np.random.default_rng(seed)
    x, s_init = rng.standard_normal((T, B, D)), rng.standard_normal((B, H))
    return init_params(rng, D, H, K), x, s_init, rng.integers(K, size=(T, B))
