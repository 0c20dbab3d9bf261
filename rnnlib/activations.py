"""The two squashing functions of the course, and their derivatives written in terms of their output."""

import numpy as np


def tanh(z):
    """Hyperbolic tangent of every entry.

    Shapes: any, kept. Real or complex. Source: the chapter "Two steps by hand", eq. forward-1.
    """
    return np.tanh(z)


def sigmoid(z):
    """Logistic function 1 / (1 + exp(-z)) of every entry, written with tanh so that it never overflows.

    Shapes: any, kept. Real or complex. Source: the chapter "Two steps by hand", eq. forward-1.
    """
    return 0.5 + 0.5 * np.tanh(0.5 * np.asarray(z))


def tanh_derivative(s):
    """d tanh(z)/dz, given the output s = tanh(z).

    Shapes: any, kept. Source: the chapter "Two steps by hand", eq. squash-derivative.
    """
    return 1.0 - s * s


def sigmoid_derivative(s):
    """d sigmoid(z)/dz, given the output s = sigmoid(z).

    Shapes: any, kept. Source: the chapter "Two steps by hand", eq. squash-derivative.
    """
    return s * (1.0 - s)


ACTIVATIONS = {"tanh": (tanh, tanh_derivative), "sigmoid": (sigmoid, sigmoid_derivative)}


def activation(name):
    """The function called `name` and its derivative in terms of the output, as a pair.

    Raises ValueError for a name other than "tanh" or "sigmoid".
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"func is {name!r}, expected one of {sorted(ACTIVATIONS)}")
    return ACTIVATIONS[name]
