"""The five parameter arrays of a recurrent network, simple or gated."""

from typing import NamedTuple

import numpy as np


class Params(NamedTuple):
    """The parameters, stored as the formula writes them; or the gradient of E with respect to them.

    In a network with G gates, U, W and b have the rows of all gates one below the other: G*H rows, not H.
    """

    U: np.ndarray  # (H, D) input to state
    W: np.ndarray  # (H, H) state to state
    V: np.ndarray  # (K, H) state to logits
    b: np.ndarray  # (H,) bias of the state
    c: np.ndarray  # (K,) bias of the logits


def init_params(rng, D, H, K, scale=0.9, dtype=np.float64):
    """Random parameters: W ~ scale / sqrt(H), so that `scale` is about the spectral radius, and small biases.

    Shapes: U (H, D), W (H, H), V (K, H), b (H,), c (K,); `rng` is a numpy random Generator. Raises ValueError for
    a size below 1. Source: the chapter "Vanishing and exploding" (book/vanishing.md), eq. init-scale.
    """
    for name, size in (("D", D), ("H", H), ("K", K)):
        if size < 1:
            raise ValueError(f"{name} is {size}, expected at least 1")

    def normal(spread, *shape):
        return (spread * rng.standard_normal(shape)).astype(dtype)

    return Params(
        U=normal(1 / np.sqrt(D), H, D),
        W=normal(scale / np.sqrt(H), H, H),
        V=normal(1 / np.sqrt(H), K, H),
        b=normal(0.1, H),
        c=normal(0.1, K),
    )
