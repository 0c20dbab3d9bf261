"""Pictures of the chapter "Recurrence" (book/recurrence.md)."""

from matplotlib.figure import Figure

from book.figures.network import GAP, draw_network, network, steps
from book.figures.style import picture, styled

KINDS = {
    "many-to-many": {"inputs": range(4), "outputs": range(4)},
    "many-to-one": {"inputs": range(4), "outputs": [3]},
    "one-to-many": {"inputs": [0], "outputs": range(4)},
}


def unrolled():
    """The network unrolled over five steps, with the letter of its weights on every arrow."""
    T = 5
    nodes, edges = steps(T)
    letters = {"x": "U", "s": "W", "yhat": ""}
    notes = {(a, b): "V" if b.startswith("yhat") else letters[a.split("_")[0]] for a, b in edges}
    nodes |= {f"y_{t}": (GAP * t - 1.15, 2.3, f"y_{t}") for t in range(T)}
    edges += [(f"y_{t}", f"E_{t}") for t in range(T)]
    return network(
        nodes,
        edges,
        "Five columns, one per step. In each column the input x_t points to the state s_t, the state to the prediction"
        " yhat_t, and the prediction and the target y_t to the error E_t, for t from 0 to 4. Each state points to the"
        " next one; s_-1 comes before the first. Every arrow from x to s carries the letter U, from state to state W,"
        " from s to yhat V.",
        notes={edge: letter for edge, letter in notes.items() if letter},
    )


def forward_frames(x, s_init, fwd, errors):
    """The forward pass as Pictures, one step per frame: one unit, two classes, one sequence.

    Shapes: x (T,), s_init a number, errors (T,); fwd is what `rnnlib.rnn.forward` returned for the same sequence.
    """
    T = len(x)
    nodes, edges = steps(T)
    values = {"s_init": f"{s_init:.2f}"} | {f"x_{t}": f"{x[t]:g}" for t in range(T)}
    frames = []
    for t in range(-1, T):
        now = []
        if t >= 0:
            before = f"s_{t - 1}" if t else "s_init"
            now = [(f"x_{t}", f"s_{t}"), (before, f"s_{t}"), (f"s_{t}", f"yhat_{t}"), (f"yhat_{t}", f"E_{t}")]
            values |= {f"s_{t}": f"{fwd.s[t, 0, 0]:.3f}", f"E_{t}": f"{errors[t]:.3f}"}
            values[f"yhat_{t}"] = "\n".join(f"{p:.3f}" for p in fwd.yhat[t, 0])
        later = [name for name in nodes if name not in values]
        total = sum(errors[: t + 1])
        told = (
            f"after step {t}, the state is {fwd.s[t, 0, 0]:.3f}, the error of the step {errors[t]:.3f}"
            if t >= 0
            else "before the first step, only the inputs and the initial state are known"
        )
        alt = f"The unrolled network: {told}; the errors so far sum to {total:.3f}."
        title = f"step {t}:  $E$ so far = {total:.3f}" if t >= 0 else "before the first step:  $E$ so far = 0"
        frame = network(nodes, edges, alt, now=now, faint=later, values=values, title=title)
        frames.append(frame.named(str(t) if t >= 0 else "none yet"))
    return frames


@styled
def kinds():
    """Three small networks beside one another: many-to-many, many-to-one, one-to-many."""
    figure = Figure(figsize=(11, 3.6))
    for axes, (name, kind) in zip(figure.subplots(1, 3), KINDS.items(), strict=True):
        nodes, edges = steps(4, s_init=False, **kind)
        if name == "one-to-many":  # what the network said is what it reads next
            edges += [(f"yhat_{t}", f"s_{t + 1}") for t in range(3)]
        draw_network(axes, nodes, edges, radius=0.55)
        axes.set_title(name, fontsize=13)
    return picture(
        figure,
        "Three networks of four steps. Many-to-many: an input, a prediction and an error at each step. Many-to-one: an"
        " input at each step, a prediction and an error at the last one only. One-to-many: an input at the first step"
        " only, a prediction and an error at each step, and each prediction is an input of the next state.",
    )
