"""Follow-through: where an earlier part is wrong, a later one is tried with the instructor's functions in its place.

These functions stay in the grader's process. The student's code reaches them by calls back, during the one trial that
they are meant for, and never sees their text.
"""

import contextlib
import types

from grading import exercise, mistakes
from grading.limits import memory_limit
from grading.remote import HungError, StudentError

MEMORY = 2**30  # bytes that a trial may take: the arguments of what is lent are chosen by the student's code
TIMES = 3  # as long as usual may a call take in a trial, as each call of what is lent crosses the border twice


class Lent:
    """A function of the instructor's under the name of a student's; `asked` tells whether it was called."""

    def __init__(self, function):
        self.function, self.asked, self.open = function, False, True
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __call__(self, *arguments, **keywords):
        """What the instructor's function returns. Raises RuntimeError once the trial is over."""
        # Who kept the function of an earlier part must not answer a later test of that part with it.
        if not self.open:
            raise RuntimeError(f"{self.__name__} is not lent any more")
        self.asked = True
        return self.function(*arguments, **keywords)


def to_lend(task, run, test):
    """A Lent for each function of the parts above a `test`, a grade_id, that are wrong by themselves, by name.

    A part that is right when those above it are right is none of them: it is left as the student wrote it.
    """
    part_of = exercise.parts(task.notebook)
    above = list(part_of)[: list(part_of).index(test)]
    failed = {part_of[other] for other in above if other in run.failed}
    names = [name for part in task.names if part in failed - {part_of[test]} for name in task.names[part]]
    right = mistakes.right_namespace(task.slug, task.digest) if names else {}
    return {name: Lent(right[name]) for name in names if isinstance(right[name], types.FunctionType)}


@contextlib.contextmanager
def lent(functions, bench, namespace, run):
    """Put the `functions` in the place of the student's own, on the `bench` and in the tests' namespace.

    What hung before may have been the wrong part, so that a trial has its full time, until one has hung as well.
    """
    own = {name: namespace[name] for name in functions if name in namespace}
    namespace |= functions
    process, watch = bench.alive(), bench.watch
    settings, late = watch.settings, watch.late
    watch.settings = settings._replace(call_seconds=TIMES * settings.call_seconds)
    watch.late = dict(late) if run.trial_hung else {}
    with contextlib.suppress(StudentError):  # the process has ended, and the trial will say so
        process.request(["lend", functions])
    try:
        with memory_limit(MEMORY):
            yield
    finally:
        run.trial_hung = run.trial_hung or isinstance(bench.process.dead, HungError)
        watch.settings, watch.late = settings, watch.late | late
        for name, function in functions.items():
            function.open = False
            del namespace[name]
        namespace |= own
        with contextlib.suppress(StudentError):
            bench.alive().request(["take_back"])
