"""The bench that a student's cells run on: a process that is replaced when it dies, and the time that is left."""

import contextlib
import time

from grading.own import OwnProcess
from grading.remote import HungError, StudentError, StudentProcess


class Bench:
    """The student's process, and what is needed to replace it."""

    def __init__(self, task, settings):
        """`task` is an exercise.Exercise, `settings` are execute.Settings. Raises sandbox.SandboxError."""
        self.task, self.settings = task, settings
        self.until = time.monotonic() + settings.submission_seconds
        self.hung, self.started = False, 0
        self.ran = []  # (source, locked) of the cells that a new process has to run again
        self.last_words = ""  # what processes printed before they died
        self.process = self._start()

    def run(self, source, locked=False):
        """Run a cell. Raises StudentError; a cell that ended its process is not run again in the next one."""
        process = self.alive()
        try:
            process.run(source, locked)
        finally:  # a cell that raised is run again too: what it defined before that counts
            if not process.dead:
                self.ran.append((source, locked))

    def alive(self):
        """The process; in place of a dead one, a new one that has run the same cells.

        A crash then costs only what crashed. When time or replacements have run out, the dead one is returned, which
        answers every request with the reason.
        """
        while self.process.dead and self.started <= self.settings.replacements and self.patience() > 0.01:
            self._replace()
        return self.process

    def patience(self):
        """The seconds that a request may take from now on: few once a request has hung, as it will hang again."""
        usual = self.settings.hang_seconds if self.hung else self.settings.call_seconds
        return max(0.001, min(usual, self.until - time.monotonic()))

    def take_output(self):
        """What the student's code has printed and drawn since the last look: a text, and a list of figures as PNG."""
        text, figures = self.process.take_output()
        text, self.last_words = self.last_words + text, ""
        return text, figures

    def close(self, why="closed"):
        """End the process, for the reason `why`; what runs after that runs in a new one. May be called twice."""
        self.process.close(why)

    def _replace(self):
        self.hung = self.hung or isinstance(self.process.dead, HungError)
        self.last_words += self.process.take_output()[0]
        self.process = self._start()
        for place, (source, locked) in enumerate(self.ran):
            with contextlib.suppress(StudentError):  # it raised the first time too, or it ends the process, see below
                self.process.run(source, locked)
            if self.process.dead:
                self.ran = self.ran[:place] + self.ran[place + 1 :]  # the next process does without this cell
                break
        self.process.take_output()  # it was shown when the cells ran for the first time

    def _start(self):
        self.started += 1
        return StudentProcess(self.patience, self.settings.sandboxed, self.task.withheld)


class OwnBench(Bench):
    """A bench for code of our own, which runs in this very process: nobody is kept out, and nothing is withheld."""

    def _start(self):
        self.started += 1
        return OwnProcess(self.patience)
