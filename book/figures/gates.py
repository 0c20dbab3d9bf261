"""Pictures of the chapter "Gates" (book/gates.md)."""

import numpy as np

from book.experiments.recall import gradient_norms
from book.figures.curves import beside, draw_histories
from book.figures.network import arrow
from book.figures.style import BLUE, GREEN, GREY, INK, ORANGE, new_figure, picture, styled
from rnnlib import lstm, rnn
from rnnlib.activations import sigmoid
from rnnlib.params import init_params
from rnnlib.tasks import delayed_recall


@styled
def lstm_cell():
    """One step of the LSTM as a Picture: the path of the memory above, the path of the state below.

    Source: the chapter "Gates" (book/gates.md), eq. lstm-memory and lstm-state.
    """
    figure, axes = new_figure(6.6, 3.4)
    axes.set(xlim=(-0.6, 10.2), ylim=(-0.75, 4.3), aspect="equal")
    axes.axis("off")
    nodes = {
        "m_{t-1}": (0.1, 3.6), "forget": (2, 3.6), "+": (5.2, 3.6), "m_t": (9.6, 3.6),
        "write": (5.2, 2.3), "squashed": (8.1, 2.3), "read": (8.1, 0.9), "s_t": (9.6, 0.9),
        "f_t": (2, 0.9), "i_t": (3.6, 0.9), "g_t": (5.2, 0.9), "o_t": (6.6, 0.9),
    }  # fmt: skip
    signs = dict.fromkeys(("forget", "write", "read"), r"\times") | dict.fromkeys(("squashed", "g_t"), r"\tanh")
    signs |= dict.fromkeys(("f_t", "i_t", "o_t"), r"\sigma")
    path = [("m_{t-1}", "forget"), ("forget", "+"), ("+", "m_t")]
    others = [
        ("f_t", "forget"), ("i_t", "write"), ("g_t", "write"), ("write", "+"), ("m_t", "squashed"),
        ("squashed", "read"), ("o_t", "read"), ("read", "s_t"),
    ]  # fmt: skip
    for edges, colour, width in ((others, INK, 1.0), (path, ORANGE, 2.6)):
        for tail, head in edges:
            arrow(axes, nodes[tail], nodes[head], colour, width, gap=(0.68 if tail == "m_{t-1}" else 0.42, 0.42))
    for name, place in nodes.items():
        axes.text(*place, f"${signs.get(name, name)}$", ha="center", va="center", fontsize=16)
    for name, place in {"f_t": (2.12, 2.2), "i_t": (4.0, 1.72), "g_t": (5.32, 1.6), "o_t": (7.2, 1.12)}.items():
        axes.text(*place, f"${name}$", fontsize=13)
    axes.text(0.1, -0.4, "$s_{t-1}, x_t$", ha="center", va="center", fontsize=16)
    axes.plot([1.2, nodes["o_t"][0]], [-0.4, -0.4], color=INK, linewidth=1.0)
    for name in ("f_t", "i_t", "g_t", "o_t"):
        x, y = nodes[name]
        arrow(axes, (x, -0.4), (x, y), gap=(0, 0.38))
    return picture(
        figure,
        "One step of an LSTM. The memory m_t-1 runs straight to m_t along the top: it is multiplied by the forget gate"
        " f_t, then i_t times g_t is added. Below, s_t-1 and x_t give the gates f_t, i_t and o_t, each through a"
        " sigmoid, and g_t through a tanh; the state s_t is the tanh of m_t times the output gate o_t. Only the path"
        " along the top is marked.",
    )


def error_reach(rng, biases, T=60, H=12, K=4):
    """How much of the last error reaches each earlier memory of a new LSTM: a Picture for each forget bias, a list.

    The norm of dE/dm_t is drawn over t for one random sequence, with that of dE/ds_t of a simple network.
    Source: the chapter "Gates" (book/gates.md), eq. memory-road.
    """
    batch = delayed_recall(rng, T, 1, K=K)
    steps = np.arange(0, T, 6)
    plain = init_params(rng, 2 * K, H, K)
    gated = lstm.init_params(rng, 2 * K, H, K)
    gated.b[H : 2 * H] -= 1  # the bias drawn is the one in the title
    simple = gradient_norms(rnn, plain, batch, np.zeros((1, H)), steps)
    reaches = []
    for bias in biases:
        b = gated.b.copy()
        b[H : 2 * H] += bias
        reach = gradient_norms(lstm, gated._replace(b=b), batch, np.zeros((2, 1, H)), steps)
        reaches.append(reach / reach[-1])
    return [
        _reach(T, steps, simple / simple[-1], reach, bias).named(f"{bias:.1f}")
        for bias, reach in zip(biases, reaches, strict=True)
    ]


@styled
def _reach(T, steps, simple, reach, bias):
    keep = float(sigmoid(np.float64(bias)))
    figure, axes = new_figure(6.4, 3.3)
    axes.semilogy(steps, simple, color=GREY, label="simple network")
    axes.semilogy(steps, reach, color=BLUE, label="LSTM, memory")
    axes.semilogy(steps, keep ** (steps[-1] - steps.astype(float)), ":", color=ORANGE, label="constant forget gate")
    axes.set(ylim=(1e-16, 30), xlabel="step $t$", ylabel="share of the last error")
    axes.set_title(f"forget bias {bias:.1f}: a gate of about {keep:.3f}", fontsize=11)
    axes.legend(loc="lower right", fontsize=10)
    return picture(
        figure,
        f"How much of the last error reaches step t, on a logarithmic scale. With a forget bias of {bias:.1f} the"
        f" LSTM's memory at step 0 receives {reach[0]:.0e} of what a late one receives; the simple network's state"
        f" {simple[0]:.0e}.",
    )


@styled
def recall_curves(errors, K=4):
    """The errors of `book.experiments.recall.recall_runs` over the updates, smoothed over ten of them, as a Picture."""
    figure, axes = new_figure(6.4, 3.4)
    colours = (GREY, ORANGE, BLUE, GREEN)
    ends = draw_histories(axes, errors, colours, baselines={"": np.log(K)})
    axes.set(ylabel="$E$")
    longest = max(map(len, errors.values()))
    for (name, end), colour in zip(ends.items(), colours, strict=True):
        late = len(errors[name]) > longest / 2  # then its name is before its end, or above it if it has not learnt
        shift = (8, 0) if not late else (-16, 0) if end < 1 else (0, 12)
        beside(axes, name, (len(errors[name]), end), colour, ha="right" if late else "left", shift=shift)
    words = "; ".join(f"{name} ends at {end:.3f}" for name, end in ends.items())
    return picture(figure, f"The error of delayed recall over the updates; guessing costs {np.log(K):.3f}. {words}.")


@styled
def cost_curves(sizes, seconds):
    """Seconds of one gradient over H, on logarithmic axes, as a Picture.

    `seconds` maps a name to its times, one per size.
    """
    figure, axes = new_figure(5.6, 3.2)
    for (name, times), colour in zip(seconds.items(), [ORANGE, BLUE], strict=True):
        axes.loglog(sizes, times, "o-", color=colour, label=name)
    axes.set(xlabel="state units $H$", ylabel="seconds")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_xticks([], minor=True)
    axes.legend()
    words = "; ".join(f"{name} from {t[0]:.1e} to {t[-1]:.1e} seconds" for name, t in seconds.items())
    return picture(figure, f"The time of one gradient for {sizes[0]} to {sizes[-1]} state units: {words}.")
