"""The two squashing functions of the course, and their derivatives written in terms of their output."""

import numpy as np


def tanh(z, out=None):
    """Hyperbolic tangent of every entry.

    Shapes: any, kept; written to `out` where given (which may be z). Real or complex. Source: the chapter
    "Two steps by hand", eq. forward-1.
    """
    return np.tanh(z, out=out)


def sigmoid(z, out=None):
    """Logistic function 1 / (1 + exp(-z)) of every entry, written with tanh so that it never overflows.

    Shapes: any, kept; written to `out` where given (which may be z). Real or complex. Source: the chapter
    "Two steps by hand", eq. forward-1.
    """
    half = np.tanh(np.multiply(z, 0.5, out=out), out=out)
    return np.add(np.multiply(half, 0.5, out=out), 0.5, out=out)


def tanh_derivative(s, out=None):
    """d tanh(z)/dz, given the output s = tanh(z).

    Shapes: any, kept; written to `out` where given (which must not be s). Source: the chapter "Two steps by
    hand", eq. squash-derivative.
    """
    return np.subtract(1.0, np.multiply(s, s, out=out), out=out)


def sigmoid_derivative(s, out=None):
    """d sigmoid(z)/dz, given the output s = sigmoid(z).

    Shapes: any, kept; written to `out` where given (which must not be s). Source: the chapter "Two steps by
    hand", eq. squash-derivative.
    """
    return np.multiply(s, np.subtract(1.0, s, out=out), out=out)


# np.tanh itself: inside a loop over steps one more Python call is a tenth of the time.
ACTIVATIONS = {"tanh": (np.tanh, tanh_derivative), "sigmoid": (sigmoid, sigmoid_derivative)}


def activation(name):
    """The function called `name` and its derivative in terms of the output, as a pair.

    Raises ValueError for a name other than "tanh" or "sigmoid".
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"func is {name!r}, expected one of {sorted(ACTIVATIONS)}")
    return ACTIVATIONS[name]
