"""Arrays kept from call to call in a workspace, and the products over all steps that write into them.

A workspace is a dict that belongs to the caller and is empty at first. An array is kept under its name, its shape but
for the number of steps, and its dtype; a longer sequence replaces it, a shorter one uses its first steps.
"""

import numpy as np

SMALL_STEP = 2**9  # a step of more numbers takes so long that making a view of it is not felt


def buffer(workspace, name, shape, dtype):
    """An array of `shape` and `dtype` with unknown content, the same memory at every call."""
    key = (name, shape[1:], dtype)
    kept = workspace.get(key)
    if kept is None or len(kept) < shape[0]:
        kept = workspace[key] = np.empty(shape, dtype)
    return kept[: shape[0]]


def steps(workspace, name, array):
    """The steps of an array of the workspace; small ones as views made once, which saves a tenth at B = 1."""
    if array[0].size > SMALL_STEP:
        return array
    kept, shape, views = workspace.get(name, (None, None, None))
    if kept is not array.base or shape != array.shape:
        views = list(array)
        workspace[name] = array.base, array.shape, views
    return views


def flat(a):
    """a (T, B, n) as the matrix (T * B, n) of all its rows."""
    return a.reshape(-1, a.shape[-1])


def add_to_every_row(a, row):
    """Add `row` (n,) to every step and sequence of a (T, B, n), in place: as one long row a step, in fewer loops."""
    every_step = a.reshape(len(a), -1)
    every_step += np.repeat(row[None], a.shape[1], axis=0).reshape(-1)


def product(a, matrix, workspace, name):
    """a @ matrix for a (T, B, n), as one matrix product."""
    out = buffer(workspace, name, (*a.shape[:2], matrix.shape[1]), a.dtype)
    flat(a).dot(matrix, flat(out))
    return out


def sum_of_outer(a, b, workspace, name):
    """The outer products of a[t, n] and b[t, n], summed over every step and sequence: one product."""
    out = buffer(workspace, name, (a.shape[2], b.shape[2]), a.dtype)
    return np.matmul(flat(a).T, flat(b), out=out)  # dot would copy an array that is part of another's rows


def sum_of_rows(a):
    """The sum of a (T, B, n) over every step and sequence, as a product, which is faster than sum()."""
    return np.ones(a.shape[0] * a.shape[1], a.dtype).dot(flat(a))
