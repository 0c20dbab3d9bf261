"""The random cases of the chapters have the sizes that were asked for, and no state of zero."""

import numpy as np
import pytest

from book.experiments.cases import case


def test_a_case_has_the_sizes_that_were_asked_for():
    params, x, s_init, y = case(T=6, B=3, D=5, H=4, K=2)
    assert [p.shape for p in params] == [(4, 5), (4, 4), (2, 4), (4,), (2,)]
    assert (x.shape, s_init.shape, y.shape) == ((6, 3, 5), (3, 4), (6, 3))
    assert set(y.ravel()) == {0, 1}


def test_the_first_state_of_a_case_is_not_zero():
    assert np.all(case(T=2, B=3, D=5, H=4, K=2)[2] != 0)


def test_the_seed_alone_decides_what_is_drawn():
    sizes = {"T": 2, "B": 3, "D": 5, "H": 4, "K": 2}
    assert case(**sizes, seed=1)[1] == pytest.approx(case(**sizes, seed=1)[1], abs=0)
    assert case(**sizes, seed=1)[1] != pytest.approx(case(**sizes, seed=2)[1])
