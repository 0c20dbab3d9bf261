"""A recurrence without a squashing function, unit by unit: s_t = a_t * s_{t-1} + b_t, by a loop or by a scan.

    a, b     (T, ...)     decays and inputs, of any shape after the time; real or complex
    states   (T+1, ...)   one buffer: s_init, then every state
    e        (T, ...)     dE_t/ds_t, what each state hears from the error of its own step

A step is the pair (a_t, b_t), the map from s to a_t * s + b_t. Two steps in a row are such a map too, and `combine`
gives its pair. A scan composes neighbours in any grouping, so that all steps are done after about log2(T) rounds.
Where numbers are complex, the gradient of a real E is dE/dRe + i dE/dIm, and every factor on the way back is conjugate.
Source: the chapter "When the loop can go" (book/linear.md).
"""

from typing import NamedTuple

import numpy as np

from rnnlib.validate import check_count, check_numbers


class LinearBackward(NamedTuple):
    """The gradient of E with respect to everything that a linear recurrence is made of."""

    a: np.ndarray  # (T, ...) dE/da_t
    b: np.ndarray  # (T, ...) dE/db_t, which is dE/ds_t
    s_init: np.ndarray  # (...) dE/ds_{-1}


def loop_forward(a, b, s_init):
    """Every state of s_t = a_t * s_{t-1} + b_t, one step after the other.

    Shapes: a and b (T, ...), s_init (...), result (T+1, ...), which begins with s_init. Raises ValueError for what does
    not fit. Source: the chapter "When the loop can go" (book/linear.md), eq. linear-recurrence.
    """
    a, b, s_init = _checked(a, b, s_init)
    states = np.empty((len(a) + 1, *s_init.shape), np.result_type(a, b, s_init))
    states[0] = s_init
    for t in range(len(a)):
        states[t + 1] = a[t] * states[t] + b[t]
    return states


def loop_backward(a, states, e):
    """The gradients of E with respect to a, b and s_init, one sweep back from the last step, as LinearBackward.

    Shapes: a and e (T, ...), states (T+1, ...). Nothing is changed in place. Raises ValueError for what does not fit.
    Source: the chapter "When the loop can go" (book/linear.md), eq. linear-gradients and conjugate-sweep.
    """
    a, e, states = _checked_back(a, states, e)
    ds = np.empty(e.shape, np.result_type(a, e))
    message = np.zeros_like(ds[0])  # nothing comes after the last step
    for t in reversed(range(len(a))):
        ds[t] = e[t] + message
        message = np.conj(a[t]) * ds[t]
    return LinearBackward(ds * np.conj(states[:-1]), ds, message)


def combine(first, second):
    """The pair of two steps in a row, of which `first` comes first: (a_2 a_1, a_2 b_1 + b_2).

    Shapes: two pairs (a, b) of arrays alike, of any shape. Source: the chapter "When the loop can go" (book/linear.md),
    eq. pair-composition.
    """
    (a_1, b_1), (a_2, b_2) = first, second
    return a_2 * a_1, a_2 * b_1 + b_2


def combine_matrices(first, second):
    """The pair of two steps in a row whose decays are matrices: (A_2 A_1, A_2 b_1 + b_2).

    Shapes: pairs of A (..., H, H) and b (..., H). Source: the chapter "When the loop can go" (book/linear.md), eq.
    pair-composition and affine-sweep.
    """
    (A_1, b_1), (A_2, b_2) = first, second
    return A_2 @ A_1, (A_2 @ b_1[..., None])[..., 0] + b_2


def scan(pairs, combine):
    """All steps up to t composed, for every t, in ceil(log2(T)) rounds over all steps at once.

    Before round n each pair covers the last 2^n steps; then it takes in the pair that lies 2^n steps before it. Shapes:
    `pairs` is (a, b), each with T steps along its first axis, as is the result; `combine` is called once per round.
    Work: of the order of T log2(T) compositions. Source: the chapter "When the loop can go" (book/linear.md), eq.
    scan-work; Hillis and Steele (1986).
    """
    T, reach = len(pairs[0]), 1
    while reach < T:
        composed = combine([p[:-reach] for p in pairs], [p[reach:] for p in pairs])
        pairs = [np.concatenate([p[:reach], c]) for p, c in zip(pairs, composed, strict=True)]
        reach *= 2
    return tuple(pairs)


def tree_scan(pairs, combine):
    """As `scan`, with fewer than 2 T compositions: up a binary tree and down again.

    Shapes: as for `scan`; `combine` is called about 2 log2(T) times. Source: the chapter "When the loop can go"
    (book/linear.md); Blelloch (1990).
    """
    T = len(pairs[0])
    if T == 1:
        return tuple(pairs)
    twos = combine([p[: T - 1 : 2] for p in pairs], [p[1::2] for p in pairs])  # steps 0 and 1, 2 and 3, ...
    odd = tree_scan(twos, combine)  # all steps up to an odd one
    even = combine([p[: (T - 1) // 2] for p in odd], [p[2::2] for p in pairs]) if T > 2 else [p[:0] for p in pairs]
    found = [np.empty((T, *o.shape[1:]), o.dtype) for o in odd]
    for array, p, o, more in zip(found, pairs, odd, even, strict=True):
        array[0], array[1::2], array[2::2] = p[0], o, more
    return tuple(found)


def chunked_scan(pairs, chunk):
    """As `scan` with `combine`, by a loop of `chunk` steps that runs in all chunks at once, and a loop over the chunks.

    The last chunk is filled up with pairs (1, 0), the step that changes nothing. Shapes: as for `scan`. Raises
    ValueError for a chunk that is no whole number of at least 1. Source: the chapter "When the loop can go"
    (book/linear.md).
    """
    chunk, T = check_count("chunk", chunk), len(pairs[0])
    chunks = -(-T // chunk)
    a, b = (
        np.concatenate([p, np.full((chunks * chunk - T, *p.shape[1:]), fill, p.dtype)]).reshape(
            chunks, chunk, *p.shape[1:]
        )
        for p, fill in zip(pairs, (1, 0), strict=True)
    )
    for t in range(1, chunk):  # inside the chunks
        a[:, t], b[:, t] = combine((a[:, t - 1], b[:, t - 1]), (a[:, t], b[:, t]))
    for n in range(1, chunks):  # what the chunks before hand on
        a[n], b[n] = combine((a[n - 1, -1], b[n - 1, -1]), (a[n], b[n]))
    return tuple(p.reshape(chunks * chunk, *p.shape[2:])[:T] for p in (a, b))


def scan_forward(a, b, s_init, combine):
    """Every state of s_t = a_t * s_{t-1} + b_t by a scan: no step waits for the one before it.

    Shapes: a and b (T, ...), s_init (...), result (T+1, ...), which begins with s_init; `combine` composes two pairs of
    arrays. Raises ValueError for what does not fit. Source: the chapter "When the loop can go" (book/linear.md), eq.
    scan-states.
    """
    a, b, s_init = _checked(a, b, s_init)
    A, B = scan((a, b), combine)
    return np.concatenate([s_init[None], A * s_init + B])


def scan_backward(a, states, e, combine):
    """The gradients of E with respect to a, b and s_init by a scan from the last step to the first, as LinearBackward.

    The way back is the way forward, flipped, with the decays shifted by one step. Shapes: a and e (T, ...), states
    (T+1, ...); `combine` composes two pairs of arrays. Nothing is changed in place. Raises ValueError for what does not
    fit. Source: the chapter "When the loop can go" (book/linear.md), eq. flipped-recurrence.
    """
    a, e, states = _checked_back(a, states, e)
    a = np.conj(a)
    later = np.concatenate([a[1:], np.ones_like(a[:1])])  # a_{t+1}; the last one meets no message
    ds = scan((later[::-1], e[::-1]), combine)[1][::-1]
    return LinearBackward(ds * np.conj(states[:-1]), ds, a[0] * ds[0])


def _checked(a, b, s_init, name="b"):
    a, b, s_init = check_numbers("a", a), check_numbers(name, b), check_numbers("s_init", s_init)
    if a.ndim == 0 or len(a) == 0:
        raise ValueError(f"a has shape {a.shape}, expected at least one step")
    if b.shape != a.shape:
        raise ValueError(f"{name} has shape {b.shape}, expected {a.shape}, as a has")
    if s_init.shape != a.shape[1:]:
        raise ValueError(f"s_init has shape {s_init.shape}, expected {a.shape[1:]}")
    return a, b, s_init


def _checked_back(a, states, e):
    a, states = check_numbers("a", a), check_numbers("states", states)
    if a.ndim == 0 or states.shape != (len(a) + 1, *a.shape[1:]):
        raise ValueError(f"states have shape {states.shape}, expected one more step than a, which has shape {a.shape}")
    a, e, _ = _checked(a, e, states[0], "e")
    return a, e, states
