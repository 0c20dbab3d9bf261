"""What is done to a tree of arrays is done to each of its leaves, and its structure stays."""

from typing import NamedTuple

import numpy as np
import pytest

from rnnlib import tree


class Inner(NamedTuple):
    W: np.ndarray
    b: np.ndarray


class Outer(NamedTuple):
    params: Inner
    E: float


ONE = Outer(Inner(np.arange(6.0).reshape(2, 3), np.ones(2)), 3.0)


def test_leaves_come_in_order_with_the_path_to_each():
    assert [path for path, _ in tree.leaves(ONE)] == ["params.W", "params.b", "E"]
    assert tree.leaves(ONE)[0][1] is ONE.params.W
    assert [path for path, _ in tree.leaves((1, (2, ONE)))] == ["0", "1.0", "1.1.params.W", "1.1.params.b", "1.1.E"]
    assert tree.leaves(7.0) == [("", 7.0)]


def test_a_tree_rebuilt_from_its_leaves_is_the_tree():
    again = tree.rebuild(ONE, (leaf for _, leaf in tree.leaves(ONE)))
    assert isinstance(again, Outer)
    assert isinstance(again.params, Inner)
    assert all(new is old for (_, new), (_, old) in zip(tree.leaves(again), tree.leaves(ONE), strict=True))
    assert tree.rebuild(((0, 0), 0), "abc") == (("a", "b"), "c")


def test_too_few_leaves_are_refused():
    with pytest.raises(StopIteration):
        tree.rebuild(ONE, [1, 2])


def test_a_function_meets_the_leaves_of_the_same_place():
    added = tree.tree_map(lambda a, b, c: a + 10 * b - c, ONE, ONE, ONE)
    assert isinstance(added, Outer)
    assert np.array_equal(added.params.W, 10 * ONE.params.W)
    assert added.E == 30.0


def test_trees_of_different_sizes_do_not_go_together():
    with pytest.raises(ValueError, match="shorter"):
        tree.tree_map(np.add, ONE, ONE.params)


def test_a_difference_added_again_is_what_there_was():
    other = Outer(Inner(np.full((2, 3), 0.25), np.full(2, -2.0)), 0.5)
    again = tree.add(tree.subtract(ONE, other), other)
    assert all(
        np.array_equal(new, old) for (_, new), (_, old) in zip(tree.leaves(again), tree.leaves(ONE), strict=True)
    )
