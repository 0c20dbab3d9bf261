"""A student's process as the grader sees it: functions to call, deadlines, and exceptions of the right kind.

Nothing that arrives from the process is trusted: a message of another form than the one asked for ends it.
"""

import contextlib
import os
import signal
import time
from functools import lru_cache, partial

from grading import outside, sandbox, wire
from grading.limits import TestTooLongError, memory_limit, time_limit
from grading.usage import Usage
from grading.watch import Watch

# What a student's function may raise in a test cell under its own name; anything else is a StudentError. SystemExit,
# KeyboardInterrupt and the like are not among them: raised here, they would end the grader.
KINDS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    FloatingPointError,
    ImportError,
    IndexError,
    KeyError,
    LookupError,
    MemoryError,
    ModuleNotFoundError,
    NameError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    ZeroDivisionError,
)
MAX_NESTING = 10
MAX_OUTPUT = 100_000  # characters that are kept between two looks
MAX_FIGURES = 4  # of one cell
MEMORY = 2**28  # bytes that one of the grader's functions may take when the student's code calls it
MAX_CHANGED = 20  # arguments
MAX_ERROR = 10_000  # characters of a message or of a traceback
MAX_FILES = 10_000  # each takes about 1 kB of the kernel's memory, however empty it is
MAX_THREADS = 300  # more than 2 GB have room for with usual stacks; no other limit holds where the grader is root
LOOK = 0.25  # seconds between two looks at what the process takes


class StudentError(Exception):
    """An exception of the student's code: its class's name, its message, and the student's own traceback as text."""

    def __init__(self, name, message, traceback):
        Exception.__init__(self, message)
        self.name, self.message, self.traceback = name, message, traceback

    def __str__(self):
        return self.message


class StudentDiedError(StudentError):
    """The student's process ended by itself, or was ended."""

    shown_as = "ProcessEnded"

    def __init__(self, message):
        StudentError.__init__(self, self.shown_as, message, message)


class CrashedError(StudentDiedError):
    """The student's process ended by itself, or was killed from outside: the grader had no part in it."""


class HungError(StudentDiedError):
    """The student's process was ended because it did not answer in time."""

    shown_as = "TimeoutError"


class UnfinishedError(StudentError):
    """A function raised NotImplementedError although it holds code, or because it calls one that is not done yet."""


STUDENT_ERRORS = {kind.__name__: type(kind.__name__, (StudentError, kind), {}) for kind in KINDS}
STUDENT_ERRORS["UnfinishedError"] = UnfinishedError


@contextlib.contextmanager
def _limits(seconds):
    """Limits for a function of the grader's that the student's code calls, unless `seconds` is None."""
    if seconds is None:
        yield
        return
    with memory_limit(MEMORY), time_limit(max(0.001, seconds)):
        yield


class StudentProcess:
    """One process that runs a student's code, and what it has printed and drawn since the last look."""

    def __init__(self, watch=None, sandboxed=True, withheld=None):
        """`watch` is a watch.Watch, which gives each request its time. Raises sandbox.SandboxError."""
        self.watch = watch or Watch()
        self.dead = None  # a StudentDiedError once the process has ended
        self.output, self.figures = [], []
        self.functions, self.nesting = [], 0
        self.last_call = None  # since the last look: a name, the arguments, the options and the result
        self.process, self.writer, self.reader, words = sandbox.start(sandboxed)
        self.usage, self.started, self.next_look, self.added = None, time.monotonic(), 0.0, 0.0
        limits = sandbox.LIMITS | {"RLIMIT_CPU": max(1, int(self.watch.in_all()))} if sandboxed else {}
        try:
            self.request(["start", limits, withheld or {}], seconds=60)
            self.usage = Usage(self.process.pid, sandbox.FOLDER if sandboxed else None)
        except StudentError as error:  # no student's code has run yet, so it is the machine that fails
            self.close()
            with contextlib.suppress(BlockingIOError):
                error = outside.line(os.read(words, 4096).decode("utf-8", "replace").strip()) or error
            raise sandbox.SandboxError(f"a student's process could not be started: {error}") from None
        except BaseException:  # such as the end of a test's time: nobody else knows of the process yet
            self.close()
            raise
        finally:
            os.close(words)

    def run(self, source, locked=False):
        """Run a cell; in a `locked` one, names that are withheld from students are there. Raises StudentError."""
        (figures,) = self.request(["run", source, locked])
        figures = figures[:MAX_FIGURES] if type(figures) is list else []
        self.figures += [figure for figure in figures if type(figure) is bytes]

    def get(self, name):
        """The value of a name: plain data, or a Remote. Raises StudentError."""
        return self.request(["get", name])[0]

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
            raise self._end(CrashedError(f"the process that ran your code ended or broke off: {error}")) from None
        except wire.WireError as error:
            raise self._end(StudentDiedError(f"the process that ran your code ended or broke off: {error}")) from None
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
                wire.send(self.writer, ["answer", None, f"the answer is too large: {error}"], self._refer, left)

    def _clock(self):
        """The time in seconds; it is later by what the process took of several processors at once."""
        return time.monotonic() + self.added

    def _left(self, deadline):
        """The seconds to wait until the next look at the process. Raises wire.LateError after the deadline."""
        if time.monotonic() >= self.next_look:
            self._look()
            if self.usage and self.usage.files() > MAX_FILES:
                raise wire.WireError(f"it made more than {MAX_FILES} files")
            if self.usage and self.usage.threads() > MAX_THREADS:
                raise wire.WireError(f"it had more than {MAX_THREADS} threads at once")
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

    def take_output(self):
        """What was printed since the last look, and the figures drawn, as PNG."""
        text, figures = "".join(self.output), self.figures
        self.output, self.figures, self.last_call = [], [], None
        return text, figures

    def close(self, why="closed"):
        """End the process and all that it started; may be called twice."""
        self._end(StudentDiedError(why))

    def _end(self, reason):
        """End the process unless it has ended already; return the `reason`."""
        if self.dead:
            return reason
        self.dead = reason
        self._look()  # it has used its time, even if it was quicker than the last look
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # the whole group: bubblewrap and what it started
        self.process.wait()
        if self.usage:
            self.usage.close()
        os.close(self.writer)
        os.close(self.reader)
        return reason

    def _checked(self, action, message):
        """The message if it has the form that a request is answered with; a forged one raises WireError."""
        lengths = {"ok": 4 if action == "call" else 3, "error": 5, "callback": 4}
        if type(message) is not list or not message or type(message[0]) is not str:
            raise wire.WireError("not an answer")
        if len(message) != lengths.get(message[0]):
            raise wire.WireError("not an answer")
        return message

    def _call_back(self, number, arguments, keywords, deadline=None):
        """The answer to a call of one of the grader's functions; of an exception it says the kind and no more.

        With a `deadline`, the function has limits of time and memory: its arguments are chosen by the student's code.
        Raises wire.LateError after it.
        """
        if type(number) is not int or not 0 <= number < len(self.functions) or self.nesting >= MAX_NESTING:
            return ["answer", None, "this function cannot be called from here"]
        if not self.watch.may_call_back():
            return ["answer", None, "a submission has called what it was given too often"]
        self.nesting += 1
        try:
            with _limits(deadline and deadline - self._clock()):
                return ["answer", self.functions[number](*arguments, **keywords), None]
        except StudentError:  # raised where our function called the student's: it belongs to the test, not in between
            raise
        except TestTooLongError:
            if deadline and self._clock() >= deadline:
                raise wire.LateError from None
            raise  # it was the time of the test around this call
        except Exception as error:  # its message might hold a number that was expected
            return ["answer", None, f"the function you were given raised {type(error).__name__}"]
        finally:
            self.nesting -= 1

    def _keep_output(self, output):
        """Keep what a request has printed, before its error is raised: it helps to find it."""
        left = MAX_OUTPUT - sum(map(len, self.output))
        if output and left > 0:
            self.output.append(outside.text(output, left))

    def _refer(self, value):
        if isinstance(value, Remote) and value.number is not None:
            return {"yours": value.number}
        if not callable(value):
            raise TypeError(f"a {type(value).__name__} cannot be sent to a student's process")
        self.functions.append(value)
        return {"mine": len(self.functions) - 1}

    def _resolve(self, tag):
        if type(tag.get("yours")) is int:
            return self.functions[tag["yours"]]
        if type(tag["mine"]) is not int:
            raise TypeError
        kind = outside.line(str(tag.get("kind")), 80)
        return _remote_class(kind)(lambda: self, None, tag["mine"], kind)


class Remote:
    """A function, or another object, that lives in a student's process.

    `changed` names the arguments that the last call changed in place.
    """

    def __init__(self, process, name, number=None, kind="function", doc=None):
        """A function known by its `name`, or an object that the process knows by its `number`.

        `process()` gives the process to ask: a name finds its function in a process that replaced another, too.
        """
        self.process, self.number, self.kind = process, number, kind
        self.__name__, self.__doc__ = name or kind, doc
        self.changed = ()

    def __call__(self, *arguments, **keywords):
        """What the student's function returns for copies of the arguments. Raises StudentError."""
        target = self.__name__ if self.number is None else self
        process = self.process()
        result, changed = process.request(["call", target, list(arguments), keywords])
        process.last_call = self.__name__, arguments, keywords, result
        changed = changed[:MAX_CHANGED] if type(changed) is list else ["something"]
        self.changed = tuple(outside.line(str(name), 80) for name in changed)
        return result

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        target = self if self.number is not None else self.process().get(self.__name__)
        return self.process().request(["attribute", target, name])[0]

    def __repr__(self):
        return f"<{self.kind} {self.__name__} of the student>"


@lru_cache(maxsize=256)
def _remote_class(kind):
    """A class of Remotes with the name that the object's class has there, for messages that say of what type it is."""
    return type(kind if kind.isascii() and kind.isidentifier() else "object", (Remote,), {})
