"""Pictures of the chapter "When the loop can go" (book/linear.md)."""

from itertools import pairwise

import numpy as np
from matplotlib.patches import Rectangle

from book.figures.network import arrow
from book.figures.style import BLUE, GREEN, GREY, INK, ORANGE, new_figure, picture, styled


@styled
def two_sweeps():
    """Three steps forwards, and below them the sweep back: each hop back has the decay of the hop forth above it.

    Source: the chapter "When the loop can go" (book/linear.md), eq. linear-recurrence and linear-state-gradient.
    """
    figure, axes = new_figure(5.8, 3.3)
    axes.set(xlim=(-0.9, 7.3), ylim=(-1.4, 2.8), aspect="equal")
    axes.axis("off")
    places = [0, 2.2, 4.4, 6.6]
    names = ["-1", "0", "1", "2"]
    for x, name in zip(places, names, strict=True):
        axes.text(x, 1.5, f"$s_{{{name}}}$", ha="center", va="center", fontsize=16)
        axes.text(x, 0, f"$dE/ds_{{{name}}}$", ha="center", va="center", fontsize=14)
    for t, (x, after) in enumerate(pairwise(places)):
        arrow(axes, (x, 1.5), (after, 1.5), INK, 1.6, gap=(0.4, 0.4))
        arrow(axes, (after, 0), (x, 0), ORANGE, 1.6, gap=(0.66, 0.74))
        for y, below, colour in ((1.5, 0.12, INK), (0, 0.12, ORANGE)):
            axes.text(
                (x + after) / 2, y + below, rf"$\times a_{t}$", ha="center", va="bottom", fontsize=13, color=colour
            )
        arrow(axes, (after, 2.6), (after, 1.5), BLUE, 1.2, gap=(0.1, 0.35))
        axes.text(after + 0.15, 2.35, f"$b_{t}$", va="center", fontsize=13, color=BLUE)
        arrow(axes, (after, -1.25), (after, 0), BLUE, 1.2, gap=(0.1, 0.35))
        axes.text(after + 0.15, -1.0, f"$e_{t}$", va="center", fontsize=13, color=BLUE)
    return picture(
        figure,
        "Above, three steps from s_-1 to s_2: the arrow into s_t carries the factor a_t, and b_t is added there. Below,"
        " the same arrows turned round: dE/ds_2 begins with e_2, and on the way to dE/ds_t it meets the decay a_t+1,"
        " while e_t is added; the last hop, to dE/ds_-1, has the decay a_0.",
    )


def scan_rounds(T):
    """What each pair covers before the first round of a scan and after every round: a list of Pictures."""
    spans = [[(t, t) for t in range(T)]]
    reach = 1
    while reach < T:
        old = spans[-1]
        spans.append([(old[t - reach][0], t) if t >= reach else old[t] for t in range(T)])
        reach *= 2
    return [_round(number, spans).named(str(number)) for number in range(len(spans))]


@styled
def _round(number, spans):
    T, reach = len(spans[0]), 2 ** (number - 1)
    figure, axes = new_figure(7.0, 3.2)
    axes.set(xlim=(-0.6, T - 0.4), ylim=(-0.75, 2.2))
    axes.axis("off")
    for row, shown in ((1.5, spans[max(number - 1, 0)]), (0.0, spans[number])):
        if number == 0 and row == 0.0:
            continue
        for t, (first, last) in enumerate(shown):
            whole = first == 0
            colour = BLUE if whole else GREY
            axes.add_patch(Rectangle((t - 0.42, row - 0.22), 0.84, 0.5, facecolor=colour, alpha=0.25, linewidth=0))
            label = f"{first}" if first == last else f"{first}…{last}"
            axes.text(t, row + 0.03, label, ha="center", va="center", fontsize=11, color=INK)
    if number:
        for t in range(T):
            arrow(axes, (t, 1.28), (t, 0.28), GREY, 0.9, gap=(0.02, 0.02))
            if t >= reach:
                arrow(axes, (t - reach, 1.28), (t, 0.28), ORANGE, 1.6, gap=(0.02, 0.04))
    composed = max(T - reach, 0) if number else 0
    title = f"after round {number}: {composed} compositions at once" if number else "before the first round"
    axes.set_title(title, fontsize=12)
    axes.text(-0.5, -0.65, "the steps that each pair covers; blue: all steps up to its own", fontsize=10, va="bottom")
    ready = sum(first == 0 for first, _ in spans[number])
    words = ", ".join(f"{first} to {last}" if first != last else f"{first}" for first, last in spans[number])
    return picture(
        figure,
        f"{title.capitalize()}. The pairs of the {T} steps cover the steps {words}; {ready} of them cover all steps up"
        " to their own.",
    )


@styled
def time_curves(lengths, seconds, H):
    """Seconds of all states over T, on logarithmic axes: a Picture. `seconds` maps a name to one time per length."""
    figure, axes = new_figure(6.0, 3.4)
    for (name, times), colour in zip(seconds.items(), (ORANGE, BLUE, GREEN, GREY), strict=True):
        axes.loglog(lengths, times, "o-", color=colour, label=name)
    axes.set(xlabel="steps $T$", ylabel="seconds", title=f"{H} units" if H > 1 else "1 unit")
    axes.minorticks_off()
    axes.legend(fontsize=10)
    words = "; ".join(f"{name} {times[0]:.1e} to {times[-1]:.1e} seconds" for name, times in seconds.items())
    return picture(figure, f"The time of all states, for {lengths[0]} to {lengths[-1]} steps of {H} units: {words}.")


@styled
def newton_rounds(exponents, rounds, T):
    """The rounds of Newton's method over the largest Lyapunov exponent: a Picture. Shapes: both (n,)."""
    figure, axes = new_figure(6.0, 3.3)
    axes.axvline(0, color=INK, linewidth=0.8, linestyle=":")
    axes.axhline(T, color=GREY, linewidth=0.8, linestyle="--")
    axes.semilogy(exponents, rounds, "o", color=ORANGE)
    axes.text(min(exponents), T, "as many as steps", va="bottom", fontsize=10)
    axes.set(xlabel="largest Lyapunov exponent", ylabel="rounds", ylim=(1, 3 * T))
    axes.minorticks_off()
    below, above = ([n for x, n in zip(exponents, rounds, strict=True) if (x < 0) == side] for side in (True, False))
    return picture(
        figure,
        f"For {T} steps, {min(below)} to {max(below)} rounds are enough where the exponent is negative; where it is"
        f" positive, it takes {min(above)} to {max(above)}.",
    )


@styled
def sensitivity_curves(decays, measured):
    """The mean square of a state and of its derivative with respect to the decay, measured and by formula: a Picture.

    Shapes: decays (n,), measured (n, 2). Source: the chapter "When the loop can go" (book/linear.md),
    eq. decay-sensitivity.
    """
    figure, axes = new_figure(6.0, 3.4)
    fine = np.linspace(decays[0], decays[-1], 200)
    axes.semilogy(fine, 1 / (1 - fine**2), color=BLUE)
    axes.semilogy(fine, (1 + fine**2) / (1 - fine**2) ** 3, color=ORANGE)
    for column, colour, name in ((0, BLUE, "$s_t$"), (1, ORANGE, "$ds_t/da$")):
        axes.semilogy(decays, measured[:, column], "o", color=colour, label=name)
    axes.set(xlabel="decay $a$", ylabel="mean square")
    axes.minorticks_off()
    axes.legend()
    return picture(
        figure,
        f"Mean squares over the decay, with the formula through the measured points: from decay {decays[0]:g} to"
        f" {decays[-1]:g} that of the state grows from {measured[0, 0]:.1f} to {measured[-1, 0]:.1f}, that of its"
        f" derivative from {measured[0, 1]:.1f} to {measured[-1, 1]:.1e}.",
    )
