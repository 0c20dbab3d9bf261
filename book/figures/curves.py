"""Curves of training: the error of each update, averaged over a few of them, against the updates."""

import numpy as np

from book.figures.style import INK


def draw_histories(axes, histories, colours, *, over=10, baselines=None):
    """Draw each of `histories` {label: error of each update}, smoothed, and return {label: its last mean}.

    `colours` has one for each; `over` is as for `smoothed`. `baselines` {words: error} are dotted lines.
    """
    ends = {}
    for (label, history), colour in zip(histories.items(), colours, strict=True):
        updates, means = smoothed(history, over)
        axes.plot(updates, means, color=colour, label=label)
        ends[label] = means[-1]
    for words, error in (baselines or {}).items():
        axes.axhline(error, color=INK, linewidth=0.8, linestyle=":")
        beside(axes, words, (len(history), error), INK, ha="right", va="bottom", shift=(0, 2))
    axes.set(xlabel="update", ylim=(0, None))  # last, as a limit keeps the axes from growing with their curves
    return ends


def beside(axes, words, point, colour, *, ha="left", va="center", shift=(8, 0)):
    """Write the name of a curve near a point of it, in its colour, `shift` points away."""
    axes.annotate(words, point, shift, textcoords="offset points", color=colour, ha=ha, va=va, annotation_clip=False)


def smoothed(history, over):
    """The updates in the middle of every `over` updates, and the mean of the history over these.

    Shapes: history (n,), both results (n // over,); a remainder at the end is left out. Raises ValueError if the
    history is shorter than `over`.
    """
    whole = len(history) // over
    if not whole:
        raise ValueError(f"history has {len(history)} updates, expected at least {over}")
    return over * (np.arange(whole) + 0.5), np.reshape(history[: whole * over], (whole, over)).mean(axis=1)
