"""Pictures of the chapter "Checking gradients" (book/checking.md)."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from book.experiments.step_sizes import STEPS, difference_errors
from book.experiments.wrong_gradients import MORE_NAMES, NAMES, verdict
from book.figures.curves import draw_histories
from book.figures.style import BLUE, GREEN, GREY, INK, ORANGE, new_figure, picture, styled
from book.figures.widgets import Interactive
from rnnlib import gradcheck

FRAMES = STEPS[2:31:2]  # 1e-1 to 1e-15


def u_curve(f, point, slope):
    """Frames of the central difference with ever smaller h: the secant beside the error it makes.

    `f` maps a number to a number, `slope` is its exact derivative at `point`. Returns 15 Pictures, h = 0.1 to 1e-15.
    """
    errors = difference_errors(f, point, slope)
    return [_u_frame(f, point, slope, h, errors).named(f"{h:.0e}") for h in FRAMES]


@styled
def _u_frame(f, point, slope, h, errors):
    figure = Figure(figsize=(7.2, 3.5))
    near, curve = figure.subplots(1, 2, gridspec_kw={"wspace": 0.35, "top": 0.86, "bottom": 0.16})
    offset = np.linspace(-2, 2, 121)
    rise = [(f(point + r * h) - f(point)) / h for r in offset]
    secant = gradcheck.central_difference(f, point, h)
    error = abs(secant - slope) / abs(slope)
    near.plot(offset, rise, color=BLUE, drawstyle="steps-mid" if h < 1e-12 else "default")
    near.plot(offset, slope * offset, color=INK, linewidth=0.9, linestyle=":")
    middle = (f(point + h) + f(point - h) - 2 * f(point)) / 2 / h
    near.plot([-2, 2], [middle - 2 * secant, middle + 2 * secant], color=ORANGE, linewidth=1.1)
    near.plot([-1, 1], [middle - secant, middle + secant], "o", color=ORANGE, markersize=6)
    near.set(xlabel="distance from u, in steps h", ylabel="(E - E(u)) / h", xticks=[-2, -1, 0, 1, 2])
    _curves(curve, errors)
    curve.plot(h, max(error, 1e-17), "o", color=ORANGE, markersize=9, markerfacecolor="none", markeredgewidth=2)
    figure.suptitle(f"h = {h:.0e}    central difference {secant:.10f}    error {error:.0e}", fontsize=12)
    shape = (
        "a smooth curve that bends away from the secant"
        if h > 0.03
        else "a straight line"
        if h > 1e-12
        else "a staircase of rounding errors"
    )
    alt = (
        f"Step h = {h:.0e}. Left, the error E within two steps of u: {shape}. Right, the relative error of the"
        f" derivative against h; the central difference is at {error:.0e}."
    )
    return picture(figure, alt)


def _curves(axes, errors):
    colours = {"forward difference": GREY, "central difference": ORANGE, "complex step": GREEN}
    axes.set(xscale="log", yscale="log")
    for name, values in errors.items():
        axes.plot(STEPS, values, color=colours[name], linewidth=1.5)
    axes.text(2e-5, 3e-3, "forward", color=GREY, fontsize=10, ha="right")
    axes.text(2e-9, 2e-11, "central", color=ORANGE, fontsize=10, ha="right")
    axes.text(1e-12, 1e-14, "complex step", color=GREEN, fontsize=10, ha="center")
    axes.set(xlabel="step h", ylabel="relative error", xlim=(3e-17, 3), ylim=(3e-18, 30))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
        axis.set_ticks([1e-15, 1e-10, 1e-5, 1], ["1e-15", "1e-10", "1e-5", "1"])


@styled
def metrics(analytic, numeric):
    """Every entry's own relative error against its size, and the error of the array as one line.

    Shapes: both arrays alike; entries whose two values agree to the last bit are left out.
    """
    a, n = analytic.ravel(), numeric.ravel()
    size, distance = np.maximum(np.abs(a), np.abs(n)), np.abs(a - n)
    shown = distance > 0
    own, whole = distance[shown] / size[shown], gradcheck.relative_error(a, n)
    figure, axes = new_figure(6.4, 3.2)
    axes.loglog(size[shown], own, ".", color=BLUE, markersize=7)
    axes.axhline(whole, color=ORANGE)
    axes.axhline(gradcheck.CENTRAL_TOLERANCE, color=INK, linewidth=0.8, linestyle=":")
    left = axes.get_xlim()[0]
    axes.text(left * 1.3, whole * 1.6, "error of the whole array", color=ORANGE, va="bottom")
    axes.text(axes.get_xlim()[1], gradcheck.CENTRAL_TOLERANCE * 1.3, "tolerance", ha="right", va="bottom", fontsize=10)
    axes.set(xlabel="size of the entry", ylabel="relative error")
    return picture(
        figure,
        f"Relative error of each entry of a correct gradient against the size of the entry: the smaller the entry, the"
        f" larger its error, up to {own.max():.0e}. One line marks the error of the whole array, {whole:.0e}.",
    )


@styled
def route_errors(errors, names):
    """The distance of every route to the complex step, as dots on a logarithmic axis.

    `errors` maps the letter of a route to its largest error, `names` to words.
    """
    figure, axes = new_figure(6.6, 2.9)
    for n, (letter, error) in enumerate(errors.items()):
        axes.plot(max(error, 1e-17), -n, "o", color=ORANGE if letter == "e" else BLUE, markersize=8)
    axes.axvline(gradcheck.CENTRAL_TOLERANCE, color=INK, linewidth=0.8, linestyle=":")
    axes.axvline(np.finfo(float).eps, color=INK, linewidth=0.8, linestyle=":")
    axes.text(gradcheck.CENTRAL_TOLERANCE, 0.55, "tolerance", ha="center", fontsize=10)
    axes.text(np.finfo(float).eps, 0.55, "rounding", ha="center", fontsize=10)
    axes.set_yticks([-n for n in range(len(errors))], [f"({letter}) {names[letter]}" for letter in errors])
    axes.set(xscale="log", xlabel="relative error", xlim=(1e-17, 1e-4), ylim=(-len(errors) + 0.5, 0.5))
    axes.tick_params(axis="y", length=0)
    told = ", ".join(f"({letter}) {error:.0e}" for letter, error in errors.items())
    return picture(figure, f"Distance of each route's gradient from the complex step: {told}.")


@styled
def autopsy(histories, accuracies):
    """Training curves, one panel a task, with the right and the wrong gradient.

    `histories` maps a task to {"right": E per step, "wrong": E per step}; `accuracies` likewise, on fresh sequences.
    """
    figure = Figure(figsize=(6.6, 3.0))
    panels = figure.subplots(1, len(histories), sharey=True)
    told = []
    for axes, (task, curves) in zip(panels, histories.items(), strict=True):
        ends = draw_histories(axes, curves, (BLUE, ORANGE))
        for name, colour, height in (("right", BLUE, 0.27), ("wrong", ORANGE, 0.39)):  # between high and low curves
            right = f"{100 * accuracies[task][name]:.0f} %"
            place = {"ha": "right", "va": "center", "transform": axes.transAxes}
            axes.text(1.0, height, f"{name}: {right}", color=colour, fontsize=10, **place)
            told.append(f"{task}, {name} gradient: error {ends[name]:.2f}, {right} right")
        axes.set_title(task, fontsize=11)
    panels[0].set_ylabel("error per step")
    figure.tight_layout()
    return picture(figure, "Training error against updates in three tasks. At the end: " + "; ".join(told) + ".")


def bug_board(cases):
    """All pairs of a wrong gradient and a check, computed where they are seen: an Interactive.

    `cases` maps the name of each case to (params, x, s_init, y); the first one is also that of the checks by halves
    and by a step downhill.
    """
    state = {"cases": {name: _as_json(*case) for name, case in cases.items()}}
    state |= {"mistake": "W for its transpose", "check": "T=1", "tolerance": -6}
    return Interactive("bug-board", state, _still(cases, 1e-6), rows=0)


def _as_json(params, x, s_init, y):
    named = {"x": x, "s_init": s_init, "y": y}
    lists = {name: array.tolist() for name, array in params._asdict().items()}
    return {"params": lists, **{name: array.tolist() for name, array in named.items()}}


def _still(cases, tol):
    """The board of the cases as a table, for pages without scripts and on paper."""
    head = "".join(f'<th scope="col">{name}</th>' for name in cases)
    rows = "".join(
        f'<tr><th scope="row">{mistake}</th>'
        + "".join(f"<td>{verdict(*case, mistake, tol)}</td>" for case in cases.values())
        + "</tr>"
        for mistake in NAMES + MORE_NAMES
    )
    return f'<table class="table"><thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>'
