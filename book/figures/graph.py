"""Pictures of the chapter "The computational graph" (book/graph.md)."""

from book.figures.network import network
from book.figures.style import BLUE, ORANGE, new_figure, picture, styled
from rnnlib.graph import order, sweep_back, sweep_forward

NODES = {
    "s_-1": (0, 0, "s_{-1}"),
    "z_0": (1.9, 0, "z_0"),
    "s_0": (3.8, 0, "s_0"),
    "z_1": (5.7, 0, "z_1"),
    "s_1": (7.6, 0, "s_1"),
    "E_0": (3.8, 1.9, "E_0"),
    "E_1": (7.6, 1.9, "E_1"),
    "E": (9.5, 2.9, "E"),
    "u": (1.9, -2.5, "u"),
    "w": (3.8, -2.5, "w"),
    "k": (5.7, -2.5, "k"),
}
LOCAL = {
    ("s_-1", "z_0"): "w", ("s_0", "z_1"): "w", ("z_0", "s_0"): "1 - s_0^2", ("z_1", "s_1"): "1 - s_1^2",
    ("s_0", "E_0"): r"\sum_i v_i (o_{0,i} - y_{0,i})", ("s_1", "E_1"): r"\sum_i v_i (o_{1,i} - y_{1,i})",
}  # fmt: skip
SIZE = (9.6, 5.2)
ABOVE = {"s_-1", "z_0", "s_0", "z_1", "s_1"}  # where arrows leave more room above than below


def two_errors(graph, alt, **marks):
    """The network of two steps with an error at each; `graph` as from `rnnlib.graph.recurrent_graph`."""
    return network(NODES, list(graph), alt, size=SIZE, above=ABOVE, **marks)


def local_derivatives(graph):
    """The same, with the local derivative beside the arrows that have room for it."""
    return two_errors(
        graph,
        "A chain s_-1, z_0, s_0, z_1, s_1 from left to right. s_0 points up to the error E_0, s_1 to E_1, and both"
        " errors point to their sum E. Below the chain are u, w and k; each points to z_0 and to z_1. Arrows from z to"
        " s carry 1 - s squared, arrows from a state to the next z carry w, arrows from s to E carry the output"
        " gradient.",
        notes=LOCAL,
    )


def path_frames(graph, paths):
    """One Picture a path, with the product of its local derivatives."""
    frames = []
    for i, path in enumerate(paths):
        product = 1.0
        for edge in path:
            product *= graph[edge]
        names = ", ".join([path[0][0], *(head for _, head in path)])
        factors = r" \cdot ".join(f"{graph[edge]:.3f}" if graph[edge] >= 0 else f"({graph[edge]:.3f})" for edge in path)
        alt = f"Path {i + 1} of {len(paths)}, through {names}: its local derivatives multiply to {product:.4f}."
        frame = two_errors(graph, alt, now=path, title=f"${factors}$ = {product:.4f}")
        frames.append(frame.named(names.replace(",", "")))
    return frames


def backward_frames(graph):
    """The backward sweep from E as Pictures: each frame settles one node and uses the arrows into it."""
    frames, used = [], []
    for node in reversed([node for node in order(graph) if any(head == node for _, head in graph)]):
        now = [(head, tail) for tail, head in graph if head == node]
        done = [edge[::-1] for edge in used]
        used += [edge[::-1] for edge in now]
        so_far = sweep_back({edge: graph[edge] for edge in used}, "E").derivatives
        title = f"$dE/d{NODES[node][2]}$ is complete: use its arrows"
        alt = (
            f"Backward sweep: dE/d{node} is {so_far[node]:.3f}; multiplied by the local derivatives of the arrows into"
            f" {node}, it is added to {' and '.join(tail for _, tail in now)}."
        )
        frames.append(_frame(graph, alt, so_far, now, done, title).named(f"dE/d{node}"))
    last = sweep_back(graph, "E").derivatives
    told = ", ".join(f"dE/d{name} is {last[name]:.3f}" for name in ("u", "w", "k", "s_-1"))
    alt, done = f"The sweep is finished: {told}.", [edge[::-1] for edge in used]
    frames.append(_frame(graph, alt, last, (), done, "all at once").named("all"))
    return frames


def forward_frames(graph, start):
    """The forward sweep from `start` as Pictures: each frame settles one node and uses the arrows out of it."""
    frames, used, reached = [], [], sweep_forward(graph, start).derivatives
    for node in order(graph):
        now = [edge for edge in graph if edge[0] == node and node in reached]
        if not now:
            continue
        done, used = list(used), [*used, *now]
        so_far = sweep_forward({edge: graph[edge] for edge in used}, start).derivatives
        title = f"$d{NODES[node][2]}/d{start}$ is complete: use its arrows"
        alt = (
            f"Forward sweep from {start}: d{node}/d{start} is {so_far[node]:.3f}; multiplied by the local derivatives"
            f" of the arrows out of {node}, it is added to {' and '.join(head for _, head in now)}."
        )
        frames.append(_frame(graph, alt, so_far, now, done, title).named(f"d{node}/d{start}"))
    return frames


def _frame(graph, alt, so_far, now, done, title):
    values = {name: f"{value:.3f}" for name, value in so_far.items()}
    return two_errors(graph, alt, now=now, done=done, values=values, title=title)


@styled
def path_growth(steps, paths, arrows, alt):
    """Paths and arrows against the number of steps, on a logarithmic axis; one curve of each for every width H."""
    figure, axes = new_figure(5.6, 3.6)
    for H, style, align in zip(paths, ("-", "--"), ("top", "bottom"), strict=True):
        for counts, what, colour in ((paths[H], "paths", ORANGE), (arrows[H], "arrows", BLUE)):
            axes.semilogy(steps, counts, style, color=colour)
            axes.annotate(f" {what}, H = {H}", (steps[-1], counts[-1]), va=align)
    axes.set(xlabel="steps", ylabel="count", xticks=steps[::3])
    return picture(figure, alt)
