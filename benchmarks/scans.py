"""python -m benchmarks.scans: all states of a linear recurrence by loop and by scan, against jax and torch on one core.

Prints the ratio of our time to theirs for each length and width, in float64, and our time in milliseconds. The results
are compared first. Run with OPENBLAS_NUM_THREADS=1.
"""

import os

import numpy as np

from benchmarks.timing import ratios, seconds
from rnnlib import linear
from rnnlib.gradcheck import relative_error

LENGTHS, WIDTHS = (64, 1024, 16384, 65536), (1, 64, 512)
MOST = 2**22  # numbers in a: with more, a round takes seconds
OURS = {
    "loop": lambda a, b: linear.loop_forward(a, b, np.zeros(a.shape[1]))[1:],
    "scan": lambda a, b: linear.scan((a, b), linear.combine)[1],
    "tree": lambda a, b: linear.tree_scan((a, b), linear.combine)[1],
    "chunks": lambda a, b: linear.chunked_scan((a, b), max(1, round(len(a) ** 0.5)))[1],
}


def jax_scan(a, b):
    """jax.jit of jax.lax.associative_scan with the same composition."""
    import jax

    jax.config.update("jax_enable_x64", True)
    given = jax.device_put((a, b))
    run = jax.jit(lambda pairs: jax.lax.associative_scan(linear.combine, pairs)[1])
    return lambda: jax.block_until_ready(run(given))


def torch_loop(a, b):
    """torch, a step at a time, without autograd: it has no scan of pairs that is ready for use."""
    import torch

    a, b = torch.tensor(a), torch.tensor(b)

    def job():
        states = torch.empty_like(b)
        s = torch.zeros_like(b[0])
        for t in range(len(a)):
            s = torch.addcmul(b[t], a[t], s, out=states[t])
        return states

    return job


def measure(T, H):
    """{our way: (ratios to the peers, our seconds)} for one size; raises AssertionError unless all agree."""
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0.9, 1.0, (T, H)), rng.standard_normal((T, H))
    peers = {"jax": jax_scan(a, b), "torch loop": torch_loop(a, b)}
    right = OURS["loop"](a, b)
    for job in [*peers.values(), *(lambda way=way: way(a, b) for way in OURS.values())]:
        assert relative_error(np.asarray(job()), right) < 1e-9
    rounds = 3 if seconds(peers["torch loop"], 1) > 0.2 else 7
    return {name: ratios(lambda way=way: way(a, b), peers, rounds) for name, way in OURS.items()}


def main():
    import torch

    torch.set_num_threads(1)
    print(f"{'T':>6}{'H':>5}  {'ours':8}{'ms':>10}{'jax':>10}{'torch loop':>12}")
    for H in WIDTHS:
        for T in LENGTHS:
            if T * H <= MOST:
                for name, (medians, ours) in measure(T, H).items():
                    row = f"{T:6}{H:5}  {name:8}{1e3 * ours:10.3f}{medians['jax']:10.2f}{medians['torch loop']:12.2f}"
                    print(row, flush=True)


if __name__ == "__main__":
    # Both are read when the libraries are loaded, so before main imports them.
    os.environ.update(
        OMP_NUM_THREADS="1", XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    )
    main()
