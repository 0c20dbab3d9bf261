"""Fair timing on a shared machine: CPU time, contestants in turn, medians of ratios."""

import statistics
import time

LEAST = 0.01  # seconds in one measurement, so that the clock's own grain does not count


def ratios(ours, peers, rounds, clock=time.process_time):
    """Median over the rounds of (time of `ours`) / (time of each peer), and our median time in seconds.

    `peers` is a dict of functions of no arguments. In a round everybody runs once, in turn.
    """
    jobs = {"ours": ours, **peers}
    repeats = {name: _repeats(job, clock) for name, job in jobs.items()}
    times = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            times[name].append(_time(job, repeats[name], clock))
    medians = {
        name: statistics.median(a / b for a, b in zip(times["ours"], times[name], strict=True)) for name in peers
    }
    return medians, statistics.median(times["ours"])


def seconds(job, rounds=5, clock=time.process_time):
    """The median CPU time of one call of `job`."""
    repeats = _repeats(job, clock)
    return statistics.median(_time(job, repeats, clock) for _ in range(rounds))


def _time(job, repeats, clock):
    start = clock()
    for _ in range(repeats):
        job()
    return (clock() - start) / repeats


def _repeats(job, clock):
    job()  # compiles, fills caches and workspaces
    return max(1, round(LEAST / max(_time(job, 1, clock), 1e-7)))
