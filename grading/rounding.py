"""Does rounding ever decide a mark? `python -m grading.rounding`: right answers, marked with thousands of seeds.

Every hidden test compares with a tolerance, and a right answer that adds up in another order, or whose tanh differs in
its last digit, is off by some part of it. Here the tests of every function meet such answers: those of answers.toml,
and the solution with every tanh, exp and log moved to the next floating-point number up, and down. No error may take
more than a third of what is allowed; the rest is left to orders of adding up that nobody here has thought of.
"""

import argparse
import collections
import contextlib
import datetime
import functools
import itertools
import math
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple
from unittest import mock

import numpy as np

from grading import checks, exercise, mutants
from grading.answers import solution
from grading.course import slugs
from rnnlib import gradcheck
from rnnlib.activations import ACTIVATIONS, tanh_derivative

ALLOWED = 1 / 3  # of a tolerance
SEEDS = 20_000
AT_ONCE = 200  # seeds that a worker takes with one answer: to run its cells takes as long as some tests do
SHAKEN = ("tanh", "exp", "log")


class Worst(NamedTuple):
    """The largest share of a tolerance that a right answer has used up in a test cell, math.inf if it has lost it."""

    test: str  # grade_id
    share: float
    answer: str
    seed: int
    seeds: int  # how many were tried


def main(arguments=None):
    """Mark right answers and print how near rounding comes to the limits; return 1 if it comes too near, else 0."""
    parser = argparse.ArgumentParser(prog="python -m grading.rounding", description=__doc__.partition("\n")[0])
    parser.add_argument("slugs", nargs="*", default=slugs(), metavar="SLUG", help="exercises (default: all)")
    parser.add_argument("--seeds", type=int, default=SEEDS, metavar="N", help=f"for each test (default: {SEEDS})")
    parser.add_argument("--workers", type=int, default=mutants.CORES, metavar="N", help="processes")
    arguments = parser.parse_args(arguments)
    print(f"Rounding on {datetime.date.today()}: the part of a tolerance that it uses, at most {ALLOWED:.2f}\n")
    print(f"{'':18}{'test':40}{'seeds':>8}{'largest':>10}  answer, seed")
    too_near = False
    for slug in arguments.slugs:
        for worst in worst_of(slug, arguments.seeds, arguments.workers):
            found = f"{worst.seeds:>8}{worst.share:>10.1e}  {worst.answer}, {worst.seed}"
            print(f"{slug:18}{worst.test:40}{found}{'  TOO NEAR' * (worst.share > ALLOWED)}", flush=True)
            too_near |= worst.share > ALLOWED
    return 1 if too_near else 0


def worst_of(slug, seeds, workers=mutants.CORES):
    """The Worst of every hidden test of an exercise, over the seeds from 1, dealt out to its right answers in turn."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before the workers import numpy
    size = min(AT_ONCE, math.ceil(seeds / len(answers(slug))))
    blocks = [range(first, min(first + size, seeds + 1)) for first in range(1, seeds + 1, size)]
    jobs = zip(itertools.repeat(slug), itertools.cycle(answers(slug)), blocks)
    spawn, found = multiprocessing.get_context("spawn"), collections.defaultdict(list)
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=_prepare) as pool:
        for worst in itertools.chain.from_iterable(pool.map(_measure, jobs)):
            found[worst.test].append(worst)
    return [_worst(some) for some in found.values()]


def answers(slug):
    """(name, cells, where the last digits of SHAKEN go) of answers that are right up to rounding."""
    others = [(name, answer.cells, 0.0) for name, answer in mutants.right_answers(slug).items() if name != "solution"]
    cells = solution(slug).cells
    return [("a digit up", cells, math.inf), ("a digit down", cells, -math.inf), *others]


def _prepare():
    mutants.prepare()
    # What is within its tolerance is not compared with differences, and to find them would take most of the time.
    gradcheck.central_difference = lambda f, point, **options: point


def _measure(job):
    """The Worst of every hidden test over a few seeds, from (slug, one of `answers`, seeds)."""
    slug, (name, cells, direction), seeds = job
    wrapped = functools.partial(shaken, direction=direction) if direction else lambda function: function
    task = exercise.load(slug)
    tests = [test for test in mutants.cells_with_tests(task, cells, wrapped) if test[0].startswith("test-")]
    return [_worst([_share(task, test, name, seed) for seed in seeds]) for test in tests]


def _share(task, test, name, seed):
    label, source, namespace = test
    run = mutants.unnamed_run(task, seed)
    with checks.running(run, label):
        passed = mutants.runs(source, dict(namespace))
    return Worst(label, run.margin if passed else math.inf, name, seed, 1)


def _worst(some):
    worst = max(some, key=lambda one: one.share)
    return worst._replace(seeds=sum(one.seeds for one in some))


def shaken(function, direction):
    """The function, to which every tanh, exp and log is the next floating-point number towards `direction`."""

    @functools.wraps(function)
    def call(*arguments, **options):
        with contextlib.ExitStack() as stack:
            for module, name in itertools.product((np, math), SHAKEN):
                stack.enter_context(mock.patch.object(module, name, _next_to(getattr(module, name), direction)))
            stack.enter_context(mock.patch.dict(ACTIVATIONS, tanh=(np.tanh, tanh_derivative)))
            return function(*arguments, **options)

    return call


def _next_to(function, direction):
    def call(value, **options):
        value = function(value, **options)
        return value if np.iscomplexobj(value) else np.nextafter(value, direction, **options)

    return call


if __name__ == "__main__":
    sys.exit(main())
