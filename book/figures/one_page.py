"""Pictures of the chapter "BPTT on one page" (book/one-page.md)."""

from book.figures.network import GAP, network, steps


def all_paths(T=4):
    """The unrolled network with every way of the errors back in time, and the exits to the copies of W."""
    nodes, edges = steps(T)
    nodes |= {f"W_{k}": (GAP * k - 1.15, -1.2, f"W_{k}") for k in range(T)}
    exits = [(f"s_{k}", f"W_{k}") for k in range(T)]
    back = [pair for t in range(T) for pair in ((f"E_{t}", f"yhat_{t}"), (f"yhat_{t}", f"s_{t}"))]
    back += [(f"s_{t}", f"s_{t - 1}") for t in range(1, T)]
    edges += [(f"W_{k}", f"s_{k}") for k in range(T)]
    above = {f"s_{t}": rf"$\delta_{t}$" for t in range(T)}
    alt = (
        f"A recurrent network unrolled over {T} steps. Each error E_t leads back to the prediction and the state of its"
        " step, and each state to the state before it. From each state an exit leads to the copy of W of that step."
    )
    return network(nodes, edges, alt, now=back, done=exits, values=above, above=above, size=(7.0, 3.95))
