"""Pictures of the chapter "Vanishing and exploding" (book/vanishing.md)."""

import numpy as np

from book.experiments.cliff import Unit, error_and_gradient
from book.figures.curves import beside, draw_histories
from book.figures.network import arrow
from book.figures.style import BLUE, GREEN, GREY, INK, ORANGE, PINK, new_figure, picture, styled
from rnnlib import clipping, diagnostics, rnn
from rnnlib.params import init_params

FLOOR, CEILING = 1e-9, 1e9  # of the logarithmic axes: what lies beyond is as good as nothing, or as infinity


def recurrent_matrices(rng, H):
    """Three matrices (H, H) of norm 1 by name: a random one, an orthogonal one, and a chain of units."""
    gaussian = rng.standard_normal((H, H))
    return {
        "random": gaussian / np.linalg.norm(gaussian, ord=2),
        "orthogonal": np.linalg.qr(rng.standard_normal((H, H)))[0],
        "chain": np.eye(H, k=1),  # unit i listens to unit i + 1 alone
    }


def hops_for_each_norm(rng, norms, H=20, hops=40):
    """For each matrix of `recurrent_matrices` a list of Pictures, one for each ||W||: the Jacobian hop by hop."""
    params = init_params(rng, 3, H, 2)
    x = 0.3 * rng.standard_normal((hops + 1, 1, 3))
    s_init = np.zeros((1, H))
    return {
        name: [_hops(params._replace(W=norm * W), x, s_init, name) for norm in norms]
        for name, W in recurrent_matrices(rng, H).items()
    }


@styled
def _hops(params, x, s_init, name):
    squashed = diagnostics.jacobian_norms(params, rnn.forward(params, x, s_init).s)[::-1, 0]
    linear = diagnostics.jacobian_norms(params, np.zeros((len(x), *s_init.shape)))[::-1, 0]  # tanh has slope 1 at 0
    bounds = diagnostics.hop_bounds(params.W)
    n = np.arange(len(x))
    figure, axes = new_figure(6.4, 3.4)
    axes.semilogy(n, bounds.norm**n, "--", color=GREY, label="bound")
    axes.semilogy(n, np.where(linear > 0, linear, np.nan), color=BLUE, label="slopes 1")
    axes.semilogy(n, np.where(squashed > 0, squashed, np.nan), color=ORANGE, linewidth=2.6, label="tanh")
    axes.axhline(1, color=INK, linewidth=0.6)
    axes.set(ylim=(FLOOR, CEILING), yticks=10.0 ** np.arange(-8, 9, 4), xlabel="hops back")
    axes.minorticks_off()
    axes.legend(loc="lower left", fontsize=9)
    axes.set_title(
        f"norm {bounds.norm:.2f}, radius {bounds.spectral_radius:.2f}: after {n[-1]} hops {squashed[-1]:.0e}",
        fontsize=12,
    )
    return picture(
        figure,
        f"W: {name}, of norm {bounds.norm:.2f} and spectral radius {bounds.spectral_radius:.2f}: after {n[-1]} hops the"
        f" bound is {bounds.norm ** n[-1]:.1e}, the norm of the Jacobian with all slopes 1 is {linear[-1]:.1e}, and"
        f" with tanh {squashed[-1]:.1e}.",
    )


@styled
def three_fates(rng, scales, H=32, hops=40):
    """The norm of ds_t/ds_{t-n} against n, for a random W at several scales: a Picture."""
    params = init_params(rng, 3, H, 2, scale=1.0)
    x = 1e-9 * rng.standard_normal((hops + 1, 1, 3))  # the states stay near 0, where tanh has slope 1
    figure, axes = new_figure(6.4, 3.2)
    last = []
    for scale, colour in zip(scales, (BLUE, GREEN, ORANGE), strict=True):
        scaled = params._replace(W=scale * params.W, b=0 * params.b)
        norms = diagnostics.jacobian_norms(scaled, rnn.forward(scaled, x, np.zeros((1, H))).s)[::-1, 0]
        axes.semilogy(norms, color=colour)
        axes.annotate(f"  scale {scale}", (hops, norms[-1]), color=colour, va="center", annotation_clip=False)
        last.append(f"{norms[-1]:.1e} at scale {scale}")
    axes.axhline(1, color=INK, linewidth=0.6)
    axes.set(xlabel="hops back, $n$", ylabel=r"$\|ds_t/ds_{t-n}\|$", xlim=(0, hops))
    axes.minorticks_off()
    return picture(
        figure, f"Three curves on a logarithmic axis, all starting at 1; after {hops} hops: {', '.join(last)}."
    )


@styled
def growth(eigenvalue, coupling, hops=60):
    """The norm of W^n for W = [[eigenvalue, coupling], [0, eigenvalue]]: a Picture."""
    W = np.array([[eigenvalue, coupling], [0, eigenvalue]])
    norms = np.array([np.linalg.norm(np.linalg.matrix_power(W, n), ord=2) for n in range(hops + 1)])
    peak = int(np.argmax(norms))
    figure, axes = new_figure(6.4, 2.9)
    axes.plot(eigenvalue ** np.arange(hops + 1), "--", color=GREY, label=f"${eigenvalue}^n$")
    axes.plot(norms, color=ORANGE, label=r"$\|W^n\|$")
    axes.plot(peak, norms[peak], "o", color=ORANGE)
    axes.set(ylim=(0, 1.1 * norms[peak]), xlabel="hops", title=f"coupling {coupling:g}: peak {norms[peak]:.1f}")
    axes.legend(loc="upper right")
    return picture(
        figure,
        f"Both eigenvalues are {eigenvalue}, the coupling is {coupling:g}: the norm of W^n peaks at {norms[peak]:.2f}"
        f" after {peak} hops and is {norms[-1]:.2f} after {hops}.",
    )


@styled
def two_clippings(gradient, limit):
    """A gradient (a NamedTuple whose first array is a pair) and what each kind of clipping makes of it: a Picture."""
    by_norm, norm = clipping.clip_by_global_norm(gradient, limit)
    by_value = clipping.clip_by_value(gradient, limit)
    pair, a, b = gradient[0], by_norm[0], by_value[0]
    figure, axes = new_figure(6.0, 3.4)
    turn = np.linspace(0, np.pi / 2, 30)
    axes.plot(limit * np.cos(turn), limit * np.sin(turn), color=BLUE, linestyle=":")
    axes.plot([limit, limit, 0], [0, limit, limit], color=PINK, linestyle=":")
    for (x, y), colour, words in [(pair, INK, "gradient"), (b, PINK, "by value"), (a, BLUE, "by norm")]:
        arrow(axes, (0, 0), (x, y), colour, 2)
        half = words == "by norm"  # beside the middle of its arrow, where there is room
        place = (0.5 * x - 0.1, 0.5 * y) if half else (x + 0.08, y)
        axes.text(*place, words, color=colour, va="center", ha="right" if half else "left")
    axes.set(xlim=(-0.6, 1.3 * pair[0] + 0.9), ylim=(0, 1.1 * pair[1]), aspect="equal")
    return picture(
        figure,
        f"The gradient ({pair[0]:g}, {pair[1]:g}) of length {norm:g}; clipped by norm it is ({a[0]:.2f}, {a[1]:.2f}) on"
        f" the same line; clipped by value it is ({b[0]:g}, {b[1]:g}), turned towards the diagonal.",
    )


@styled
def cliff(T, runs):
    """The error of one unit after T steps over its w and k, as a surface, with gradient descent on it: a Picture.

    `runs` maps "not clipped" and "clipped" to a `book.experiments.cliff.Descent`. Every line of the surface has one w;
    a larger w lies further back, which is up and to the right.
    """
    front, back, left, right = 0.9, 1.6, -0.8, 2.1
    plain, clipped = runs["not clipped"], runs["clipped"]
    k = np.linspace(left, right, 600)
    figure, axes = new_figure(6.6, 4.2)
    axes.axis("off")
    for w in np.linspace(front, back, 15):
        axes.plot(*_seen(w - front, k, error_and_gradient(Unit(w, k), T)[0]), color=GREY, linewidth=0.8)
    for run, colour in ((plain, ORANGE), (clipped, BLUE)):
        axes.plot(*_seen(run.w - front, run.k, run.E), "o-", color=colour, markersize=3.5, linewidth=1.6)
    _words_beside_the_cliff(axes, plain, clipped, front, back, left, right)
    wall = int(np.argmax(plain.norm))
    return picture(
        figure,
        f"The error E over k, one line for each w from {front} to {back}. For a small w it is a slope from high on the"
        f" left to low on the right, for a large w high ground, a vertical cliff and low ground. Two runs start on the"
        f" high ground and reach the cliff together, at E = {plain.E[wall]:.2f}, where the gradient has the norm"
        f" {plain.norm[wall]:.1f}. The run that is not clipped is thrown to k = {plain.k[wall + 1]:.2f} and ends at E ="
        f" {plain.E[-1]:.3f}; the clipped one steps down to k = {clipped.k[wall + 1]:.2f} and ends at E ="
        f" {clipped.E[-1]:.0e}.",
    )


def _words_beside_the_cliff(axes, plain, clipped, front, back, left, right):
    x, y = _seen(plain.w[0] - front, left - 0.06, plain.E[0])
    axes.text(x, y, "start", ha="right", va="center")
    x, y = _seen(plain.w[-1] - front, right + 0.06, plain.E[-1])
    axes.text(x, y, "not clipped", color=ORANGE, va="center")
    axes.text(_seen(clipped.w[-1] - front, clipped.k[-1], 0)[0], -0.03, "clipped", color=BLUE, ha="center", va="top")
    for w in (front, back):
        axes.text(*_seen(w - front, right + 0.06, 0), f"$w$ = {w}", va="center")
    for tick in (-0.5, 0, 0.5, 1, 1.5, 2):
        axes.text(*_seen(0, tick, -0.3), f"{tick:g}".replace("-", "\u2212"), ha="center", va="center", fontsize=10)
    axes.text(*_seen(0, 0.75, -0.47), "$k$", ha="center", va="center", fontsize=13)
    axes.plot(*_seen(0, np.array([left - 0.1] * 2), np.array([0, 1])), color=INK, linewidth=0.8)
    for tick in (0, 0.5, 1):
        axes.text(*_seen(0, left - 0.16, tick), f"{tick:g}", ha="right", va="center", fontsize=10)
    axes.text(*_seen(0, left - 0.45, 0.5), "$E$", ha="right", va="center", fontsize=13)


def _seen(depth, k, E):
    """Where a point of the surface is on the paper: further back is up and to the right."""
    return k + 0.9 * depth, 1.3 * E + 1.5 * depth


@styled
def loss_curves(runs, chance):
    """E of each of four training runs (a dict from name to E per update): a Picture."""
    figure, axes = new_figure(6.8, 3.6)
    ends = draw_histories(axes, runs, (BLUE, PINK, GREEN, ORANGE), baselines={"": chance})
    axes.lines[1].set_linestyle((0, (4, 3)))  # it lies on the first, which is to be seen in its gaps
    axes.set(ylabel="$E$")
    beside(axes, "guessing", (axes.get_xlim()[1], chance), INK)
    highest = max(zip(*axes.lines[2].get_data(), strict=True), key=lambda point: point[1])
    beside(axes, "orthogonal", highest, GREEN)
    for name, line, place in (("small", 0, -10), ("small, clipped", 1, -24), ("orthogonal, clipped", 3, 9)):
        x, y = (data[-1] for data in axes.lines[line].get_data())
        beside(axes, name, (x, y), axes.lines[line].get_color(), ha="right", shift=(0, place))
    words = "; ".join(f"{name} ends at {end:.2f}" for name, end in ends.items())
    return picture(figure, f"Error against updates; guessing is {chance:.2f}. {words}.")


@styled
def norms_of_the_runs(norms):
    """||W|| before each update of some training runs (a dict from name to norms), on a logarithmic axis: a Picture."""
    figure, axes = new_figure(6.4, 2.9)
    words = []
    for (name, by_update), colour in zip(norms.items(), (GREEN, ORANGE), strict=True):
        axes.semilogy(by_update, color=colour)
        beside(axes, name, (len(by_update), by_update[-1]), colour, ha="right", shift=(0, -10))
        words.append(f"{name} begins at {by_update[0]:.2f} and ends at {by_update[-1]:.1f}")
    axes.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    axes.set(xlabel="update", ylabel=r"$\|W\|$")
    axes.minorticks_off()
    return picture(figure, "The norm of W against updates; 1 is orthogonal. " + "; ".join(words) + ".")


@styled
def reach_of_the_start(norms):
    """The norm of ds_{T-1}/ds_t against t, by name of the start: dict of arrays (T,); a Picture."""
    figure, axes = new_figure(6.4, 2.9)
    words = []
    for (name, by_step), colour in zip(norms.items(), (BLUE, GREEN), strict=True):
        axes.semilogy(by_step, "o-", markersize=3, color=colour, label=name)
        words.append(f"{name}: {by_step[0]:.1e} at step 0, {by_step[-1]:.1e} at the last")
    axes.set(xlabel="step $t$", ylabel=r"$\|ds_{T-1}/ds_t\|$")
    axes.minorticks_off()
    axes.legend(loc="lower right")
    return picture(figure, "Two curves on a logarithmic axis. " + "; ".join(words) + ".")
