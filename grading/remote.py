"""Students' code as the grader sees it, wherever it runs: functions to call, and exceptions of the right kind."""

import contextlib
import time
from functools import lru_cache

from grading import outside, wire
from grading.limits import TestTooLongError, memory_limit, time_limit
from grading.watch import Watch
from rnnlib.words import say

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
MAX_FIGURES = 4  # of one cell
MEMORY = 2**28  # bytes that one of the grader's functions may take when the student's code calls it
MAX_CHANGED = 20  # arguments


class SandboxError(RuntimeError):
    """A process for students' code cannot be started on this machine."""


class StudentError(Exception):
    """An exception of the student's code: its class's name, its message, and the student's own traceback as text."""

    undone = False  # whether it says that something is not written yet

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
    """A function raised NotImplementedError although it holds code, or, `undone`, as it calls one that is not done yet.

    The two are shown under one name.
    """

    def __init__(self, name, message, traceback):
        super().__init__("UnfinishedError", message, traceback)
        self.undone = name == "UndoneError"


STUDENT_ERRORS = {kind.__name__: type(kind.__name__, (StudentError, kind), {}) for kind in KINDS}
STUDENT_ERRORS |= dict.fromkeys(("UnfinishedError", "UndoneError"), UnfinishedError)


@contextlib.contextmanager
def _limits(seconds):
    """Limits for a function of the grader's that the student's code calls, unless `seconds` is None."""
    if seconds is None:
        yield
        return
    with memory_limit(MEMORY), time_limit(max(0.001, seconds)):
        yield


class Process:
    """What runs a student's code, and what it has printed and drawn since the last look.

    Who makes one says how a request is answered, `request(message, seconds=None)`, and how it ends, `_end(reason)`.
    """

    def __init__(self, watch=None):
        """`watch` is a watch.Watch, which gives each request its time."""
        self.watch = watch or Watch()
        self.dead = None  # a StudentDiedError once the process has ended
        self.output, self.figures = [], []
        self.functions, self.nesting = [], 0
        self.last_call = None  # since the last look: a name, the arguments, the options and the result

    def run(self, source, locked=False):
        """Run a cell; in a `locked` one, names that are withheld from students are there. Raises StudentError."""
        (figures,) = self.request(["run", source, locked])
        figures = figures[:MAX_FIGURES] if type(figures) is list else []
        self.figures += [figure for figure in figures if type(figure) is bytes]

    def get(self, name):
        """The value of a name: plain data, or a Remote. Raises StudentError."""
        return self.request(["get", name])[0]

    def take_output(self):
        """What was printed since the last look, and the figures drawn, as PNG."""
        text, figures = "".join(self.output), self.figures
        self.output, self.figures, self.last_call = [], [], None
        return text, figures

    def close(self, why="closed"):
        """End the process and all that it started; may be called twice."""
        self._end(StudentDiedError(why))

    def _call_back(self, number, arguments, keywords, deadline=None):
        """The answer to a call of one of the grader's functions; of an exception it says the kind and no more.

        With a `deadline`, the function has limits of time and memory: its arguments are chosen by the student's code.
        Raises wire.LateError after it.
        """
        if type(number) is not int or not 0 <= number < len(self.functions) or self.nesting >= MAX_NESTING:
            return ["answer", None, say("this function cannot be called from here")]
        if not self.watch.may_call_back():
            return ["answer", None, say("a submission has called what it was given too often")]
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
            return ["answer", None, say("the function you were given raised {}").format(type(error).__name__)]
        finally:
            self.nesting -= 1

    def _clock(self):
        """The time in seconds by which requests are measured."""
        return time.monotonic()

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
        return self._ask(arguments, keywords, False)[0]

    def twice(self, arguments, keywords):
        """What the student's function returns for copies of the arguments, and what it returns for others after that.

        One that changed its arguments is not called again: its first result is given twice. Raises StudentError.
        """
        result, again = self._ask(arguments, keywords, True)
        said, *second = again if type(again) is list and again and type(again[0]) is str else [""]
        if said == "same" or self.changed:
            return result, result
        return result, second[0] if said == "other" and second else self(*arguments, **keywords)

    def _ask(self, arguments, keywords, twice):
        target = self.__name__ if self.number is None else self
        process = self.process()
        result, changed, again = process.request(["call", target, list(arguments), keywords, twice])
        process.last_call = self.__name__, arguments, keywords, result
        changed = changed[:MAX_CHANGED] if type(changed) is list else ["something"]
        self.changed = tuple(outside.line(str(name), 80) for name in changed)
        return result, again

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        target = self if self.number is not None else self.process().get(self.__name__)
        return self.process().request(["attribute", target, name])[0]

    def __repr__(self):
        return say("<{} {} of the student>").format(self.kind, self.__name__)


@lru_cache(maxsize=256)
def _remote_class(kind):
    """A class of Remotes with the name that the object's class has there, for messages that say of what type it is."""
    return type(kind if kind.isascii() and kind.isidentifier() else "object", (Remote,), {})
