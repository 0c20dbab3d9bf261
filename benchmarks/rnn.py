"""python -m benchmarks.rnn: one gradient against torch, jax, a plain numpy loop and the limit of numpy itself.

Prints a table and writes _build/bench/rnnlib.json. Every number of threads runs in its own process.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

SHAPES = [  # T, B, D, H, K and the dtype the targets are set for
    ((25, 1, 65, 100, 65), "float32"),
    ((50, 32, 65, 128, 65), "float32"),
    ((100, 64, 128, 256, 128), "float64"),
    ((64, 128, 512, 512, 512), "float64"),
    ((35, 20, 200, 200, 10000), "float32"),
    ((1000, 1, 1, 64, 1), "float32"),
]
OUT = Path("_build/bench/rnnlib.json")
PEERS = ("torch", "jax", "numpy_loop", "limit")


def arguments(shape, dtype):
    """Random (params, x, s_init, y) of one shape; s_init is not zero."""
    import numpy as np

    from rnnlib.params import init_params

    T, B, D, H, K = shape
    rng = np.random.default_rng(0)
    x, s_init = (rng.standard_normal(size).astype(dtype) for size in ((T, B, D), (B, H)))
    return init_params(rng, D, H, K, dtype=dtype), x, s_init, rng.integers(K, size=(T, B))


def agree(a, b, dtype):
    """Whether two results (E, gradient) are one up to rounding: a peer that computes something else is no peer."""
    import numpy as np

    tol = 1e-3 if dtype == "float32" else 1e-9
    pairs = [(a[0], b[0]), *zip(a[1], b[1], strict=True)]
    return all(np.max(np.abs(m - n)) <= tol * max(np.max(np.abs(n)), 1e-2) for m, n in pairs)


def measure(shape, dtype, threads, budget):
    """One entry of the result: the ratios of one shape, within about `budget` seconds."""
    from benchmarks import peers
    from benchmarks.timing import ratios

    given = arguments(shape, dtype)
    jobs = {name: getattr(peers, name)(*given) for name in PEERS}
    ours = peers.ours(*given)
    result = ours()
    for name in ("torch", "jax", "numpy_loop"):
        if not agree(result, jobs[name](), dtype):
            raise SystemExit(f"{name} computes another gradient at {shape} {dtype}")
    start = time.perf_counter()
    clock = time.process_time if threads == 1 else time.perf_counter
    ratios(ours, jobs, 1, clock)
    rounds = max(3, min(25, round(budget / (time.perf_counter() - start))))
    medians, seconds = ratios(ours, jobs, rounds, clock)
    return {"shape": list(shape), "dtype": dtype, "threads": threads, "ratios": medians, "seconds": seconds}


def run_here(threads, budget, dtypes):
    """Measure every shape in this process and print one JSON line each."""
    import torch

    torch.set_num_threads(threads)
    for shape, target_dtype in SHAPES:
        for dtype in (target_dtype,) if dtypes == "targets" else ("float32", "float64"):
            print(json.dumps(measure(shape, dtype, threads, budget)), flush=True)


def environment(threads):
    """The same number of threads for every library, and no hints that only one of them would follow."""
    env = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    env.update(OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return env


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=float, default=8.0, help="for each shape and dtype")
    parser.add_argument("--dtypes", choices=["targets", "both"], default="both")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        return run_here(options.threads[0], options.seconds, options.dtypes)

    print(f"{'T, B, D, H, K':28}{'dtype':9}{'threads':>7}{'ms':>10}" + "".join(f"{name:>12}" for name in PEERS))
    entries = []
    for threads in options.threads:
        command = [sys.executable, "-m", "benchmarks.rnn", "--here", "--threads", str(threads)]
        command += ["--seconds", str(options.seconds), "--dtypes", options.dtypes]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(threads)) as child:
            for line in child.stdout:
                entry = json.loads(line)
                entries.append(entry)
                row = f"{', '.join(map(str, entry['shape'])):28}{entry['dtype']:9}{threads:7}"
                row += f"{1e3 * entry['seconds']:10.2f}"
                print(row + "".join(f"{entry['ratios'][name]:12.3f}" for name in PEERS), flush=True)
        if child.returncode:
            raise SystemExit(f"the measurement with {threads} threads failed")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(entries, indent=1) + "\n")
    print(f"ratios are our time / theirs, so below 1 is faster; written to {OUT}")


if __name__ == "__main__":
    main()
