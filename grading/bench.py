"""The bench that a student's cells run on: a process that is replaced when it dies, and the time that is left."""

import contextlib
import time
from collections import Counter
from typing import NamedTuple

from grading.own import OwnProcess
from grading.remote import CrashedError, SandboxError, StudentError
from grading.watch import AGAIN, FIRST, Budget
from rnnlib.words import ENGLISH, say, to_say

MAX_SHOWN = 2 * 2**20  # characters of text, figures and errors of one submission
SHORT = 500  # characters that are shown of a text all the same
PAUSES = (0.2, 1.0)  # seconds before a process that could not be started is tried again
CHANCES = 3  # how often a process may end twice of the same, until nothing is asked again
NOT_RUN = to_say("not run: cells without points have ended the process too often")


def too_much():
    """Why something is not shown."""
    return say("a submission may show {} MB").format(MAX_SHOWN >> 20)


def _spoken(task):
    """The language that a student's process is told to speak; none for English, which it speaks anyhow."""
    return "" if task.language == ENGLISH else task.language


class Ran(NamedTuple):
    """A cell that a new process has to run again."""

    source: str
    locked: bool
    extra: bool  # whether it is one without points
    seconds: float = 0.0  # that it took


class Bench:
    """The student's process, and what is needed to replace it."""

    def __init__(self, task, settings):
        """`task` is an exercise.Exercise, `settings` are execute.Settings. Raises sandbox.SandboxError."""
        self.task, self.settings, self.watch = task, settings, Budget(settings)
        self.started = 0
        self.left_to_show = MAX_SHOWN
        self.human = []  # what an instructor should look at
        self.ran = []
        self.ended_by = Counter()  # how many processes were replaced after a cell without points, and after another
        self.last_words = ""  # what processes printed before they died
        self.crashed, self.asked_again, self.chances = 0, 0, CHANCES
        self.process = self._start()

    def run(self, source, locked=False, extra=False):
        """Run a cell; an `extra` one has no points. Raises StudentError.

        A cell that ended its process is run once more, see `twice`, and not again.
        """
        if extra and self.ended_by[True] >= self.settings.replacements:
            raise StudentError("NotRun", say(NOT_RUN), say(NOT_RUN))
        cell = Ran(source, locked, extra)
        self.twice(lambda: self._run(self.alive(), cell), "a cell")

    def get(self, name):
        """The value of a name. Raises StudentError."""
        return self.twice(lambda: self.alive().get(name), f"looking up {name}")

    def twice(self, ask, what):
        """What `ask()` gives; once more if a process has ended meanwhile, as an accident must cost nobody a point.

        When memory runs out, the kernel kills whom it likes. A line about `what` is put before a human if it went well
        the second time. Who ends every process is not asked twice for ever.
        """
        before = self.deaths()
        try:
            result = ask()
        except CrashedError:
            if not self._may_ask_again():
                raise
        else:
            if self.deaths() == before or not self._may_ask_again():
                return result
        self.asked_again += 1
        self.chances -= 1
        before = self.deaths()
        result = ask()
        if self.deaths() == before and not self.process.dead:
            self.chances += 1
            self.human.append(f"the process ended during {what}; when it was asked again, it did not")
        return result

    def _may_ask_again(self):
        return self.chances and self.settings.replacements and not self.watch.is_used_up()

    def deaths(self):
        """How many processes have ended by themselves, or were killed from outside."""
        return self.crashed + isinstance(self.process.dead, CrashedError)

    def alive(self):
        """The process; in place of a dead one, a new one that has run the same cells.

        A crash then costs only what crashed. When time or replacements have run out, the dead one is returned, which
        answers every request with the reason.
        """
        while self.process.dead and self._may_be_replaced():
            self._replace()
        return self.process

    def take_output(self):
        """What the student's code has printed and drawn since the last look: a text, and a list of figures as PNG."""
        text, figures = self.process.take_output()
        text, self.last_words = self.last_words + text, ""
        shown = [figure for figure in figures if self.may_show(4 * len(figure) // 3)]
        if len(shown) == len(figures) and self.may_show(len(text)):
            return text, shown
        left_out = say("(the rest is left out: {})").format(too_much())
        return f"{text[:SHORT]}\n... {left_out}\n", shown

    def may_show(self, size):
        """Whether so much more may be shown of this submission; if so, it is taken from what is left."""
        if size > self.left_to_show:
            return False
        self.left_to_show -= size
        return True

    def close(self, why="closed"):
        """End the process, for the reason `why`; what runs after that runs in a new one. May be called twice."""
        self.process.close(why)

    def _run(self, process, cell, when=FIRST):
        self.watch.extra, started = when if cell.extra else None, time.monotonic()
        try:
            process.run(cell.source, cell.locked)
        finally:  # a cell that raised is run again too: what it defined before that counts
            self.watch.extra = None
            if process.dead:
                self.died_of_extra = cell.extra
            else:
                self.ran.append(cell._replace(seconds=time.monotonic() - started))

    def _may_be_replaced(self):
        """Whether to go on: cells without points that end the process do not use up what answers may need."""
        most = self.settings.replacements + self.asked_again
        return not self.watch.is_used_up() and (self.died_of_extra or self.ended_by[False] < most)

    def _replace(self):
        self.ended_by[self.died_of_extra] += 1
        self.crashed += isinstance(self.process.dead, CrashedError)
        self.last_words += self.process.take_output()[0]
        self.process, cells, self.ran = self._start(), self.ran, []
        for place, cell in enumerate(cells):
            if cell.extra and cell.seconds > self.watch.left_to_extras[AGAIN] / 2:
                continue  # it would only be stopped
            with contextlib.suppress(StudentError):  # it raised the first time too, or it ends the process, see below
                self._run(self.process, cell, AGAIN)
            if self.process.dead:
                self.ran += cells[place + 1 :]  # the next process does without this cell
                break
        self.process.take_output()  # it was shown when the cells ran for the first time

    def _start(self):
        from grading.student_process import StudentProcess  # a browser can start no process, and has no such module

        self.started, self.died_of_extra = self.started + 1, False
        how = self.watch, self.settings.sandboxed, self.task.withheld, self.settings.user, _spoken(self.task)
        for pause in PAUSES:
            try:
                return StudentProcess(*how)
            except SandboxError:
                time.sleep(pause)
        return StudentProcess(*how)


class OwnBench(Bench):
    """A bench for code of our own, which runs in this very process: nobody is kept out, and nothing is withheld."""

    def _start(self):
        self.started, self.died_of_extra = self.started + 1, False
        return OwnProcess(self.watch)
