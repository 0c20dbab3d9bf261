"""Derivatives on a computational graph: path by path, and by sweeps that share the work.

A graph is a dict {(tail, head): local derivative}, one entry per arrow: `head` is computed from `tail`, and the entry
says how much it moves for each unit that `tail` moves. Nodes are names of any hashable kind. Every count is of
multiplications by a local derivative. Source for the whole module: the chapter "The computational graph"
(book/graph.md).
"""

from graphlib import TopologicalSorter
from typing import NamedTuple

import numpy as np

from rnnlib.activations import activation
from rnnlib.losses import output_gradient, softmax


class Sweep(NamedTuple):
    """What one sweep finds, and its cost."""

    derivatives: dict  # node -> derivative; a node that the sweep does not reach is missing: its derivative is 0
    multiplications: int


def order(graph):
    """The nodes in an order in which every arrow points forward. Raises ValueError if the graph has a circle."""
    sorter = TopologicalSorter()
    for tail, head in graph:
        sorter.add(head, tail)
    return list(sorter.static_order())


def paths(graph, start, end):
    """Every path from `start` to `end` along the arrows, each a list of arrows; raises ValueError for a circle."""
    order(graph)
    outgoing = _neighbours(graph)

    def from_here(node):
        if node == end:
            return [[]]
        return [[(node, head), *rest] for head in outgoing.get(node, []) for rest in from_here(head)]

    return from_here(start)


def sum_over_paths(graph, start, end):
    """d end / d start as a sum over paths, and the number of multiplications that takes; raises as `paths`.

    Source: eq. path-sum; Bauer (1974).
    """
    found = paths(graph, start, end)
    total = sum((np.prod([graph[edge] for edge in path]) for path in found), 0.0)
    return total, sum(len(path) for path in found)


def sweep_back(graph, end):
    """Reverse mode: d end / d node for every node that `end` depends on, one multiplication per arrow on the way.

    Returns a Sweep. Raises ValueError if the graph has a circle. Source: eq. backward-rule.
    """
    incoming = _neighbours((head, tail) for tail, head in graph)
    derivatives, count = {end: 1.0}, 0
    for head in reversed(order(graph)):  # all arrows out of `head` have been used when it is its turn
        if head in derivatives:
            for tail in incoming.get(head, []):
                derivatives[tail] = derivatives.get(tail, 0.0) + derivatives[head] * graph[tail, head]
                count += 1
    return Sweep(derivatives, count)


def sweep_forward(graph, start):
    """Forward mode: d node / d start for every node that depends on `start`, one multiplication per arrow on the way.

    Returns a Sweep. Raises ValueError if the graph has a circle. Source: eq. forward-rule.
    """
    outgoing = _neighbours(graph)
    derivatives, count = {start: 1.0}, 0
    for tail in order(graph):
        if tail in derivatives:
            for head in outgoing.get(tail, []):
                derivatives[head] = derivatives.get(head, 0.0) + graph[tail, head] * derivatives[tail]
                count += 1
    return Sweep(derivatives, count)


def recurrent_graph(params, x, s_init, y, func="tanh"):
    """The local derivatives of a scalar recurrent network with an error at every step.

    params is a `rnnlib.scalar.Params` with v (2,); x (T,); y (T, 2) targets, of any sum. Nodes: "u", "w", "k",
    "s_-1", "z_t", "s_t", "E_t" with the number of the step for t, and "E", the sum. The output (q and o) is folded
    into the arrow from s_t to E_t. Raises ValueError for an unknown func. Source: eq. two-error-network and
    graph-local-derivatives.
    """
    squash, squash_derivative = activation(func)
    graph, s = {}, s_init
    for t, (x_t, y_t) in enumerate(zip(x, y, strict=True)):
        graph |= {("u", f"z_{t}"): x_t, ("w", f"z_{t}"): s, ("k", f"z_{t}"): 1.0, (f"s_{t - 1}", f"z_{t}"): params.w}
        s = squash(params.u * x_t + params.w * s + params.k)
        graph[f"z_{t}", f"s_{t}"] = squash_derivative(s)
        graph[f"s_{t}", f"E_{t}"] = np.sum(params.v * output_gradient(softmax(params.v * s), y_t))
        graph[f"E_{t}", "E"] = 1.0
    return {edge: float(local) for edge, local in graph.items()}


def _neighbours(arrows):
    """{node: the nodes to which arrows lead from it}, in the order of the arrows."""
    found = {}
    for tail, head in arrows:
        found.setdefault(tail, []).append(head)
    return found
