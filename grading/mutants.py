"""Do the tests of an exercise notice every small mistake? `python -m grading.mutants`: answers with one change, marked.

A mutant is a right answer with one change of grading/mutation.py in it. It is killed if a test cell of the exercise,
visible or hidden, fails. One that keeps all its points is either still right, and then listed with the reason in
solutions/<slug>/equivalent.toml, or it survives: no test notices this mistake.

The code is ours, so that mutants are marked in a few worker processes without the sandbox: thousands take minutes. A
few of them go through the sandbox as well, as students' work does, and must lose points there if they do here.
Linux only, for the sake of the limit of memory.
"""

import argparse
import datetime
import difflib
import itertools
import math
import multiprocessing
import os
import random
import resource
import signal
import sys
import time
import tomllib
import warnings
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from grading import checks, exercise, mistakes_page, mutation, record, sandbox
from grading.answers import known_answers, solution
from grading.course import COURSE, slugs
from grading.execute import Settings

CORES = os.cpu_count() or 1
SANDBOXED = 24
SECONDS = Settings(seed=0).call_seconds  # of computing time, for each cell
MEMORY = 2**30  # bytes, for each cell
STOPPED = "stopped"
COLUMNS = ("made", "killed", "stopped", "later", "equivalent", "survivors")
LEGEND = "\nstopped: killed by the limit of time or memory; later: killed, but not with the first seed\n"


class Mutant(NamedTuple):
    """A right answer with one change in one of its cells."""

    slug: str
    answer: str  # the name of the right answer
    cell: str  # grade_id; empty for the right answer itself
    change: mutation.Change
    name: str  # what it is called in equivalent.toml; unique in its exercise

    def __str__(self):
        old, new = (text or "nothing" for text in (self.change.old, self.change.new))
        return f"{self.slug}, {self.answer}, {self.cell}, line {self.change.line}: {old} -> {new}"


class Verdict(NamedTuple):
    """What became of a mutant."""

    mutant: Mutant
    lost: str  # grade_id of the first test cell that it lost, or STOPPED; empty if it survived
    seed: int  # with which it lost it


def main(arguments=None):
    """Mark mutants and print what the tests did not notice; return 1 if that is anything, else 0."""
    parser = argparse.ArgumentParser(prog="python -m grading.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("slugs", nargs="*", default=slugs(), metavar="SLUG", help="exercises (default: all)")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="try survivors with N seeds (default: 1)")
    parser.add_argument("--sample", type=int, metavar="N", help="mark N of them, always the same (default: all)")
    parser.add_argument("--workers", type=int, default=CORES, metavar="N", help=f"processes (default: {CORES})")
    arguments = parser.parse_args(arguments)
    made = [mutant for slug in arguments.slugs for mutant in mutants(slug)]
    answers = [mutant for slug in arguments.slugs for mutant in unchanged(slug)]
    listed = {slug: equivalents(slug) for slug in arguments.slugs}
    chosen = sample(made, arguments.sample) if arguments.sample else sorted([*answers, *made], key=lambda m: m.slug)
    for slug, name in stale(made, listed):
        print(f"stale: no mutant of {slug} is called {name!r}")
    verdicts = _print_counts(mark_all(chosen, arguments.seeds, arguments.workers), listed, arguments.seeds)
    return _print_survivors(verdicts, listed) | _print_sandboxed(verdicts, arguments.workers)


# Which mutants there are ---------------------------------------------------------------------------


def mutants(slug):
    """All mutants of an exercise: those of the solution, then those of what the other right answers do differently."""
    base, times = right_answers(slug)["solution"], {}
    known = frozenset().union(*map(mutation.top_level, base.cells.values()))
    return [
        Mutant(slug, answer.name, cell, change, _name(answer.name, cell, change, times))
        for answer in right_answers(slug).values()
        for cell, source in answer.cells.items()
        for change in mutation.changes(source, frozenset() if answer is base else known)
    ]


def unchanged(slug):
    """The right answers themselves, as mutants without a change: if one lost points, no count would mean anything."""
    nothing = mutation.Change("", "", "", 0)
    return [Mutant(slug, answer, "", nothing, answer) for answer in right_answers(slug)]


def sample(made, size):
    """Some of the mutants that are not known to be right, always the same."""
    listed = {slug: equivalents(slug) for slug in {mutant.slug for mutant in made}}
    wrong = [mutant for mutant in made if mutant.name not in listed[mutant.slug]]
    places = random.Random(0).sample(range(len(wrong)), min(size, len(wrong)))
    return [wrong[place] for place in sorted(places)]


def stale(made, listed):
    """The entries of equivalent.toml, as (slug, name), that fit no mutant."""
    names = {(mutant.slug, mutant.name) for mutant in made}
    return [(slug, name) for slug, entries in listed.items() for name in entries if (slug, name) not in names]


def equivalents(slug):
    """{name of a mutant that is still right: why}, from solutions/<slug>/equivalent.toml."""
    path = COURSE / "solutions" / slug / "equivalent.toml"
    groups = tomllib.loads(path.read_text(encoding="utf-8"))["equivalent"] if path.exists() else []
    return {name: group["why"] for group in groups for name in group["mutants"]}


@lru_cache(maxsize=32)
def right_answers(slug):
    """The right answers of an exercise by name."""
    return {answer.name: answer for answer in (solution(slug), *known_answers(slug)) if answer.right}


def _name(answer, cell, change, times):
    """A name that stays while the lines above and below change; `times` counts those that would have the same."""
    name = f"{answer}, {cell}: {change.old} -> {change.new}"
    times[name] = times.get(name, 0) + 1
    return name if times[name] == 1 else f"{name} ({times[name]})"


# How they are marked -------------------------------------------------------------------------------


def mark_all(chosen, seeds=1, workers=CORES):
    """Yield the Verdict of every mutant, in order; those that lose nothing are tried with `seeds` seeds."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before the workers import numpy
    spawn, jobs = multiprocessing.get_context("spawn"), [(mutant, seeds) for mutant in chosen]
    with ProcessPoolExecutor(workers, mp_context=spawn, initializer=prepare) as pool:
        yield from pool.map(mark, jobs, chunksize=4)


def mark(job):
    """The Verdict of a mutant, from (mutant, number of seeds); needs a process that prepare has seen."""
    mutant, seeds = job
    for seed in range(1, seeds + 1):
        try:
            lost = _first_lost(mutant, seed)
        except TooMuchError:
            lost = STOPPED
        if lost:
            return Verdict(mutant, lost, seed)
    return Verdict(mutant, "", seeds)


def _first_lost(mutant, seed):
    """The grade_id of the first test cell that fails, or an empty string; may raise a TooMuchError.

    Tests that the mutant cannot fail are left out, and no mistake is named, which would take most of the time.
    """
    task, answer = exercise.load(mutant.slug), right_answers(mutant.slug)[mutant.answer]
    tests, run = _tests_that_depend_on(mutant.cell, task, answer), checks.Run(task, seed, naming=False)
    for label, source, namespace in cells_with_tests(task, _cells(mutant)):
        if label in tests:
            with checks.running(run, label):
                if not runs(source, namespace):
                    return label
    return ""


def _cells(mutant):
    """{grade_id: source} of the whole answer that the mutant is."""
    cells = right_answers(mutant.slug)[mutant.answer].cells
    return cells | ({mutant.cell: mutant.change.source} if mutant.cell else {})


def cells_with_tests(task, sources, wrapped=lambda function: function):
    """Yield (grade_id, source, namespace) of every test cell of an exercise, for the answers in `sources`.

    As in the grader, the cells run in the order of the notebook, and answers and tests have a namespace each; every
    test gets its own copy, with what `wrapped` makes of each of the student's functions.
    """
    student, grader = {"__name__": "__main__"}, {"__name__": "__grader__"}
    for cell in task.notebook["cells"]:
        label = exercise.grade_id(cell)
        if exercise.is_answer(cell):
            runs(sources[label], student)
            grader |= {name: wrapped(student[name]) for name in task.names[label] if name in student}
        elif exercise.is_test(cell):
            yield label, cell["source"], dict(grader)
            exec(exercise.definitions(cell["source"]), grader)  # a later check may use what an earlier one defines
        elif label and cell["cell_type"] == "code" and not exercise.repeats_checks(cell):
            runs(cell["source"], student)
            runs(cell["source"], grader)


def _tests_that_depend_on(cell, task, answer):
    """The grade_ids of the test cells that use what an answer cell defines, be it by way of other answers."""
    reached = set(task.names[cell]) if cell else set(task.all_names)
    for _ in answer.cells:  # as often as one answer may call the next
        for label, source in answer.cells.items():
            if mutation.names_in(source) & reached:
                reached |= set(task.names[label])
    tests = [test for test in task.notebook["cells"] if exercise.is_test(test)]
    return {exercise.grade_id(test) for test in tests if mutation.names_in(test["source"]) & reached}


def runs(source, namespace):
    """Whether a cell runs to its end; may raise a TooMuchError."""
    limits.set(time.process_time() + SECONDS, _memory() + MEMORY)
    try:
        exec(code(source), namespace)
    except Exception:
        return False
    finally:
        limits.set(math.inf, math.inf)
    return True


@lru_cache(maxsize=1024)
def code(source):
    """The source of a cell, compiled."""
    return compile(source, "<cell>", "exec")


def differ_in_sandbox(verdicts, workers=CORES):
    """Those of some verdicts, all of seed 1, that the grader with its sandbox does not confirm."""
    differ = []
    for slug, some in itertools.groupby(verdicts, lambda verdict: verdict.mutant.slug):
        some = {str(number): verdict for number, verdict in enumerate(some)}
        cells = {number: _cells(verdict.mutant) for number, verdict in some.items()}
        for number, notebook in mistakes_page.mark_answers(slug, cells, Settings(seed=1), workers):
            failed = mistakes_page.lost(notebook) or record.of(notebook).follows
            differ += [some[number]] if bool(failed) != bool(some[number].lost) else []
    return differ


class TooMuchError(BaseException):
    """A cell used up its time or memory; not an Exception, so that no handler in an answer or a test catches it."""


class _Limits:
    """What this process may use; it looks after this itself, ten times in a second of computing.

    The limit of the system comes last: a process that has no memory left cannot tell what became of its mutant.
    """

    def set(self, until, memory):
        self.until, self.memory = until, memory

    def look(self, *_):
        if time.process_time() > self.until or _memory() > self.memory:
            self.set(self.until + 1, self.memory + MEMORY // 4)  # and once more then, should something swallow it
            raise TooMuchError


limits = _Limits()


def _memory():
    """The bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def prepare():
    """Make this process fit for mutants: silent, and limited."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115, it stays open as long as the process lives
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    limits.set(math.inf, math.inf)
    signal.signal(signal.SIGPROF, limits.look)
    signal.setitimer(signal.ITIMER_PROF, 0.1, 0.1)
    resource.setrlimit(resource.RLIMIT_AS, (4 * MEMORY, 4 * MEMORY))  # for a single array that is larger than that


# What is printed -----------------------------------------------------------------------------------


def survivors(verdicts, listed):
    """The mutants that no test noticed, and that are not known to be right."""
    alive = [verdict.mutant for verdict in verdicts if not verdict.lost and verdict.mutant.cell]
    return [mutant for mutant in alive if mutant.name not in listed[mutant.slug]]


def _print_counts(verdicts, listed, seeds):
    """Print a row of numbers for each exercise, as soon as it is done, and one for all; return all verdicts."""
    print(f"Mutants on {datetime.date.today()}, {seeds} seed{'s' * (seeds > 1)}\n")
    print(" " * 18 + "".join(f"{column:>12}" for column in COLUMNS))
    done = []
    for slug, some in itertools.groupby(verdicts, lambda verdict: verdict.mutant.slug):
        done += (some := list(some))
        _print_row(slug, some, listed)
    _print_row("all", done, listed)
    print(LEGEND)
    return done


def _print_row(head, verdicts, listed):
    verdicts = [verdict for verdict in verdicts if verdict.mutant.cell]
    killed, alive = [verdict for verdict in verdicts if verdict.lost], survivors(verdicts, listed)
    stopped, later = (sum(v.lost == STOPPED for v in killed), sum(v.seed > 1 for v in killed))
    counts = len(verdicts), len(killed), stopped, later, len(verdicts) - len(killed) - len(alive), len(alive)
    print(f"{head:18}" + "".join(f"{n:>12}" for n in counts), flush=True)


def _print_survivors(verdicts, listed):
    """Print what has to be looked at; return 1 if a mutant survived or a right answer did not, else 0."""
    wrong = [verdict for verdict in verdicts if verdict.lost and not verdict.mutant.cell]
    for mutant, lost, seed in wrong:
        print(f"wrong: {mutant.slug}, {mutant.answer} is a right answer, and lost {lost} with seed {seed}\n")
    for mutant, lost, seed in verdicts:
        if lost and mutant.name in listed[mutant.slug]:
            print(f"listed as equivalent, but lost {lost} with seed {seed}: {mutant}\n")
        elif lost and seed > 1 and mutant.cell:
            print(f"noticed only with seed {seed}, by {lost}: {mutant}\n{_diff(mutant)}\n")
    alive = survivors(verdicts, listed)
    for mutant in alive:
        print(f"survivor: {mutant}\n{_diff(mutant)}\n")
    return 1 if alive or wrong else 0


def _print_sandboxed(verdicts, workers):
    """Print what the sandbox makes of a few mutants; return 1 if it is something else, else 0."""
    known = [verdict for verdict in verdicts if verdict.mutant.cell and verdict.lost != STOPPED and verdict.seed == 1]
    places = random.Random(0).sample(range(len(known)), min(SANDBOXED, len(known)))
    try:
        sandbox.ensure_available()
    except sandbox.SandboxError as error:
        print(f"Not tried in the sandbox: {error}")
        return 0
    differ = differ_in_sandbox([known[place] for place in sorted(places)], workers)
    print(f"In the sandbox, {len(places) - len(differ)} of {len(places)} do as they do here")
    for mutant, lost, _ in differ:
        print(f"in the sandbox not {'noticed' if lost else 'right'}: {mutant}\n{_diff(mutant)}\n")
    return 1 if differ else 0


def _diff(mutant):
    """The changed lines with a line around them."""
    right = right_answers(mutant.slug)[mutant.answer].cells[mutant.cell]
    old, new = (mutation.plain(source).split("\n") for source in (right, mutant.change.source))
    lines = list(difflib.unified_diff(old, new, n=1, lineterm=""))
    return "\n".join(f"    {line}" for line in lines[3:])


if __name__ == "__main__":
    sys.exit(main())
