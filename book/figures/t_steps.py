"""Pictures of the chapter "T steps" (book/t-steps.md)."""

import numpy as np

from book.figures.network import GAP, network, steps
from book.figures.style import BLUE, INK, ORANGE, new_figure, picture, styled


def paths_back(t, alt, T=5, title=None):
    """The unrolled network with the ways of E_t back to s_0 and to each copy of w, and the derivative of the hops."""
    nodes, edges = steps(T, prediction="o")
    nodes |= {f"w_{k}": (GAP * k - 1.15, -1.2, f"w_{k}") for k in range(T)}
    edges += [(f"w_{k}", f"s_{k}") for k in range(T)]
    exits = [(f"s_{k}", f"w_{k}") for k in range(t + 1)]
    back = [(f"E_{t}", f"yhat_{t}"), (f"yhat_{t}", f"s_{t}")] + [(f"s_{j}", f"s_{j - 1}") for j in range(t, 0, -1)]
    pieces = {
        (f"yhat_{t}", f"E_{t}"): rf"\dfrac{{\partial E_{t}}}{{\partial o_{t}}}",
        (f"s_{t}", f"yhat_{t}"): rf"\dfrac{{\partial o_{t}}}{{\partial s_{t}}}",
    }
    pieces |= {(f"s_{j - 1}", f"s_{j}"): rf"\dfrac{{ds_{j}}}{{ds_{j - 1}}}" for j in range(1, t + 1)}
    late = [name for name in nodes if name != "s_init" and int(name.split("_")[1]) > t]
    return network(nodes, edges, alt, now=back, done=exits, faint=late, notes=pieces, title=title)


def path_frames(T=5):
    """One Picture per error: the ways back from E_0, E_1, ..."""
    frames = []
    for t in range(T):
        uses = "one use" if t == 0 else f"{t + 1} uses"
        alt = f"The unrolled network with the way back from E_{t} marked: down to s_{t}" + (
            f", then along the chain to s_0. Each of the {t + 1} states on it has an exit to its copy of w."
            if t
            else ", which is the first state, and from there to w_0."
        )
        frames.append(paths_back(t, alt, T, title=f"$E_{t}$ reaches {uses} of $w$").named(f"E_{t}"))
    return frames


def sweep_frames(delta):
    """The backward sweep as Pictures, one step per frame, with the numbers delta (T,) beside the states."""
    T = len(delta)
    nodes, edges = steps(T, prediction="o")
    frames, done, values = [], [], {}
    for t in reversed(range(T)):
        own = [(f"E_{t}", f"yhat_{t}"), (f"yhat_{t}", f"s_{t}")]
        now = own if t == T - 1 else [*own, (f"s_{t + 1}", f"s_{t}")]
        values[f"s_{t}"] = rf"$\delta_{t}$ = {delta[t]:.4f}"
        heard = "its own error alone" if t == T - 1 else f"its own error and the message w delta_{t + 1}"
        alt = f"Backward sweep at step {t}: delta_{t} is {delta[t]:.4f}, found from {heard}."
        title = rf"step {t}:  $\delta_{t}$ from $E_{t}$" + ("" if t == T - 1 else rf" and $\delta_{t + 1}$")
        marks = {"now": now, "done": done, "values": values, "above": values}
        frames.append(network(nodes, edges, alt, title=title, **marks).named(str(t)))
        done = [*done, *now]
    return frames


@styled
def triangle(parts, alt, rows=(), columns=()):
    """The table of parts (T, T), entry (t, k) what E_t gives to the copy w_k; marked rows orange, columns blue.

    Beside each marked row and below each marked column is its sum.
    """
    T = len(parts)
    figure, axes = new_figure(5.6, 3.5)
    axes.set(xlim=(-1.1, T + 0.6), ylim=(T + 0.35, -1.0))
    axes.axis("off")
    for t in range(T):
        axes.text(-1.0, t, f"$E_{t}$", va="center", fontsize=13)
        axes.text(t, -0.75, f"$w_{t}$", ha="center", va="center", fontsize=13)
        for k in range(t + 1):
            colour = ORANGE if t in rows else BLUE if k in columns else INK
            weight = "bold" if colour != INK else "normal"
            axes.text(k, t, f"{parts[t, k]:.4f}", ha="center", va="center", color=colour, weight=weight, fontsize=10)
    for t in rows:
        axes.text(T - 0.1, t, f"= {parts[t].sum():.4f}", ha="center", va="center", color=ORANGE, fontsize=10)
    for k in columns:
        axes.plot([k - 0.35, k + 0.35], [T - 0.5, T - 0.5], color=BLUE, linewidth=0.8)
        axes.text(k, T, f"{parts[:, k].sum():.4f}", ha="center", va="center", color=BLUE, fontsize=10)
    axes.plot([-1.0, T - 0.5], [-0.45, -0.45], color=INK, linewidth=0.8)
    return picture(figure, alt)


def triangle_frames(parts):
    """First row after row, then column after column: two orders of one sum."""
    T = len(parts)
    alt = f"A triangle of {T * (T + 1) // 2} numbers: row t, column k is what E_t gives to w_k."
    frames = [triangle(parts, alt).named("none yet")]
    for t in range(T):
        alt = f"Row by row: the {t + 1} parts of E_{t} sum to {parts[t].sum():.4f}."
        frames.append(triangle(parts, alt, rows=range(t + 1)).named(f"row of E_{t}"))
    for k in reversed(range(T)):
        alt = f"Column by column, from the last: the {T - k} parts of w_{k} sum to {parts[:, k].sum():.4f}."
        frames.append(triangle(parts, alt, columns=range(k, T)).named(f"column of w_{k}"))
    return frames


@styled
def cost(lengths, seconds, alt):
    """Time against T on two logarithmic axes; `seconds` {name: times}, with guides of slope 2 and 1."""
    figure, axes = new_figure(5.6, 3.8)
    lengths = np.array(lengths)
    for (name, times), colour, marker, slope in zip(seconds.items(), (ORANGE, BLUE), "os", (2, 1), strict=True):
        axes.loglog(lengths, times, marker, color=colour, label=name, markersize=6)
        guide = times[-1] * (lengths / lengths[-1]) ** slope
        axes.loglog(lengths, guide, "--", color=colour, linewidth=1, label=f"slope {slope}")
    axes.set(xlabel="steps T", ylabel="seconds")
    axes.set_xticks(lengths, [str(length) for length in lengths])
    axes.minorticks_off()
    axes.legend()
    return picture(figure, alt)
