"""Tiny sequence tasks, drawn from a random generator, each with a known amount to remember.

Every task gives a Batch; the loss counts only where `weights` is 1. Wrap a task in a generator expression to have
a stream of batches for training: `(echo(rng, T, B, delay=3) for _ in range(1000))`.
"""

from typing import NamedTuple

import numpy as np


class Batch(NamedTuple):
    """What one update of training sees."""

    x: np.ndarray  # inputs, float (T, B, D), or tokens, int (T, B)
    y: np.ndarray  # targets, int (T, B)
    weights: np.ndarray | None = None  # weight of each step in E, (T, B); None is 1 everywhere
    carry: bool = False  # True: the state at the end of the previous batch goes on into this one


def echo(rng, T, B, *, delay=2, K=4):
    """Repeat each token `delay` steps later: y_t = x_{t - delay}.

    Shapes: tokens x and y (T, B) in 0..K-1, so D = K. Weights are 0 in the first `delay` steps.
    Raises ValueError unless 0 <= delay < T. Source: the chapter "Truncated BPTT", eq. echo-task.
    """
    _check_sizes(T=T, B=B, K=K)
    if not 0 <= delay < T:
        raise ValueError(f"delay is {delay}, expected 0 <= delay < T = {T}")
    x = rng.integers(K, size=(T, B))
    y, weights = np.zeros_like(x), np.ones((T, B))
    y[delay:] = x[: T - delay]
    weights[:delay] = 0
    return Batch(x, y, weights)


def parity(rng, T, B):
    """Say at every step whether the number of ones so far is odd.

    Shapes: tokens x and y (T, B) in 0..1, so D = K = 2. Source: the chapter "Recurrence", eq. parity-task;
    Minsky and Papert (1969).
    """
    _check_sizes(T=T, B=B)
    x = rng.integers(2, size=(T, B))
    return Batch(x, np.cumsum(x, axis=0) % 2, np.ones((T, B)))


def adding(rng, T, B, *, digits=5):
    """Add the two marked digits of a sequence; the sum is asked for at the last step.

    Shapes: x (T, B, 2), a digit divided by `digits` and a mark, 0 or 1; y (T, B) in 0..2*digits-2, so D = 2 and
    K = 2*digits - 1. One mark falls in each half. Weights are 0 before the last step. Raises ValueError for T < 2.
    Source: the chapter "Vanishing and exploding", eq. adding-task; Hochreiter and Schmidhuber (1997), experiment 4,
    with digits for reals so that the answer is a class.
    """
    _check_sizes(T=T, B=B, digits=digits)
    if T < 2:
        raise ValueError(f"T is {T}, expected at least 2: two digits are marked")
    value = rng.integers(digits, size=(T, B))
    mark = np.zeros((T, B), dtype=int)
    every_sequence = np.arange(B)
    mark[rng.integers(T // 2, size=B), every_sequence] = 1
    mark[rng.integers(T // 2, T, size=B), every_sequence] = 1
    return Batch(np.stack([value / digits, mark], axis=-1), *_asked_at_the_end((value * mark).sum(axis=0), T))


def delayed_recall(rng, T, B, *, K=4):
    """Name at the last step the token seen at the first; all tokens between are noise.

    Shapes: tokens x (T, B), first in 0..K-1, then noise in K..2K-1, so D = 2K; y (T, B) in 0..K-1. Weights are 0
    before the last step. Source: the chapter "Vanishing and exploding", eq. recall-task; Bengio, Simard and
    Frasconi (1994), the latching problem.
    """
    _check_sizes(T=T, B=B, K=K)
    x = rng.integers(K, 2 * K, size=(T, B))
    x[0] = rng.integers(K, size=B)
    return Batch(x, *_asked_at_the_end(x[0], T))


def _asked_at_the_end(answer, T):
    """Targets and weights, (T, B) each, of a task with one answer per sequence, (B,)."""
    y, weights = np.tile(answer, (T, 1)), np.zeros((T, answer.size))
    weights[-1] = 1
    return y, weights


def _check_sizes(**sizes):
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is {size}, expected at least 1")
