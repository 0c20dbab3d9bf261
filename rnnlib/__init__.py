"""rnnlib: recurrent networks and their gradients, small enough to read, in numpy."""

__version__ = "0.1.0"
