"""python -m benchmarks.growth: how time grows with T and H, memory with T, and what a gradient check costs.

Writes _build/bench/growth.json and _build/bench/growth.svg (log-log). Needs numpy and matplotlib alone.
"""

import json
import tracemalloc
from pathlib import Path

import numpy as np

from benchmarks.timing import seconds
from rnnlib.fast import loss_and_gradient
from rnnlib.fast.nearby import nearby_errors
from rnnlib.gradcheck import vectorised_central_difference
from rnnlib.params import init_params
from rnnlib.routes import finite_differences, forward_mode, sum_over_paths

OUT = Path("_build/bench")
CHECKED = [(12, 4, 10, 16, 10), (12, 4, 20, 40, 20)]  # 602 and 3,260 parameters


def arguments(T, B, D, H, K, dtype=np.float32):
    rng = np.random.default_rng(0)
    x, s_init = (rng.standard_normal(size).astype(dtype) for size in ((T, B, D), (B, H)))
    return init_params(rng, D, H, K, dtype=dtype), x, s_init, rng.integers(K, size=(T, B))


def gradient_time(T, H, **options):
    given, workspace = arguments(T, 32, 65, H, 65), {}
    return seconds(lambda: loss_and_gradient(*given, workspace=workspace, **options))


def paths_time(T):
    given = arguments(T, 1, 5, 16, 4, np.float64)
    return seconds(lambda: sum_over_paths(*given), rounds=3)


def peak_memory(T, checkpoint_every=None, B=32, H=128):
    """The peak of one call over what was there before, in units of T*B*H floats."""
    given = arguments(T, B, 65, H, 65)
    loss_and_gradient(*given)
    tracemalloc.start()
    loss_and_gradient(*given, checkpoint_every=checkpoint_every)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (T * B * H * given[1].itemsize)


def check_times(shape):
    """Seconds to check every entry: one entry at a time, perturbations as extra batch rows, exact forward mode."""
    params, x, s_init, y = arguments(*shape, np.float64)
    times = {"parameters": sum(p.size for p in params)}
    times["loop"] = seconds(lambda: finite_differences(params, x, s_init, y), rounds=1)
    times["forward mode"] = seconds(lambda: forward_mode(params, x, s_init, y))
    errors = nearby_errors(x, s_init, y)
    times["vectorised"] = seconds(lambda: vectorised_central_difference(errors, params))
    return times


def measure():
    steps, units = [25, 50, 100, 200, 400, 800], [32, 64, 128, 256, 512]
    return {
        "T": {T: gradient_time(T, 128) for T in steps},
        "H": {H: gradient_time(50, H) for H in units},
        "sum over paths": {T: paths_time(T) for T in (10, 20, 40, 80)},
        "memory": {T: peak_memory(T) for T in steps},
        "memory with checkpoints": {T: peak_memory(T, round(T**0.5)) for T in steps},
        "time with checkpoints": {T: gradient_time(T, 128, checkpoint_every=round(T**0.5)) for T in steps},
        "gradient check": [check_times(shape) for shape in CHECKED],
    }


def slope(curve):
    """The exponent p of a curve ~ n^p: the slope of a straight line through its log-log points."""
    return float(np.polyfit(np.log(list(curve)), np.log(list(curve.values())), 1)[0])


def draw(result, path):
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    panels = [
        ("time [s]", "T", ["T", "time with checkpoints", "sum over paths"]),
        ("time [s]", "H", ["H"]),
        ("peak memory [T B H floats]", "T", ["memory", "memory with checkpoints"]),
    ]
    for axis, (ylabel, xlabel, curves) in zip(axes, panels, strict=True):
        for name in curves:
            label = f"{name}: power {slope(result[name]):.2f}" if "time" in ylabel else name
            axis.loglog(list(result[name]), list(result[name].values()), "o-", label=label)
        axis.set(xlabel=xlabel, ylabel=ylabel)
        axis.legend()
        axis.grid(visible=True, which="both", alpha=0.3)
    figure.savefig(path)


def main():
    result = measure()
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "growth.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(result, OUT / "growth.svg")
    for name in ("T", "H", "sum over paths"):
        print(f"time grows with {name}: power {slope(result[name]):.2f}")
    for T, memory in result["memory"].items():
        kept, slower = result["memory with checkpoints"][T], result["time with checkpoints"][T] / result["T"][T]
        print(f"T={T:4}: peak {memory:.2f} T*B*H floats; with checkpoints {kept:.2f}, {slower:.2f} of the time")
    for times in result["gradient check"]:
        text = ", ".join(f"{name} {1e3 * t:.1f} ms" for name, t in times.items() if name != "parameters")
        print(f"checking {times['parameters']} parameters: {text}")


if __name__ == "__main__":
    main()
