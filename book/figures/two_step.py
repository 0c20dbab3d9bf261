"""Pictures of the chapter "Two steps by hand" (book/two-step.md)."""

import re
from contextlib import contextmanager

import numpy as np
from matplotlib.patches import Circle

from book.figures.interactive import TWO_STEP
from book.figures.network import arrow, draw_network, network
from book.figures.style import BLUE, GREEN, INK, ORANGE, new_figure, picture, styled
from book.figures.widgets import Interactive
from rnnlib import scalar

NODES = {
    "s_init": (0, 0, "s_{-1}"),
    "b_0": (1.3, 0, "b_0"),
    "z_0": (2.6, 0, "z_0"),
    "s_0": (3.9, 0, "s_0"),
    "b_1": (5.2, 0, "b_1"),
    "z_1": (6.5, 0, "z_1"),
    "s_1": (7.8, 0, "s_1"),
    "q": (9.1, 0, "q"),
    "o": (10.4, 0, "o"),
    "E": (11.7, 0, "E"),
    "x_0": (1.9, 2.4, "x_0"),
    "u_0": (3.3, 2.4, "u_0"),
    "a_0": (2.6, 1.25, "a_0"),
    "x_1": (5.8, 2.4, "x_1"),
    "u_1": (7.2, 2.4, "u_1"),
    "a_1": (6.5, 1.25, "a_1"),
    "w_0": (1.3, -1.5, "w_0"),
    "k_0": (2.6, -1.5, "k_0"),
    "w_1": (5.2, -1.5, "w_1"),
    "k_1": (6.5, -1.5, "k_1"),
    "v": (9.1, -1.5, "v"),
    "y": (11.7, -1.5, "y"),
}
EDGES = [
    ("s_init", "b_0"), ("w_0", "b_0"), ("x_0", "a_0"), ("u_0", "a_0"), ("a_0", "z_0"), ("b_0", "z_0"), ("k_0", "z_0"),
    ("z_0", "s_0"), ("s_0", "b_1"), ("w_1", "b_1"), ("x_1", "a_1"), ("u_1", "a_1"), ("a_1", "z_1"), ("b_1", "z_1"),
    ("k_1", "z_1"), ("z_1", "s_1"), ("s_1", "q"), ("v", "q"), ("q", "o"), ("o", "E"), ("y", "E"),
]  # fmt: skip

SHORT = {  # the same network with one node per step
    "s_init": (0, 0, "s_{-1}"),
    "s_0": (2.1, 0, "s_0"),
    "s_1": (4.2, 0, "s_1"),
    "E": (6.3, 0, "E"),
    "x_0": (2.1, 1.6, "x_0"),
    "x_1": (4.2, 1.6, "x_1"),
    "y": (6.3, 1.6, "y"),
    "u_0": (2.1, -1.6, "u_0"),
    "u_1": (4.2, -1.6, "u_1"),
}
SHORT_EDGES = [("s_init", "s_0"), ("x_0", "s_0"), ("x_1", "s_1"), ("y", "E")]
WAYS_TO_U = [  # against the arrows, in the order of the backward sweep
    (("E", "s_1"), BLUE),
    (("s_1", "u_1"), BLUE),
    (("s_1", "s_0"), ORANGE),
    (("s_0", "u_0"), ORANGE),
]


def two_step_graph(alt, done=(), now=(), title=None, values=None):
    """The computational graph of the two-step network, with a backward path marked on it.

    `now` and `done` are edges (from, to) against the arrows' direction, such as ("E", "o"): `now` are drawn in
    strong orange, `done` in blue. `title` may hold mathtext; `values` {node: text} go below their nodes. Raises
    ValueError for a pair that is no edge. Source: the chapter "Two steps by hand", fig. two-step-graph.
    """
    marks = {"done": done, "now": now, "radius": 0.4, "values": values}
    return network(NODES, EDGES, alt, size=(9.6, 4.0), title=title, loc="left", **marks)


def two_step_sweep(params, x, s_init, y, func="tanh"):
    """The backward sweep of the two-step network as a list of Pictures, one derivative after the other.

    Arguments as for rnnlib.scalar.forward, v with two entries; each title is the formula of that step with its
    numbers, and a number that has been found stays below its node. Source: the chapter "Two steps by hand", section
    "The sweep, one derivative at a time".
    """
    b = scalar.backward(params, x, s_init, y, func)
    steps = [
        ("dE/dE", [], r"dE/dE", 1.0, "starts at the error"),
        ("dE/dq", [("E", "o"), ("o", "q")], r"dE/dq_i = o_i \sum_j y_j - y_i", b.dE_dq, "reaches q"),
        ("dE/dv", [("q", "v")], r"dE/dv_i = dE/dq_i \cdot s_1", b.total.v, "reaches v"),
        ("dE/ds_1", [("q", "s_1")], r"dE/ds_1 = \sum_i dE/dq_i \cdot v_i", b.dE_ds_1,
         "reaches the state s_1"),
        ("dE/dz_1", [("s_1", "z_1")], r"dE/dz_1 = dE/ds_1 \cdot \partial s_1/\partial z_1",
         b.dE_dz_1, "passes the squashing of step 1"),
        ("∂⁺E/∂u_1", [("z_1", "a_1"), ("a_1", "u_1")], r"\partial^{+}E/\partial u_1 = dE/dz_1 \cdot x_1",
         b.by_step.u[1], "reaches u_1, step 1's copy of u"),
        ("∂⁺E/∂k_1", [("z_1", "k_1")], r"\partial^{+}E/\partial k_1 = dE/dz_1", b.by_step.k[1], "reaches k_1"),
        ("∂⁺E/∂w_1", [("z_1", "b_1"), ("b_1", "w_1")], r"\partial^{+}E/\partial w_1 = dE/dz_1 \cdot s_0",
         b.by_step.w[1], "reaches w_1, step 1's copy of w"),
        ("dE/ds_0", [("b_1", "s_0")], r"dE/ds_0 = dE/dz_1 \cdot w_1", b.dE_ds_0,
         "goes back in time to s_0"),
        ("dE/dz_0", [("s_0", "z_0")], r"dE/dz_0 = dE/ds_0 \cdot \partial s_0/\partial z_0",
         b.dE_dz_0, "passes the squashing of step 0"),
        ("∂⁺E/∂u_0", [("z_0", "a_0"), ("a_0", "u_0")], r"\partial^{+}E/\partial u_0 = dE/dz_0 \cdot x_0",
         b.by_step.u[0], "reaches u_0, step 0's copy of u"),
        ("∂⁺E/∂k_0", [("z_0", "k_0")], r"\partial^{+}E/\partial k_0 = dE/dz_0", b.by_step.k[0], "reaches k_0"),
        ("∂⁺E/∂w_0", [("z_0", "b_0"), ("b_0", "w_0")], r"\partial^{+}E/\partial w_0 = dE/dz_0 \cdot s_{-1}",
         b.by_step.w[0], "reaches w_0, step 0's copy of w"),
        ("dE/ds_-1", [("b_0", "s_init")], r"dE/ds_{-1} = dE/dz_0 \cdot w_0", b.s_init,
         "ends at the state before the first step"),
    ]  # fmt: skip
    frames, done, values = [], [], {}
    for name, now, formula, value, words in steps:
        numbers = f"({value[0]:.3f}, {value[1]:.3f})" if np.ndim(value) else f"{value:.3f}"
        values[now[-1][1] if now else "E"] = numbers.replace(", ", ",\n")
        alt = f"The graph of the two steps: the derivative {words}; its value there is {numbers}."
        frames.append(two_step_graph(alt, done, now, f"${formula}$ = {numbers}", values).named(name))
        done += [edge for edge in now if edge not in done]
    return frames


def two_step_play(params, x, s_init, y):
    """The two-step network whose numbers the reader chooses, which begins with these, tanh and both chains.

    Arguments as for rnnlib.scalar.forward, v with two entries. Source: the chapter "Two steps by hand", section "Choose
    the numbers".
    """
    given = {"u": params.u, "w": params.w, "k": params.k, "x_0": x[0], "x_1": x[1], "s_init": s_init}
    state = TWO_STEP | {name: float(value) for name, value in given.items()}
    state |= {"v": params.v.tolist(), "y": y.tolist()}
    return Interactive("two-step", state, two_step_sweep(params, x, s_init, y)[-1].html, rows=4)


@styled
def back_to_u(params, x, s_init, y, func="tanh"):
    """The two ways of the error back to the weight u, as a Picture whose arrows can arrive one after the other.

    Arguments as for rnnlib.scalar.forward. What moves has the class "arrives" or "leaves", and its place in the order
    as --stage, for a stylesheet; where none moves it, the picture is whole and still. Source: the chapter "Two steps by
    hand", sections on the two chains.
    """
    b = scalar.backward(params, x, s_init, y, func)
    parts, total = [f"{part:.5f}" for part in b.by_step.u], f"{b.total.u:.5f}"  # fewer digits would not add up
    figure, axes = new_figure(5.4, 3.9)
    draw_network(axes, SHORT, SHORT_EDGES, notes={("s_init", "s_0"): "w"})
    axes.set_ylim(-3.7, 2.1)
    for (tail, head), note in ((("s_0", "s_1"), "w"), (("s_1", "E"), "v")):
        middle = (SHORT[tail][0] + SHORT[head][0]) / 2
        axes.text(middle, 0.24, f"${note}$", ha="center", va="bottom", color=GREEN, fontsize=12)
    for stage, ((start, end), colour) in enumerate(WAYS_TO_U):
        with _named(axes, f"leaves-{stage}"):
            _arrow(axes, end, start, INK, 1.0)
        with _named(axes, f"arrives-{stage}"):
            _reached(axes, start, end, colour, parts)
    with _named(axes, f"arrives-{len(WAYS_TO_U)}"):
        _sum(axes, parts, total)
    return _staged(
        picture(
            figure,
            "A recurrent network of two steps, left to right: s_-1, s_0, s_1 and the error E. The way of the error back"
            f" is marked. In blue it runs from E to s_1 and to u_1, where {parts[1]} arrives; in orange it goes on from"
            f" s_1 back in time to s_0 and to u_0, where {parts[0]} arrives. Their sum is dE/du, {total}.",
        )
    )


@contextmanager
def _named(axes, name):
    """What is drawn within it has a name, so that the page can move it."""
    before = set(axes.get_children())
    yield
    for number, artist in enumerate(each for each in axes.get_children() if each not in before):
        artist.set_gid(f"{name}-{number}")


def _arrow(axes, start, end, colour, width):
    arrow(axes, SHORT[start][:2], SHORT[end][:2], colour, width, gap=0.47, head=13)


def _reached(axes, start, end, colour, parts):
    """The arrow from one node to the next on the way back, and what arrives there if it is a copy of u."""
    _arrow(axes, start, end, colour, 2.6)
    for node in {start, end} - ({"s_1"} if colour == ORANGE else set()):  # the blue way was there before
        axes.add_patch(Circle(SHORT[node][:2], 0.42, fill=False, edgecolor=colour, linewidth=2.2))
    if end.startswith("u"):
        x, y = SHORT[end][:2]
        axes.text(x, y - 0.52, _signed(parts[int(end[-1])]), ha="center", va="top", fontsize=12, color=colour)


def _sum(axes, parts, total):
    said = r"\frac{dE}{du} = \frac{\partial^{+}E}{\partial u_0} + \frac{\partial^{+}E}{\partial u_1}"
    numbers = f"{parts[0]} + {parts[1]} = {total}".replace("+ -", "- ")
    axes.text(3.15, -3.25, f"${said} = {numbers}$", ha="center", va="center", fontsize=14)


def _signed(number):
    return number.replace("-", "\N{MINUS SIGN}")


def _staged(drawn):
    """The Picture with the classes and places that a stylesheet needs; what leaves is not seen where nothing moves."""
    html = re.sub(r'(id="p\w+-arrives-(\d)-\d+")', r'\1 class="arrives" style="--stage:\2"', drawn.html)
    html = re.sub(r'(id="p\w+-leaves-(\d)-\d+")', r'\1 class="leaves" style="--stage:\2;opacity:0"', html)
    return drawn._replace(html=html)
