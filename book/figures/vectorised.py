"""Pictures of the chapter "Vectorised BPTT" (book/vectorised.md)."""

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator

from book.figures.style import BLUE, GREEN, GREY, INK, ORANGE, new_figure, picture, styled

ROWS = {"x": 3.0, "states": 2.0, "dq": 1.0, "delta": 0.0}


def sweep(T=4):
    """Frames of vectorised BPTT: which rows of which buffer are computed in each call.

    Returns 2T + 4 Pictures: the projection, T states, the output gradients and their way to the states, T deltas,
    and the products and sums for the parameters.
    """
    every, states = set(range(T)), set(range(1, T + 1))
    frames = [
        ("the inputs", {"states": states}, "all steps in one call:  X U^T + b",
         "the inputs are projected into the states buffer")
    ]  # fmt: skip
    for t in range(T):
        title = f"step {t}:  + S_{t - 1} W^T, then tanh"
        frames.append((f"state {t}", {"states": {t + 1}}, title, f"state {t} is finished"))
    frames += [
        ("the output", {"dq": every}, "all steps in one call:  S V^T + c, softmax, minus Y",
         "the output gradients are computed"),
        ("own errors", {"delta": every}, "all steps in one call:  dQ V", "every step hears from its own prediction"),
    ]  # fmt: skip
    for t in reversed(range(T)):
        message = f"+ delta_{t + 1} W, " if t < T - 1 else ""
        title = f"step {t}:  {message}times the slope"
        frames.append((f"delta {t}", {"delta": {t}}, title, f"delta of step {t} is finished"))
    title = "dU = delta^T X,  dW = delta^T S_prev,  dV = dQ^T S;  db, dc: sums"
    frames.append(("gradients", {}, title, "the gradients of the parameters"))
    done, pictures = {"x": every, "states": {0}}, []
    for name, now, title, words in frames:
        pictures.append(_buffers(T, done, now, title, words).named(name))
        done = {row: done.get(row, set()) | now.get(row, set()) for row in ROWS}
    return pictures


@styled
def _buffers(T, done, now, title, words):
    figure, axes = new_figure(7.2, 3.1)
    axes.set(xlim=(-2.1, T + 2.3), ylim=(-0.35, 4.35))
    axes.axis("off")
    for name, y in ROWS.items():
        label = {"dq": "dQ", "x": "X"}.get(name, name)
        axes.text(-1.25, y + 0.35, label, ha="right", va="center")
        for row in range(T + 1 if name == "states" else T):
            x = row - 1 if name == "states" else row
            colour = ORANGE if row in now.get(name, ()) else BLUE if row in done.get(name, ()) else GREY
            filled = colour != GREY
            axes.add_patch(
                Rectangle((x + 0.05, y), 0.9, 0.7, facecolor=colour, alpha=0.3 if filled else 0.08, linewidth=0)
            )
            axes.add_patch(
                Rectangle((x + 0.05, y), 0.9, 0.7, fill=False, edgecolor=colour, linewidth=1.6 if filled else 0.8)
            )
            text = {"x": f"x_{x}", "states": f"s_{x}", "dq": f"dq_{x}", "delta": f"delta_{x}"}[name]
            axes.text(x + 0.5, y + 0.35, text, ha="center", va="center", fontsize=10)
    for n, name in enumerate(("dc", "dV", "db", "dW", "dU")):
        colour = GREY if now else ORANGE
        place, size = (T + 0.9, 0.75 * n), (1.1, 0.65)
        axes.add_patch(Rectangle(place, *size, facecolor=colour, alpha=0.08 if now else 0.3, linewidth=0))
        axes.add_patch(Rectangle(place, *size, fill=False, edgecolor=colour, linewidth=0.8 if now else 1.6))
        axes.text(T + 1.45, 0.75 * n + 0.32, name, ha="center", va="center")
    axes.text(-2.0, 4.1, title, ha="left", va="center", fontsize=11)
    rows = "; ".join(f"rows {sorted(r)} of {name}" for name, r in now.items()) or "dU, dW, db, dV and dc"
    return picture(figure, f"The buffers of vectorised BPTT: {words}. Computed in this call: {rows}.")


@styled
def times(seconds, batches, T):
    """Microseconds per step of a sequence against the batch size, from `book.experiments.measured.times_by_batch`."""
    figure, axes = new_figure(6.4, 3.4)
    axes.set(xscale="log", yscale="log", xlabel="sequences in the batch", ylabel="microseconds per step of a sequence")
    words = {"loops": "loops over t and n", "vectorised": "vectorised", "tuned": "tuned", "limit": "limit"}
    told = []
    for name, colour in (("loops", ORANGE), ("vectorised", BLUE), ("tuned", GREEN), ("limit", INK)):
        each = 1e6 * np.array(seconds[name]) / T / np.array(batches)
        axes.plot(batches, each, "o-" if name != "limit" else ":", color=colour, markersize=5, label=words[name])
        told.append(f"{words[name]} {each[0]:.2g} to {each[-1]:.2g}")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=10)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(batches, [str(B) for B in batches])
    return picture(
        figure,
        f"Time per step of a sequence, in microseconds, from {batches[0]} to {batches[-1]} sequences:"
        f" {', '.join(told)}."
        " The loops do not get faster with the batch, the vectorised code falls towards the limit.",
    )


@styled
def memory(every, measured, expected, best):
    """Peak memory against the distance n of the checkpoints, in numbers: measured, and as expected.

    `every` and `measured` have one entry per run; `expected` is a function of n; `best` is the n where it is smallest.
    """
    figure, axes = new_figure(6.4, 3.2)
    n = np.geomspace(every[0], every[-1], 60)
    axes.set(
        xscale="log", yscale="log", xlabel="steps from checkpoint to checkpoint", ylabel="numbers held at the peak"
    )
    axes.plot(n, expected(n), color=INK, linestyle=":", linewidth=1.2)
    axes.plot(every, measured, "o", color=BLUE)
    axes.axvline(best, color=GREEN, linewidth=1.2)
    axes.text(best * 1.1, max(measured) * 0.6, "the formula's best", color=GREEN)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(every, [str(e) for e in every])
    lowest = every[int(np.argmin(measured))]
    return picture(
        figure,
        f"Peak memory against the distance of the checkpoints: high at {every[0]}, lowest at {lowest} steps, highest at"
        f" {every[-1]}, where every state is kept. The measured dots follow the curve of the formula.",
    )
