"""Python in a browser is a machine of 32 bits: what numpy draws there is made to fit."""

import numpy as np


def draw_indices():
    """Let `np.random.default_rng` make generators whose integers numpy takes as indices.

    A Generator draws integers of 64 bits on every machine. On one of 32 bits `np.take`, `np.repeat`, `np.bincount` and
    others refuse them, so that code which is right elsewhere would fail. The numbers drawn stay the same.
    """
    default_rng = np.random.default_rng
    np.random.default_rng = lambda seed=None: Generator(default_rng(seed).bit_generator)


class Generator(np.random.Generator):
    """A `numpy.random.Generator` whose integers are as wide as those that numpy indexes with, where they fit."""

    def integers(self, low, high=None, size=None, dtype=None, endpoint=False):
        """Integers as numpy's own method draws them; of 64 bits only if they need them, or if `dtype` says so."""
        if dtype is not None:
            return super().integers(low, high, size, dtype, endpoint)
        return _fitting(super().integers(low, high, size, endpoint=endpoint))

    def choice(self, a, *arguments, **keywords):
        """A choice as numpy's own method makes it: of a number of things, as indices."""
        chosen = super().choice(a, *arguments, **keywords)
        return _fitting(chosen) if np.ndim(a) == 0 else chosen


def _fitting(drawn):
    narrow = drawn.astype(np.intp)
    return narrow if np.array_equal(narrow, drawn) else drawn
