"""A student's process: the pipes to it, its deadlines, and what it takes of the machine.

Nothing that arrives from the process is trusted: a message of another form than the one asked for ends it.
"""

import contextlib
import os
import signal
import time
from functools import partial

import numpy as np

from grading import cgroup, outside, sandbox, seccomp, wire
from grading.remote import (
    STUDENT_ERRORS,
    CrashedError,
    HungError,
    Process,
    SandboxError,
    StudentDiedError,
    StudentError,
)
from grading.usage import Usage
from rnnlib.words import say

MAX_OUTPUT = 100_000  # characters that are kept between two looks
MAX_ERROR = 10_000  # characters of a message or of a traceback
MAX_FILES = 10_000  # each takes about 1 kB of the kernel's memory, however empty it is
MAX_THREADS = 300  # more than 2 GB have room for with usual stacks; no other limit holds where the grader is root
LOOK = 0.25  # seconds between two looks at what the process takes


class StudentProcess(Process):
    """A Process that the operating system knows as one, in the sandbox or outside it."""

    def __init__(self, watch=None, sandboxed=True, withheld=None, user="", language=""):
        """`watch` is a watch.Watch, which gives each request its time. Raises SandboxError.

        Outside the sandbox, another `user`, if one is named, has the limits and the seccomp filter all the same.
        """
        super().__init__(watch)
        self.group = cgroup.make() if sandboxed else None
        try:
            self.process, self.writer, self.reader, words = sandbox.start(sandboxed, self.group, user)
        except SandboxError:
            self._leave_group()
            raise
        self.usage, self.started, self.next_look, self.added = None, time.monotonic(), 0.0, 0.0
        limits = sandbox.LIMITS | {"RLIMIT_CPU": max(1, int(self.watch.in_all()))} if sandboxed or user else {}
        code = user and seccomp.program()  # bubblewrap has put the filter on before this program began
        try:
            filters = np.frombuffer(code or b"", np.uint8)
            self.request(["start", limits, withheld or {}, filters, language], seconds=60)
            self.usage = Usage(self.process.pid, sandbox.FOLDER if sandboxed else None)
        except StudentError as error:  # no student's code has run yet, so it is the machine that fails
            self.close()
            with contextlib.suppress(BlockingIOError):
                error = outside.line(os.read(words, 4096).decode("utf-8", "replace").strip()) or error
            raise SandboxError(f"a student's process could not be started: {error}") from None
        except BaseException:  # such as the end of a test's time: nobody else knows of the process yet
            self.close()
            raise
        finally:
            os.close(words)

    def request(self, message, seconds=None):
        """Send a request and wait for its answer, serving calls back in between.

        Raises StudentError: StudentDiedError if the process has ended, HungError if it does not answer in time.
        """
        if self.dead:  # raise a new one, as notes are added to an exception that is caught
            raise type(self.dead)(self.watch.refusal(message, self.dead.message))
        started, late = self._clock(), False
        allowed = seconds or self.watch.allowed(message)
        try:
            answer = self._exchange(message, started + allowed)
        except wire.LateError:
            late = True
            raise self._end(HungError(self.watch.verdict(message, allowed))) from None
        except wire.GoneError as error:
            raise self._end(CrashedError(self._how_it_ended(error))) from None
        except wire.WireError as error:
            raise self._end(
                StudentDiedError(say("the process that ran your code ended or broke off: {}").format(error))
            ) from None
        finally:
            if not (seconds or self.nesting):  # what runs inside another request is a part of its time
                self.watch.took(message, self._clock() - started, late)
        kind, *answer = answer
        *result, output = answer
        self._keep_output(output if type(output) is str else "")
        if kind == "error":
            name, text, traceback = (outside.text(str(part), MAX_ERROR) for part in result)
            raise STUDENT_ERRORS.get(name, StudentError)(name, text, traceback)
        return result

    def _exchange(self, message, deadline):
        """Send a request, serve calls back, and return the answer; the `deadline` holds for all of it together."""
        left = partial(self._left, deadline)
        wire.send(self.writer, message, self._refer, left)
        while True:
            kind, *answer = self._checked(message[0], wire.receive(self.reader, self._resolve, left))
            if kind != "callback":
                return [kind, *answer]
            answer = self._call_back(*answer, deadline=deadline)
            try:
                wire.send(self.writer, answer, self._refer, left)
            except wire.TooBigError as error:  # before a byte was written
                wire.send(
                    self.writer, ["answer", None, say("the answer is too large: {}").format(error)], self._refer, left
                )

    def _clock(self):
        """The time in seconds; it is later by what the process took of several processors at once."""
        return time.monotonic() + self.added

    def _left(self, deadline):
        """The seconds to wait until the next look at the process. Raises wire.LateError after the deadline."""
        if time.monotonic() >= self.next_look:
            self._look()
            if self.usage and self.usage.files() > MAX_FILES:
                raise wire.WireError(say("it made more than {} files").format(MAX_FILES))
            if self.usage and self.usage.threads() > MAX_THREADS:
                raise wire.WireError(say("it had more than {} threads at once").format(MAX_THREADS))
        left = deadline - self._clock()
        if left <= 0:
            raise wire.LateError
        return min(left, LOOK)

    def _look(self):
        """Add to the clock what the process has taken of the processors, beyond the time since it was started."""
        now = time.monotonic()
        self.next_look = now + LOOK
        if self.usage:
            self.added = max(self.added, self.usage.processor_seconds() - (now - self.started))

    def _end(self, reason):
        """End the process unless it has ended already; return the `reason`."""
        if self.dead:
            return reason
        self.dead = reason
        self._look()  # it has used its time, even if it was quicker than the last look
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # the whole group: bubblewrap and what it started
        self.process.wait()
        self._leave_group()
        if self.usage:
            self.usage.close()
        os.close(self.writer)
        os.close(self.reader)
        return reason

    def _how_it_ended(self, error):
        if self.group and self.group.has_killed():
            said = say("the process that ran your code was ended: it held more than {} GB of memory")
            return said.format(cgroup.MEMORY >> 30)
        return say("the process that ran your code ended or broke off: {}").format(error)

    def _leave_group(self):
        if self.group:
            self.group.remove()

    def _checked(self, action, message):
        """The message if it has the form that a request is answered with; a forged one raises WireError."""
        lengths = {"ok": 5 if action == "call" else 3, "error": 5, "callback": 4}
        if type(message) is not list or not message or type(message[0]) is not str:
            raise wire.WireError("not an answer")
        if len(message) != lengths.get(message[0]):
            raise wire.WireError("not an answer")
        return message

    def _keep_output(self, output):
        """Keep what a request has printed, before its error is raised: it helps to find it."""
        left = MAX_OUTPUT - sum(map(len, self.output))
        if output and left > 0:
            self.output.append(outside.text(output, left))
