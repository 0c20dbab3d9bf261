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

from grading import checks, exercise, found_once, mutants
from grading.answers import solution
from grading.course import slugs
from rnnlib import gradcheck, routes
from rnnlib.activations import ACTIVATIONS, tanh_derivative

ALLOWED = 1 / 3  # of a tolerance
SEEDS = 20_000
AT_ONCE = 200  # seeds that a worker takes with one answer: to run its cells takes as long as some tests do
COSTLY = "linear-cost", "recursion-long"  # tests of thousands of steps, which are there for the time that they take
SELDOM = 100  # of so many seeds, a costly test gets one
SHAKEN = tuple((module, name, getattr(module, name)) for module in (np, math) for name in ("tanh", "exp", "log"))


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
    # That a right answer repeats itself and leaves its arguments alone is proved elsewhere, and takes half of the time.
    checks._check = _compare_once
    # Each seed has its own cases, and what is shaken has its own derivatives.
    found_once.in_tests_of = lambda task: contextlib.nullcontext()


def _compare_once(student, reference, numeric, arguments, options, tol):
    problem = checks._unlike(student(*arguments, **options), reference(*arguments, **options), tol)
    if problem:
        raise checks.HiddenCheckFailedError(problem)


def _measure(job):
    """The Worst of every hidden test over a few seeds, from (slug, one of `answers`, seeds)."""
    slug, (name, cells, direction), seeds = job
    wrapped = functools.partial(shaken, direction=direction) if direction else lambda function: function
    task = exercise.load(slug)
    tests = [test for test in mutants.cells_with_tests(task, cells, wrapped) if test[0].startswith("test-")]
    with _no_differences(task):
        shares = [[_share(task, test, name, seed) for seed in _of(seeds, test[0])] for test in tests]
    return [_worst(some) for some in shares if some]


@contextlib.contextmanager
def _no_differences(task):
    """Let central differences be anything, as what is within its tolerance is not compared with them."""
    if "central_difference" in task.all_names:
        yield  # here they are what is asked for
        return
    with contextlib.ExitStack() as stack:
        for module in (gradcheck, routes):
            stack.enter_context(mock.patch.object(module, "central_difference", lambda f, point, *_, **__: point))
        yield


def _of(seeds, label):
    return [seed for seed in seeds if seed % SELDOM == 1] if label.endswith(COSTLY) else seeds


def _share(task, test, name, seed):
    label, source, namespace = test
    run = checks.Run(task, seed, naming=False)
    with checks.running(run, label):
        try:
            exec(mutants.code(source), dict(namespace))
        except Exception:
            return Worst(label, math.inf, name, seed, 1)
    return Worst(label, run.margin, name, seed, 1)


def _worst(some):
    worst = max(some, key=lambda one: one.share)
    return worst._replace(seeds=sum(one.seeds for one in some))


def shaken(function, direction):
    """The function, to which every tanh, exp and log is the next floating-point number towards `direction`."""
    moved = [(module, name, _next_to(plain, direction)) for module, name, plain in SHAKEN]

    @functools.wraps(function)
    def call(*arguments, **options):
        before = [(module, name, getattr(module, name)) for module, name, _ in SHAKEN]  # moved, in a call in a call
        tanh = ACTIVATIONS["tanh"]
        try:
            _put(moved)
            ACTIVATIONS["tanh"] = np.tanh, tanh_derivative
            return function(*arguments, **options)
        finally:
            _put(before)
            ACTIVATIONS["tanh"] = tanh

    return call


def _put(functions):
    for module, name, function in functions:
        setattr(module, name, function)


def _next_to(function, direction):
    def call(value, **options):
        value = function(value, **options)
        return value if np.iscomplexobj(value) else np.nextafter(value, direction, **options)

    return call


if __name__ == "__main__":
    sys.exit(main())
