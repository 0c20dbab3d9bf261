"""Trees of arrays: a number or an array, or a NamedTuple of such, nested to any depth.

Parameters, gradients, the states of optimisers and whole training runs are trees; what is done to one is done to
each of its leaves.
"""

import numpy as np


def leaves(tree, path=""):
    """[(path, leaf)] of every leaf in order; the path is made of field names (or positions), such as "params.W".

    Shapes: any. A leaf that is the whole tree has the path "".
    """
    if not isinstance(tree, tuple):
        return [(path, tree)]
    names = getattr(tree, "_fields", range(len(tree)))
    found = []
    for name, part in zip(names, tree, strict=True):
        found += leaves(part, f"{path}.{name}" if path else str(name))
    return found


def rebuild(like, new_leaves):
    """A tree of the structure of `like` with other leaves, given in the order of `leaves`.

    Shapes: `new_leaves` is an iterable with one entry per leaf. Raises StopIteration if there are too few.
    """
    new_leaves = iter(new_leaves)

    def built(part):
        if not isinstance(part, tuple):
            return next(new_leaves)
        parts = [built(inner) for inner in part]
        return type(part)(*parts) if hasattr(part, "_fields") else tuple(parts)

    return built(like)


def tree_map(f, first, *others):
    """f applied leaf by leaf to one or more trees of the same structure; the result has that of the first.

    Shapes: any. Raises ValueError if the numbers of leaves differ.
    """
    columns = ([leaf for _, leaf in leaves(tree)] for tree in (first, *others))
    return rebuild(first, [f(*row) for row in zip(*columns, strict=True)])


def add(a, b):
    """The sum of two trees, such as two gradients. Shapes: a, b and the result alike."""
    return tree_map(np.add, a, b)


def subtract(a, b):
    """The difference of two trees, such as two gradients. Shapes: a, b and the result alike."""
    return tree_map(np.subtract, a, b)
