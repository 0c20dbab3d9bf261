"""The curves of a history of training: means, colours, the words beside them, and the axes around them."""

import numpy as np
import pytest

from book.figures.curves import draw_histories, smoothed
from book.figures.style import BLUE, ORANGE, new_figure

HISTORIES = {"rising": np.arange(25.0), "level": np.full(25, 40.0)}


def test_a_mean_lies_in_the_middle_of_its_updates_and_a_remainder_is_left_out():
    updates, means = smoothed(np.arange(25.0), 10)
    assert updates.tolist() == [5, 15]
    assert means.tolist() == [4.5, 14.5]


def test_a_history_too_short_for_one_mean_is_refused():
    with pytest.raises(ValueError, match="history has 9 updates, expected at least 10"):
        smoothed(np.ones(9), 10)


def test_the_words_beside_a_picture_are_told_where_its_curves_end():
    axes = new_figure()[1]
    assert draw_histories(axes, HISTORIES, (BLUE, ORANGE)) == {"rising": 14.5, "level": 40.0}
    assert [line.get_ydata()[-1] for line in axes.lines] == [14.5, 40.0]
    assert [line.get_label() for line in axes.lines] == ["rising", "level"]


def test_every_curve_and_baseline_fits_into_the_axes():
    axes = new_figure()[1]
    draw_histories(axes, HISTORIES, (BLUE, ORANGE), baselines={"a guess": 50.0})
    bottom, top = axes.get_ylim()
    assert bottom == 0
    assert top > 50


def test_a_history_without_a_colour_is_refused_and_not_left_out():
    with pytest.raises(ValueError, match="shorter"):
        draw_histories(new_figure()[1], HISTORIES, [BLUE])
