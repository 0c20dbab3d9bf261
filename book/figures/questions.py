"""Pictures of the chapter "Questions people ask about BPTT" (book/questions.md)."""

import numpy as np

from book.figures.style import BLUE, GREY, ORANGE, new_figure, picture, styled
from rnnlib import scalar
from rnnlib.activations import sigmoid


def output_readings(logits, y):
    """The error over one logit q, with softmax and with sigmoid: one Picture for each q of `logits`, a list.

    `y` is the target, a number. Source: the chapter "Questions people ask about BPTT" (book/questions.md),
    eq. one-class-softmax.
    """
    curve = np.linspace(-4, 4, 41)
    error = np.array([scalar.cross_entropy_of_probabilities(sigmoid(q), y) for q in curve])
    return [_output_reading(curve, error, float(q), y).named(f"{q:.1f}") for q in logits]


@styled
def _output_reading(curve, error, q, y):
    o = float(sigmoid(q))
    slope, shortcut = o - y, 1 - y
    near = np.array([q - 1.2, q + 1.2])
    figure, axes = new_figure(6.4, 3.4)
    axes.plot(curve, error, color=BLUE, label="sigmoid")
    axes.plot(near, scalar.cross_entropy_of_probabilities(o, y) + slope * (near - q), color=BLUE, linestyle=":")
    axes.plot(curve, np.zeros_like(curve), color=ORANGE, label="softmax of one number")
    axes.plot(near, shortcut * (near - q), color=GREY, linestyle="--", label=r"what $o - y$ claims of softmax")
    axes.plot([q, q], [scalar.cross_entropy_of_probabilities(o, y), 0], "o", color=GREY)
    axes.set(xlim=(-4.4, 4.4), ylim=(-1, 3.2), xlabel="$q$", ylabel="$E$")
    axes.set_title(
        f"$q$ = {q:.1f}: slope {slope:.2f} with sigmoid, 0 with softmax (claimed: {shortcut:.2f})", fontsize=11
    )
    axes.legend(loc="upper center", fontsize=10)
    alt = (
        f"The error over the logit q, for the target {y}. With a sigmoid it is a valley, whose slope at q = {q:.1f} is"
        f" {slope:.2f}. With the softmax of one number it is flat at 0, while o - y claims a slope of {shortcut:.2f}."
    )
    return picture(figure, alt)
