"""Arrays kept from call to call in a workspace, and the products over all steps that write into them.

A workspace is a dict that belongs to the caller and is empty at first. An array is kept under its name, its shape but
for the number of steps, and its dtype; a longer sequence replaces it, a shorter one uses its first steps.
"""

import numpy as np

from rnnlib.inputs import rows

SMALL_STEP = 2**9  # a step of more numbers takes so long that making a view of it is not felt


def buffer(workspace, name, shape, dtype):
    """An array of `shape` and `dtype` with unknown content, the same memory at every call.

    Shapes: `shape` begins with the number of steps.
    """
    key = (name, shape[1:], dtype)
    kept = workspace.get(key)
    if kept is None or len(kept) < shape[0]:
        kept = workspace[key] = np.empty(shape, dtype)
    return kept[: shape[0]]


def steps(workspace, name, array):
    """The steps of an array of the workspace; small ones as views made once, which saves a tenth at B = 1.

    Shapes: array (T, ...), a view of a buffer: it is recognised by its base. Raises AssertionError for an array that
    is not a view.
    """
    assert array.base is not None, "an array without a base cannot be told from another of its shape"
    if array[0].size > SMALL_STEP:
        return array
    kept, shape, views = workspace.get(name, (None, None, None))
    if kept is not array.base or shape != array.shape:
        views = list(array)
        workspace[name] = array.base, array.shape, views
    return views


def add_to_every_row(a, row):
    """Add `row` to every step and sequence of a, in place: as one long row per step, in fewer loops.

    Shapes: a (T, B, n), row (n,).
    """
    every_step = a.reshape(len(a), -1)
    every_step += np.tile(row, a.shape[1])


def product(a, matrix, workspace, name):
    """a @ matrix as one matrix product, in the workspace. Shapes: a (T, B, n), matrix (n, m), result (T, B, m)."""
    out = buffer(workspace, name, (*a.shape[:2], matrix.shape[1]), a.dtype)
    rows(a).dot(matrix, rows(out))
    return out


def sum_of_outer(a, b, workspace, name):
    """The outer products of a[t, n] and b[t, n], summed over every step and sequence: one product, in the workspace.

    Shapes: a (T, B, m), b (T, B, n), result (m, n).
    """
    out = buffer(workspace, name, (a.shape[2], b.shape[2]), a.dtype)
    return np.matmul(rows(a).T, rows(b), out=out)  # dot would copy an array that is part of another's rows


def sum_of_rows(a):
    """The sum of a (T, B, n) over every step and sequence, as a product, which is quicker than sum()."""
    return np.ones(a.shape[0] * a.shape[1], a.dtype).dot(rows(a))
