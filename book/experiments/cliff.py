"""The error of one unit as a surface over its two parameters, which has a cliff, and gradient descent towards it."""

from typing import NamedTuple

import numpy as np

from rnnlib.clipping import clip_by_global_norm

S_INIT, TARGET = 0.3, 0.7


class Unit(NamedTuple):
    """The parameters of s_t = tanh(w s_{t-1} + k), or the gradient with respect to them; arrays that broadcast."""

    w: np.ndarray
    k: np.ndarray


class Descent(NamedTuple):
    """A run of gradient descent, before every update and after the last: each array has the shape (updates + 1,)."""

    w: np.ndarray
    k: np.ndarray
    E: np.ndarray
    norm: np.ndarray  # of the gradient, before it is clipped


def error_and_gradient(unit, T):
    """E = (s_{T-1} - TARGET)^2 / 2 after T steps from the state S_INIT, without input, and its gradient as a Unit."""
    w, k = np.broadcast_arrays(*map(np.asarray, unit))
    states = [np.full(w.shape, S_INIT)]
    for _ in range(T):
        states.append(np.tanh(w * states[-1] + k))
    ds = states[-1] - TARGET
    E, dw, dk = ds**2 / 2, np.zeros(w.shape), np.zeros(w.shape)
    for s, s_prev in zip(states[:0:-1], states[-2::-1], strict=True):
        delta = ds * (1 - s**2)
        dw, dk = dw + delta * s_prev, dk + delta
        ds = w * delta
    return E, Unit(dw, dk)


def descend(start, T, updates, rate, max_norm=np.inf):
    """Gradient descent from `start`, a Unit of two numbers, with gradients clipped at `max_norm`: a Descent."""
    unit, seen = Unit(*map(np.asarray, start)), []
    for _ in range(updates + 1):
        E, gradient = error_and_gradient(unit, T)
        clipped, norm = clip_by_global_norm(gradient, max_norm)
        seen.append((*unit, E, norm))
        unit = Unit(*(theta - rate * g for theta, g in zip(unit, clipped, strict=True)))
    return Descent(*np.array(seen, dtype=float).T)
