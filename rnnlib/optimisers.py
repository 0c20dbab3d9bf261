"""Optimisers as pure functions: old parameters, gradient and optimiser state in, new parameters and state out.

They work on any NamedTuple of arrays (the Params of the RNN, the LSTM or the GRU) and keep its dtype. Nothing is
changed in place. `rate` is the learning rate; bind it with functools.partial before training.
"""

from typing import NamedTuple

import numpy as np

from rnnlib.tree import tree_map


class Momentum(NamedTuple):
    """State of `sgd`."""

    velocity: tuple  # like the parameters


class Squares(NamedTuple):
    """State of `adagrad`."""

    total: tuple  # like the parameters: the sum of all squared gradients so far


class Moments(NamedTuple):
    """State of `adam`."""

    t: int  # updates done
    mean: tuple  # like the parameters: running mean of the gradients
    square: tuple  # like the parameters: running mean of their squares


def sgd(params, gradient, state, *, rate, momentum=0.0):
    """One step of gradient descent: velocity <- momentum * velocity - rate * gradient is added to the parameters.

    Shapes: `params`, `gradient` and `state.velocity` alike; returns (params, state). Raises ValueError if the
    shapes differ. Source: the chapter "Vectors and matrices" (book/vectors.md), eq. sgd; Polyak (1964).
    """
    _check(params, gradient, state.velocity)
    velocity = tree_map(lambda v, g: momentum * v - rate * g, state.velocity, gradient)
    return tree_map(np.add, params, velocity), Momentum(velocity)


def adagrad(params, gradient, state, *, rate, epsilon=1e-8):
    """One step of Adagrad: each entry moves by rate * g / sqrt(sum of its squared gradients + epsilon).

    Shapes: `params`, `gradient` and `state.total` alike; returns (params, state). Raises ValueError if the shapes
    differ. Source: the chapter "Vectors and matrices" (book/vectors.md), eq. adagrad; Duchi, Hazan and Singer (2011).
    """
    _check(params, gradient, state.total)
    total = tree_map(lambda n, g: n + g * g, state.total, gradient)
    new = tree_map(lambda p, g, n: p - rate * g / np.sqrt(n + epsilon), params, gradient, total)
    return new, Squares(total)


def adam(params, gradient, state, *, rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """One step of Adam: rate * mean / (sqrt(square) + epsilon), both running means corrected for their start at 0.

    Shapes: `params`, `gradient`, `state.mean` and `state.square` alike; returns (params, state). Raises ValueError
    if the shapes differ. Source: the chapter "Vectors and matrices" (book/vectors.md), eq. adam;
    Kingma and Ba (2015), algorithm 1.
    """
    _check(params, gradient, state.mean, state.square)
    t = state.t + 1
    mean = tree_map(lambda m, g: beta1 * m + (1 - beta1) * g, state.mean, gradient)
    square = tree_map(lambda v, g: beta2 * v + (1 - beta2) * g * g, state.square, gradient)
    scale1, scale2 = 1 - beta1**t, 1 - beta2**t
    new = tree_map(lambda p, m, v: p - rate * (m / scale1) / (np.sqrt(v / scale2) + epsilon), params, mean, square)
    return new, Moments(t, mean, square)


def sgd_state(params):
    """The state of `sgd` before the first step: velocity zero. Shapes: like `params`."""
    return Momentum(tree_map(np.zeros_like, params))


def adagrad_state(params):
    """The state of `adagrad` before the first step: no squares yet. Shapes: like `params`."""
    return Squares(tree_map(np.zeros_like, params))


def adam_state(params):
    """The state of `adam` before the first step: t = 0, both means zero. Shapes: like `params`."""
    return Moments(0, tree_map(np.zeros_like, params), tree_map(np.zeros_like, params))


def _check(params, gradient, *memories):
    for name, tree in (("gradient", gradient), *(("state", memory) for memory in memories)):
        if len(tree) != len(params):
            raise ValueError(f"{name} holds {len(tree)} arrays, expected {len(params)}, one per parameter")
        for field, array, p in zip(params._fields, tree, params, strict=True):
            if np.shape(array) != np.shape(p):
                raise ValueError(f"{name} of {field} has shape {np.shape(array)}, expected {np.shape(p)}")
