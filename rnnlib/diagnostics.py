"""What happens to a gradient on its way back: norms of Jacobians, bounds, and angles."""

from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.clipping import global_norm

MAX_SLOPE = {"tanh": 1.0, "sigmoid": 0.25}


class HopBounds(NamedTuple):
    """What the recurrent matrix alone says about a hop ds_t/ds_{t-1}."""

    spectral_radius: float  # the largest |eigenvalue| of W
    norm: float  # ||W||_2, the largest singular value of W
    per_hop: float  # ||W||_2 times the largest slope: no hop stretches a gradient by more


def jacobian_norms(params, s, func="tanh"):
    """||ds_t/ds_j||_2 of the last state of `s` with respect to each of its states, sequence by sequence.

    Shapes: s (T, B, H) states in a row; result (T, B), entry j is for ds_{T-1}/ds_j, so that the last row is 1. Cut s
    short to ask about an earlier t. Raises ValueError for another shape or an unknown func.
    Source: the chapter "Vanishing and exploding" (book/vanishing.md), eq. jacobian-product.
    """
    _, squash_derivative = activation(func)
    s, H = np.asarray(s), len(params.W)
    if s.ndim != 3 or s.shape[2] != H or 0 in s.shape:
        raise ValueError(f"s has shape {s.shape}, expected (T, B, {H})")
    slope = squash_derivative(s)
    path = np.broadcast_to(np.eye(H), (s.shape[1], H, H))
    norms = np.ones(s.shape[:2])
    for j in range(len(s) - 2, -1, -1):
        path = path @ (slope[j + 1][:, :, None] * params.W)  # ds_{j+1}/ds_j = diag(slope) W
        norms[j] = np.linalg.svd(path, compute_uv=False)[:, 0]  # the norm of a matrix is its largest singular value
    return norms


def hop_bounds(W, func="tanh"):
    """The spectral radius and the norm of W, and the most that one hop can stretch a gradient.

    per_hop < 1 is enough for gradients to vanish, so per_hop >= 1 is necessary for them to explode; neither is more
    than that. The spectral radius decides if all slopes are equal: with slopes that differ from unit to unit a
    gradient can vanish at a radius above 1, and grow at a radius of 0 if W is not normal.
    Shapes: W (H, H). Raises ValueError for another shape or an unknown func.
    Source: the chapter "Vanishing and exploding" (book/vanishing.md), eq. norm-bound; Pascanu et al. (2013).
    """
    activation(func)
    W = np.asarray(W)
    if W.ndim != 2 or W.shape[0] != W.shape[1]:
        raise ValueError(f"W has shape {W.shape}, expected (H, H)")
    norm = float(np.linalg.norm(W, ord=2))
    return HopBounds(float(np.abs(np.linalg.eigvals(W)).max()), norm, norm * MAX_SLOPE[func])


def cosine(a, b):
    """The cosine of the angle between two gradients, such as a truncated and the full one: 1 is the same direction.

    Shapes: two NamedTuples of arrays alike; the result is a float. Raises ValueError if either is zero throughout.
    Source: the chapter "Truncated BPTT" (book/truncated.md), eq. cosine.
    """
    lengths = global_norm(a), global_norm(b)
    if 0.0 in lengths:
        raise ValueError("a gradient is zero throughout: it has no direction")
    return float(sum(np.sum((x / lengths[0]) * (y / lengths[1])) for x, y in zip(a, b, strict=True)))
