"""How the error of a numerical derivative depends on its step h."""

import numpy as np

from rnnlib import gradcheck

STEPS = np.logspace(0, -16, 33)


def difference_errors(f, point, slope, steps=STEPS):
    """The relative error of the forward difference, the central difference and the complex step, for every step.

    `f` maps a number to a number, `slope` is its exact derivative at `point`; the result maps a name to an array of
    the length of `steps`, never below 1e-17, so that it can be drawn on a logarithmic axis. Source: the chapter
    "Checking gradients" (book/checking.md).
    """
    values = {
        "forward difference": [(f(point + h) - f(point)) / h for h in steps],
        "central difference": [gradcheck.central_difference(f, point, h) for h in steps],
        "complex step": [gradcheck.complex_step(f, point, h) for h in steps],
    }
    return {name: np.maximum(np.abs(np.array(v) - slope) / abs(slope), 1e-17) for name, v in values.items()}
