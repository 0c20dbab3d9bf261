"""Time and memory of a call, and what one gradient takes of both, measured while a page is built."""

import time
import tracemalloc

import numpy as np

from book.experiments.cases import case
from rnnlib import fast, rnn, routes
from rnnlib.params import init_params


def best_time(call, repeats=5):
    """The shortest of `repeats` timings of `call()`, in seconds of this process: what others do hardly counts."""
    times = []
    for _ in range(repeats):
        before = time.process_time()
        call()
        times.append(time.process_time() - before)
    return min(times)


def peak_bytes(call):
    """The most bytes that `call()` holds at a time, beyond what was there before."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def times_by_batch(T, D, H, K, batches):
    """Seconds of one gradient for each batch size: loops, vectorised, tuned (rnnlib.fast), and the machine's limit.

    The limit is the products of eq. flop-count at the best rate of any product here, and one tanh per entry.
    Source: the chapter "Vectorised BPTT" (book/vectorised.md), eq. flop-count.
    """
    some = np.random.default_rng(0).standard_normal((384, 384))
    rate = max(2 * n**3 / best_time(lambda n=n: some[:n, :n] @ some[:n, :n], repeats=20) for n in (192, 256, 384))
    tanh = best_time(lambda: np.tanh(some[:64]), repeats=20) / some[:64].size
    seconds = {"loops": [], "vectorised": [], "tuned": [], "limit": []}
    for B in batches:
        arguments, workspace = case(T, B, D, H, K), {}
        seconds["loops"].append(best_time(lambda a=arguments: routes.backward_recursion(*a), repeats=2))
        seconds["vectorised"].append(best_time(lambda a=arguments: rnn.loss_and_gradient(*a), repeats=10))
        seconds["tuned"].append(
            best_time(lambda a=arguments, w=workspace: fast.loss_and_gradient(*a, workspace=w), repeats=10)
        )
        seconds["limit"].append(T * B * (2 * (2 * H * D + 3 * H * H + 3 * K * H) / rate + H * tanh))
    return seconds


def peak_numbers(arguments, **options):
    """The most float64 numbers that `rnnlib.fast.loss_and_gradient` holds at a time, beyond its arguments."""
    fast.loss_and_gradient(*arguments, **options)  # what is only loaded or made once does not count
    return peak_bytes(lambda: fast.loss_and_gradient(*arguments, **options)) / 8


def peak_megabytes_by_length(lengths, chunk, B=16, H=64, K=20):
    """Peak megabytes of one gradient for each length T: in full, with checkpoints, and chunk by chunk.

    One checkpoint is kept in `chunk` steps, and a chunk has as many. The result maps a label to a list, one entry per
    length. Source: the chapter "Truncated BPTT" (book/truncated.md), section "Memory".
    """
    rng = np.random.default_rng(0)
    params, s_init = init_params(rng, K, H, K), np.zeros((B, H))
    peaks = {"full": [], f"checkpoints every {chunk}": [], f"chunks of {chunk}": []}
    for T in lengths:
        x, y = rng.integers(K, size=(2, T, B))
        for label, every, step in zip(peaks, (None, chunk, None), (T, T, chunk), strict=True):
            peak = peak_bytes(lambda x=x, y=y, step=step, every=every: _in_steps(params, x, s_init, y, step, every))
            peaks[label].append(peak / 1e6)
    return peaks


def _in_steps(params, x, s, y, step, every):
    for t in range(0, len(x), step):
        _, _, s = fast.loss_and_gradient(params, x[t : t + step], s, y[t : t + step], checkpoint_every=every)
