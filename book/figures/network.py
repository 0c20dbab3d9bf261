"""Networks drawn as circles and arrows, and the arrow of every other picture that has one."""

import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch

from book.figures.style import BLUE, GREEN, GREY, INK, ORANGE, new_figure, picture, styled

GAP = 2.3  # from one step to the next
WEIGHTS = set("UWVuwvk")  # their letters are green
HEIGHTS = {"x": -1.7, "s": 0.0, "yhat": 1.7, "E": 3.4}


def steps(T=5, s_init=True, inputs=None, outputs=None, prediction=r"\hat{y}"):
    """The nodes {name: (x, y, mathtext)} and edges of a network unrolled over T steps.

    `inputs` and `outputs` are the steps that have an x_t, and a yhat_t with its E_t; all of them by default.
    `prediction` is the letter beside the node yhat_t.
    """
    nodes = {"s_init": (-GAP, 0, "s_{-1}")} if s_init else {}
    edges = [("s_init", "s_0")] if s_init else []
    for t in range(T):
        kinds = {"x": inputs, "s": None, "yhat": outputs, "E": outputs}
        for kind, wanted in kinds.items():
            if wanted is None or t in wanted:
                letter = prediction if kind == "yhat" else kind
                nodes[f"{kind}_{t}"] = (GAP * t, HEIGHTS[kind], f"{letter}_{t}")
        pairs = [(f"x_{t}", f"s_{t}"), (f"s_{t - 1}", f"s_{t}"), (f"s_{t}", f"yhat_{t}"), (f"yhat_{t}", f"E_{t}")]
        edges += [pair for pair in pairs if set(pair) <= set(nodes)]
    return nodes, edges


@styled
def network(nodes, edges, alt, *, size=(9.6, 4.9), title=None, loc="center", **marks):
    """A Picture of one network; `marks` as for `draw_network`, `title`, at `loc`, may hold mathtext.

    On a narrow screen the half is seen first in which the marks begin.
    """
    figure, axes = new_figure(*size)
    draw_network(axes, nodes, edges, **marks)
    if title:
        axes.set_title(title, fontsize=14, pad=8, loc=loc)
    first, (left, right) = _first_mark(**marks), axes.get_xlim()
    return picture(figure, alt, from_right=first in nodes and nodes[first][0] > (left + right) / 2)


def _first_mark(now=(), done=(), values=None, **_):
    """The node at which the first of the marked edges begins, else the first that has a value; None without marks."""
    return next(iter([*(edge[0] for edge in [*now, *done]), *(values or {})]), None)


def draw_network(axes, nodes, edges, *, now=(), done=(), faint=(), values=None, above=(), notes=None, radius=0.42):
    """Draw nodes and edges on `axes`.

    Edges in `now` are strong orange, those in `done` blue; written (head, tail), they point backwards. Nodes in
    `faint` and their edges are grey. `values` {node: text} go below a node, or above it for the nodes in `above`;
    `notes` {edge: mathtext} go beside an edge.
    Raises ValueError for a marked pair that is no edge in either direction.
    """
    xs, ys = [[place[i] for place in nodes.values()] for i in (0, 1)]
    axes.set(xlim=(min(xs) - 0.6, max(xs) + 0.6), ylim=(min(ys) - 0.95, max(ys) + 0.55), aspect="equal")
    axes.axis("off")
    for edge in [*now, *done]:
        if edge not in edges and edge[::-1] not in edges:
            raise ValueError(f"{edge} is not an edge of the network")
    for tail, head in edges:
        marked = [(e, c) for group, c in ((now, ORANGE), (done, BLUE)) for e in group if {*e} == {tail, head}]
        plain = GREY if {tail, head} & set(faint) else INK
        (start, end), colour = marked[0] if marked else ((tail, head), plain)
        arrow(axes, nodes[start][:2], nodes[end][:2], colour, 2.6 if marked else 1.0, gap=radius + 0.05, head=13)
    _nodes(axes, nodes, now, done, faint, values or {}, above, radius)
    for (tail, head), text in (notes or {}).items():
        (x, y), (x_end, y_end) = nodes[tail][:2], nodes[head][:2]
        upright = abs(x - x_end) < 0.1
        shift, align = ((0.14, 0), "left") if upright else ((0, 0.24), "center")
        place = ((x + x_end) / 2 + shift[0], (y + y_end) / 2 + shift[1])
        axes.text(*place, f"${text}$", ha=align, va="center" if upright else "bottom", color=_ink(text), fontsize=12)


def _nodes(axes, nodes, now, done, faint, values, above, radius):
    orange, blue = ({name for edge in group for name in edge} for group in (now, done))
    for name, (x, y, label) in nodes.items():
        colour = ORANGE if name in orange else BLUE if name in blue else GREY if name in faint else INK
        given = name.split("_")[0] in ("x", "y") or name in ("s_init", "s_-1")
        line = {"linewidth": 2.2 if colour in (ORANGE, BLUE) else 1.0, "linestyle": ":" if given else "-"}
        axes.add_patch(Circle((x, y), radius, fill=False, edgecolor=colour, **line))
        text = GREY if name in faint else INK
        axes.text(x, y, f"${label}$", ha="center", va="center", fontsize=13, color=_ink(label) if text == INK else text)
        if name in values:
            up, alone = name in above, values[name].endswith("$")
            away = 0.1 if alone else 0.04
            place = (x - 0.16, y + radius + away) if up else (x + 0.2, y - radius - away)
            align = {"ha": "right", "va": "bottom"} if up else {"ha": "left", "va": "top"}
            # a symbol without a number is as large as that in its node
            axes.text(*place, values[name], fontsize=13 if alone else 11, color=text, **align)


def _ink(label):
    return GREEN if label.split("_")[0] in WEIGHTS else INK


def arrow(axes, start, end, colour=INK, width=1.0, *, gap=0.0, head=11):
    """Draw an arrow from `start` to `end`, both (x, y), that leaves a gap at either end.

    `gap` is one number or a pair, in units of axes whose aspect is equal; `head` is the size of its head in points.
    """
    start, end = np.array(start, dtype=float), np.array(end, dtype=float)
    along = (end - start) / np.linalg.norm(end - start)
    before, after = np.broadcast_to(gap, 2)
    style = {"arrowstyle": "-|>", "mutation_scale": head, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(start + before * along, end - after * along, color=colour, linewidth=width, **style))
