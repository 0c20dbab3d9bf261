"""Pictures of the chapter "Truncated BPTT" (book/truncated.md)."""

import numpy as np

from book.figures.curves import draw_histories
from book.figures.style import BLUE, GREEN, GREY, INK, ORANGE, PINK, new_figure, picture, styled
from rnnlib import diagnostics, fast, truncation


def kept_pairs(T, window, stride):
    """Which pairs of an error at t and a copy at k the truncated gradient holds: bool (T, T), row t, column k."""
    kept = np.zeros((T, T), bool)
    for begin, first, end in truncation.sweeps(T, window, stride):
        kept[first:end, begin:end] = True
    return np.tril(kept)  # no error reaches a later copy


def pairs_for_each_window(params, batch, windows, strides):
    """For each stride a list of Pictures, one for each window: the pairs that are kept, and the gradient's cosine.

    `strides` maps a label to a function from the window to the stride; `batch` is as in rnnlib.tasks.
    """
    s_init = np.zeros((batch.x.shape[1], len(params.b)))
    full = fast.loss_and_gradient(params, batch.x, s_init, batch.y, weights=batch.weights)[1].gradient
    rows = {}
    for label, stride_of in strides.items():
        rows[label] = []
        for window in windows:
            stride = stride_of(window)
            _, cut, _ = truncation.truncated_gradient(
                params, batch.x, s_init, batch.y, window, stride, weights=batch.weights
            )
            rows[label].append(_pairs(len(batch.x), window, stride, diagnostics.cosine(cut.gradient, full)))
    return rows


@styled
def _pairs(T, window, stride, cosine):
    kept = kept_pairs(T, window, stride)
    figure, axes = new_figure(4.4, 4.1)
    for pairs, colour, size in [(np.tril(~kept), GREY, 2.5), (kept, ORANGE, 8)]:
        t, k = np.nonzero(pairs)
        axes.plot(t, k, "s", color=colour, markersize=size)
    for end in range(stride, T, stride):
        axes.axvline(end - 0.5, color=BLUE, linewidth=0.7)
    axes.set(
        xlabel="error of step t", ylabel="copy of step k", aspect="equal", xlim=(-0.7, T - 0.3), ylim=(-0.7, T - 0.3)
    )
    axes.set_title(f"{kept.sum()} of {T * (T + 1) // 2} pairs, cosine {cosine:.3f}", fontsize=12)
    return picture(
        figure,
        f"Window {window}, stride {stride}: {kept.sum()} of the {T * (T + 1) // 2} pairs of an error and an earlier"
        f" copy of the weights are kept, near the diagonal; the cosine to the full gradient is {cosine:.3f}.",
    )


@styled
def cosines(curves, windows):
    """The cosine to the full gradient against the window, one curve for each label of `curves`: a Picture."""
    figure, axes = new_figure(6.4, 3.2)
    words = []
    for (label, values), colour in zip(curves.items(), (BLUE, GREEN, ORANGE), strict=True):
        axes.semilogx(windows, values, "o-", color=colour, base=2, label=label)
        words.append(f"{label}: {values[0]:.2f} at window {windows[0]}, {values[-1]:.2f} at {windows[-1]}")
    axes.axhline(1, color=INK, linewidth=0.6)
    axes.set(xlabel="window", ylabel="cosine", xticks=windows, xticklabels=windows, ylim=(0, 1.05))
    axes.legend(loc="lower right")
    return picture(figure, "Curves that rise towards 1. " + "; ".join(words) + ".")


@styled
def errors(curves):
    """E per prediction against updates, one curve for each label, of which there are at most four: a Picture."""
    figure, axes = new_figure(6.4, 3.3)
    ends = draw_histories(axes, curves, (BLUE, PINK, GREEN, ORANGE)[: len(curves)])
    axes.set(ylabel="error per prediction")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=9)
    return picture(figure, "; ".join(f"{label} ends at {end:.2f}" for label, end in ends.items()) + ".")


@styled
def memory(lengths, peaks):
    """Peak memory against the length of the sequence: a Picture.

    `peaks` is what `book.experiments.measured.peak_megabytes_by_length` returned for `lengths`.
    """
    figure, axes = new_figure(6.4, 3.3)
    for (label, megabytes), colour in zip(peaks.items(), (ORANGE, GREEN, BLUE), strict=True):
        axes.loglog(lengths, megabytes, "o-", color=colour, label=label)
    axes.set(xlabel="steps $T$", ylabel="peak memory, MB", xticks=lengths, xticklabels=lengths)
    megabytes = (2, 5, 10, 20, 50)
    axes.set(yticks=megabytes, yticklabels=megabytes)
    axes.minorticks_off()
    axes.legend(loc="upper left")
    return picture(
        figure,
        "Peak memory of one gradient: it grows in proportion to the length for the full gradient, more slowly with"
        " checkpoints, and hardly at all for chunks.",
    )
