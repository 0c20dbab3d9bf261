"""Gradient clipping: between the gradient and the optimiser, never inside either."""

import numpy as np

from rnnlib.tree import tree_map


def global_norm(gradient):
    """The Euclidean norm of all entries of all arrays together, as a float.

    Shapes: `gradient` a NamedTuple of arrays, such as Params. Computed in float64; NaN if an entry is NaN, and
    otherwise inf if an entry is infinite.
    Source: the chapter "Vanishing and exploding" (book/vanishing.md), eq. global-norm.
    """
    # The built-in max would pass over a NaN, and a gradient of zeros but for a NaN would seem to have length 0.
    largest = float(np.max([np.max(np.abs(g), initial=0.0) for g in gradient], initial=0.0))
    if largest == 0 or not np.isfinite(largest):
        return largest
    # Scaled by the largest entry, so that the squares neither overflow nor vanish.
    return largest * float(np.sqrt(sum(np.sum(np.square(np.asarray(g, float) / largest)) for g in gradient)))


def clip_by_global_norm(gradient, max_norm):
    """The gradient scaled down to norm `max_norm` if it is longer, and its norm before: the direction is kept.

    Shapes: `gradient` a NamedTuple of arrays; the result is (a new one like it, float). Raises ValueError for a
    max_norm that is not positive, and for a gradient that holds NaN or inf.
    Source: the chapter "Vanishing and exploding" (book/vanishing.md), eq. clip-norm; Pascanu et al. (2013).
    """
    _check_limit("max_norm", max_norm)
    norm = global_norm(gradient)
    if not np.isfinite(norm):
        raise ValueError(f"the gradient has norm {norm}, expected a finite one: NaN and inf cannot be scaled away")
    scale = min(1.0, max_norm / norm) if norm > 0 else 1.0
    return tree_map(lambda g: g * np.asarray(scale, g.dtype), gradient), norm


def clip_by_value(gradient, limit):
    """The gradient with every entry moved into [-limit, limit]: the direction may change.

    Shapes: `gradient` a NamedTuple of arrays; the result is a new one like it. Raises ValueError for a limit that is
    not positive, and for a gradient that holds NaN.
    Source: the chapter "Vanishing and exploding" (book/vanishing.md), eq. clip-value.
    """
    _check_limit("limit", limit)
    if any(np.isnan(g).any() for g in gradient):
        raise ValueError("the gradient holds NaN, expected numbers: clipping cannot repair it")
    return tree_map(lambda g: np.clip(g, -limit, limit), gradient)


def _check_limit(name, limit):
    if not (np.isreal(limit) and limit > 0):
        raise ValueError(f"{name} is {limit!r}, expected a positive number")
