"""Pictures of the chapter "Vectors and matrices" (book/vectors.md)."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from book.figures.curves import beside, draw_histories
from book.figures.network import arrow
from book.figures.style import BLUE, GREY, INK, ORANGE, new_figure, picture, styled

RADIUS = 0.33


@styled
def paths_through_W(W, s_prev, delta):
    """Frames that walk through W: row by row forward to W s_{t-1}, then column by column back to W^T delta_t.

    Shapes: W (H, H), s_prev and delta (H,). Returns 2H Pictures.
    """
    H = len(W)
    frames = []
    for i in range(H):
        value = W[i] @ s_prev
        title = rf"forward: $(W s_{{t-1}})_{i} = \sum_j W_{{{i}j}}\, (s_{{t-1}})_j$ = {value:.2f}"
        alt = (
            f"Forward, unit {i}: all arrows that end in unit {i} of step t are marked, and row {i} of the matrix W."
            f" The sum over them is {value:.2f}."
        )
        marked = [(i, j) for j in range(H)]
        frames.append(_paths(W, s_prev, delta, marked, title, alt, backwards=False).named(f"{i}, forward"))
    for j in range(H):
        value = W[:, j] @ delta
        title = rf"backward: $(W^\mathsf{{T}} \delta_t)_{j} = \sum_i W_{{i{j}}}\, (\delta_t)_i$ = {value:.2f}"
        alt = (
            f"Backward, unit {j}: all arrows that leave unit {j} of step t-1 are marked and reversed, and column {j}"
            f" of the matrix W. The sum over them is {value:.2f}."
        )
        marked = [(i, j) for i in range(H)]
        frames.append(_paths(W, s_prev, delta, marked, title, alt, backwards=True).named(f"{j}, backward"))
    return frames


def _paths(W, s_prev, delta, marked, title, alt, backwards):
    H = len(W)
    figure = Figure(figsize=(7.2, 3.5))
    axes, grid = figure.subplots(1, 2, width_ratios=[1.7, 1])
    axes.set(xlim=(-1.7, 4.7), ylim=(-1.4 * (H - 1) - 0.6, 1.0))
    grid.set(xlim=(-0.1, H + 0.1), ylim=(H + 0.9, -0.9))
    colour = ORANGE if backwards else BLUE
    for panel in (axes, grid):
        panel.set_aspect("equal")
        panel.axis("off")
    for i in range(H):
        for j in range(H):
            if (i, j) in marked:
                grid.add_patch(Rectangle((j, i), 1, 1, facecolor=colour, alpha=0.3))
            grid.add_patch(Rectangle((j, i), 1, 1, fill=False, edgecolor=GREY, linewidth=0.8))
            grid.text(j + 0.5, i + 0.5, f"{W[i, j]:.1f}", ha="center", va="center", color=INK)
    grid.text(H / 2, -0.35, "$W$", ha="center", va="center", fontsize=14)
    for i, j in sorted(np.ndindex(H, H), key=lambda pair: pair in marked):  # the marked ones last, above the others
        ends = [(0, -1.4 * j), (3, -1.4 * i)]
        strong = (i, j) in marked
        ends = ends[::-1] if strong and backwards else ends
        arrow(axes, *ends, colour if strong else GREY, 2.4 if strong else 0.7, gap=RADIUS + 0.05)
    for n in range(H):
        for x, number, side in (
            (0, f"{s_prev[n]:.1f}", -1),
            (3, rf"$\delta$ = {delta[n]:.1f}" if backwards else "", 1),
        ):
            place = (x, -1.4 * n)
            on = n in {pair[1 if x == 0 else 0] for pair in marked}
            axes.add_patch(Circle(place, RADIUS, fill=False, edgecolor=colour if on else INK, linewidth=2 if on else 1))
            axes.text(*place, str(n), ha="center", va="center", fontsize=12)
            shown = number if x or not backwards else ""
            axes.text(x + side * 0.5, place[1], shown, ha="right" if side < 0 else "left", va="center")
    axes.text(0, 0.7, "$s_{t-1}$", ha="center", fontsize=14)
    axes.text(3, 0.7, "$z_t$", ha="center", fontsize=14)
    figure.suptitle(title, fontsize=13)
    return picture(figure, alt)


@styled
def parity_curves(E, floor):
    """Loss per step of training on parity, one curve for each number of state units H.

    `E` maps H to the history of the error per step, `floor` is the error of an even guess.
    """
    figure, axes = new_figure(6.4, 3.2)
    colours = (ORANGE, GREY, BLUE)
    last = draw_histories(axes, E, colours, baselines={"a guess": floor})
    for (H, end), colour in zip(last.items(), colours, strict=True):
        shift = (0, 10 if end < 0.1 else -14)  # above the axis, else below the curve: above are the words of a guess
        beside(axes, f"H = {H}", (len(E[H]), end), colour, ha="right", shift=shift)
    axes.set(ylabel="error per step", xlim=(0, None))
    ends = ", ".join(f"{history[-20:].mean():.3f} with {H}" for H, history in E.items())
    return picture(
        figure, f"Error per step against updates on the parity task, for several numbers of units: it ends at {ends}."
    )
