"""The program inside the sandbox: runs a student's cells, and calls what they define when the grader asks.

It is started with two pipes, and knows nothing of tests or of expected values. Everything in this process is in the
student's hands, so the grader trusts nothing that it reports; the conveniences here serve honest students.
"""

import ast
import contextlib
import importlib
import inspect
import io
import linecache
import os
import re
import sys
import time
import traceback
import types
import warnings

try:
    import resource
except ModuleNotFoundError:  # in a browser, which limits its pages itself
    resource = None

try:
    import wire  # in the sandbox, the two files lie side by side
except ModuleNotFoundError:
    from grading import wire

say = wire.say

MAX_OUTPUT = 50_000
MAX_FIGURES = 4
FIGURES = "bptt_figures"  # the package of the interactive ones, which notebooks open
MAX_INPUTS = 100
QUICK = 0.1  # seconds of a call after which there is time for another one
SAME, OTHER = "same", "other"
CELLS = (
    "<cell ",
    "<ipython-input-",
)  # how the file names of cells begin in a traceback
OF_IPYTHON = re.compile(r"^\s*[%!?]|\?\s*$|^[^=#'\"]*=\s*[%!]", re.MULTILINE)  # what Python itself does not take


class WithheldError(RuntimeError):
    """Students' code asked for a name of rnnlib that the exercise asks them to write."""


class UnfinishedError(Exception):
    """A function raised NotImplementedError, and there is more to say than that it is not done yet."""


class UndoneError(UnfinishedError):
    """A function raised NotImplementedError because it calls one that is not done yet."""


class Output(io.TextIOBase):
    """What a cell prints, up to a limit."""

    def __init__(self):
        self.parts, self.left = [], MAX_OUTPUT

    def writable(self):
        """True, as io.TextIOBase wants to know."""
        return True

    def write(self, text):
        """Keep the text as far as it fits; return its length, as if all of it had been written."""
        self.parts.append(text[: max(0, self.left)])
        if len(text) > self.left >= 0:
            left_out = say("(the rest is left out)")
            self.parts.append(f"\n... {left_out}\n")
            self.left = -1
        self.left -= len(text) if self.left >= 0 else 0
        return len(text)

    def text(self):
        """What was kept, with a last line that says so if something was left out."""
        return "".join(self.parts)


class Host:
    """The student's namespace, the objects that the grader holds a number for, and the two pipes."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        leave = Leave()
        self.built_ins = {"display": _display, "help": _help, "exit": leave, "quit": leave}
        self.built_ins |= {"input": self.input, "get_ipython": self.ipython}
        self.namespace = {"__name__": "__main__"} | self.built_ins
        self.objects, self.numbers = [], {}
        self.cells, self.locked, self.shell = 0, False, None
        self.calls, self.inputs = 0, 0
        self.lent, self.own = {}, {}

    def serve(self, until=None):
        """Answer requests until a message of the kind `until` comes, and return it; exit when the pipe is closed."""
        while True:
            try:
                message = wire.receive(self.reader, self.resolve)
            except wire.WireError:
                sys.exit()
            if message[0] == until:
                return message
            self.reply(self.answer(message))

    def reply(self, answer):
        """Send an answer; one that cannot be sent becomes an error that says why."""
        try:
            wire.send(self.writer, answer, self.refer)
        except (TypeError, ValueError) as error:
            wire.send(
                self.writer,
                ["error", "TypeError", say("what your code returned cannot be graded: {}").format(error), "", ""],
                self.refer,
            )

    def answer(self, message):
        """What a request gives: ["ok", results, output], or ["error", kind, message, traceback, output]."""
        action, *arguments = message
        output = Output()
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                result = getattr(self, f"do_{action}")(*arguments)
        except BaseException as error:
            return ["error", type(error).__name__, _message(error), _traceback(error), output.text()]
        return ["ok", *result, output.text()]

    def do_start(self, limits, withheld, code=b"", language=""):
        """Set the `limits` of the process and withhold names of rnnlib, both before any code of a student's runs.

        `code` is a compiled seccomp filter to put on; it is empty where there is one already, or none. The `language`
        is that of messages, English if it is empty.
        """
        if language:
            from rnnlib import words

            words.LANGUAGE.set(language)
        if len(code):
            _put_on(bytes(code))
        for name, amount in limits.items():
            resource.setrlimit(getattr(resource, name), (amount, amount))
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        for module, names in withheld.items():
            self.withhold(importlib.import_module(module), names)
        return ["ready"]

    def do_run(self, source, locked):
        """Run a cell as a notebook would; the result is a list of the figures that it leaves open, as PNG."""
        self.locked = locked
        try:
            self.run(source)
        finally:
            self.locked = False
        return [list(_figures())]

    def do_get(self, name):
        """Look up the value of a name."""
        return [self.find(name)]

    def do_call(self, target, arguments, keywords, twice=False):
        """Call a function, given by name or as an object.

        The second result names the arguments that it changed. The third says what a second call gave, if it is to be
        called `twice`: SAME, or OTHER and the value. It is empty after a slow call, as a request has the time of one,
        and after one that changed the arguments, of which there is no copy here.
        """
        function, started = self.find(target) if isinstance(target, str) else target, time.monotonic()
        before = self.packed([*arguments, *keywords.values()])
        result = self.called(function, arguments, keywords)
        after = self.packed([*arguments, *keywords.values()])
        if before != after:  # hardly ever, and to look up the names takes as long as many a call
            names = _argument_names(function, arguments, keywords)
            return [result, [name for name, a, b in zip(names, before, after, strict=True) if a != b], []]
        if not twice or time.monotonic() - started > QUICK:
            return [result, [], []]
        first = self.as_sent(result)  # before the second call, which may write into the same array
        if first is None:
            return [result, [], []]
        second = self.called(function, arguments, keywords)
        if self.as_sent(second) == first:
            return [second, [], [SAME]]
        return [wire.unpack(first[4:], self.referred), [], [OTHER, second]]

    def called(self, function, arguments, keywords):
        """What a function returns. Raises what it raises, with more to say where it is not done yet."""
        self.calls += 1
        try:
            result = function(*arguments, **keywords)
        except NotImplementedError as error:
            unfinished = _unfinished(_name(function), error)
            if not unfinished:
                raise
            raise unfinished from None
        finally:
            self.calls -= 1
        if isinstance(result, (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)):
            said = say("a generator came back from {}; return an array, or a tuple of arrays")
            raise TypeError(said.format(_name(function)))
        return result

    def as_sent(self, value):
        """The bytes as which a value crosses; None if it cannot, which is said when it is to be sent."""
        try:
            return wire.pack(value, self.refer)
        except (TypeError, ValueError):
            return None

    def packed(self, values):
        """What tells whether arguments have been changed in place: their bytes, or nothing for what cannot be."""
        return [None if type(value) in wire.PLAIN else wire.pack(value, self.refer) for value in values]

    def do_attribute(self, target, name):
        """Look up an attribute of an object."""
        return [getattr(target, name)]

    def do_lend(self, functions):
        """Put functions of the grader's in the place of the student's own, until they are taken back."""
        self.own = {name: self.namespace[name] for name in functions if name in self.namespace}
        self.lent = functions
        self.namespace.update(functions)
        return ["lent"]

    def do_take_back(self):
        """Put the student's own functions back."""
        for name in self.lent:
            self.namespace.pop(name, None)
        self.namespace.update(self.own)
        return ["taken back"]

    def find(self, name):
        """The value of a name that a cell has defined. Raises NameError."""
        if name not in self.namespace:
            raise NameError(say("{} is not defined: its cell did not run to the end").format(name))
        return self.namespace[name]

    def run(self, source):
        """Run a cell and print the value of its last line; raises what the cell raises."""
        self.cells += 1
        name = f"<cell {self.cells}>"
        linecache.cache[name] = (len(source), None, source.splitlines(True), name)
        try:
            tree = ast.parse(source, name)
        except SyntaxError:
            if not OF_IPYTHON.search(source):
                raise
            return self.run_in_ipython(source)
        last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        with _without_figures():
            exec(compile(tree, name, "exec"), self.namespace)
            value = eval(compile(last, name, "eval"), self.namespace) if last is not None else None
        if value is not None and not source.rstrip().endswith(";"):
            print(repr(value))

    def run_in_ipython(self, source):
        """Run a cell with magics."""
        outcome = self.ipython().run_cell(source)
        if not outcome.success:
            raise outcome.error_before_exec or outcome.error_in_exec

    def ipython(self):
        """The shell of IPython, which is loaded only for those who use it, as that takes long."""
        if self.shell is None:
            from IPython.core.interactiveshell import InteractiveShell
            from traitlets.config import Config

            config = Config()
            config.HistoryManager.enabled = False
            self.shell = InteractiveShell.instance(config=config, user_ns=self.namespace)
            self.namespace |= self.built_ins  # the shell has put its own there
            self.shell.system = lambda command: print(
                say("(commands of the shell do not run when a notebook is graded)")
            )
            self.shell.getoutput = _no_output
            self.shell.enable_matplotlib = self.shell.enable_gui = lambda gui=None: ("agg", "agg")
            self.shell.showtraceback = self.shell.showsyntaxerror = lambda *args, **keywords: None
        return self.shell

    def input(self, prompt=""):
        """An empty text, with a note, so that a cell goes on. Raises EOFError in a function that is graded."""
        self.inputs += 1
        if self.calls or self.inputs > MAX_INPUTS:
            raise EOFError(
                say(
                    "input() asks somebody, and nobody answers when a notebook is graded: "
                    "let the function depend on its arguments alone"
                )
            )
        said = say("(input() asks somebody, and nobody answers when a notebook is graded: it gives an empty text)")
        print(f"{prompt}\n{said}")
        return ""

    def withhold(self, module, names):
        """Make `names` of a module raise WithheldError, except where rnnlib itself or a locked cell asks for them."""
        host, hidden = self, frozenset(names)

        class Withholding(types.ModuleType):
            def __getattribute__(self, name):
                if name in hidden and not host.locked and not _in_rnnlib(sys._getframe(1)):
                    what = f"`{module.__name__}.{name}`"
                    said = say("{} is what this exercise asks you to write, so it is withheld here")
                    raise WithheldError(said.format(what))
                return super().__getattribute__(name)

        vars(module).setdefault(
            "__all__", [name for name in vars(module) if not name.startswith("_") and name not in hidden]
        )
        module.__class__ = Withholding

    def refer(self, value):
        """The tag under which an object that is not plain data crosses: a number, for the grader to hold."""
        if isinstance(value, Callback):
            return {"yours": value.number}
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.objects)
            self.objects.append(value)
        return {"mine": self.numbers[id(value)], "kind": type(value).__name__[:80], "callable": callable(value)}

    def referred(self, tag):
        """The object for a tag that `refer` made."""
        return self.objects[tag["mine"]] if "mine" in tag else Callback(self, tag["yours"])

    def resolve(self, tag):
        """The object for a tag that the grader sent: one of ours, or a Callback."""
        return self.objects[tag["yours"]] if "yours" in tag else Callback(self, tag["mine"])


class Callback:
    """A function of the grader's that came as an argument."""

    def __init__(self, host, number):
        self.host, self.number = host, number

    def __call__(self, *arguments, **keywords):
        """What the grader's function returns. Raises ValueError, which says no more than the kind of its exception."""
        wire.send(self.host.writer, ["callback", self.number, list(arguments), keywords], self.host.refer)
        _, value, problem = self.host.serve(until="answer")
        if problem:
            raise ValueError(problem)
        return value


class Leave:
    """What `exit` and `quit` are here: they would end the kernel, and the other answers with it."""

    def __call__(self, code=None):
        """Say that nothing happens."""
        print(self)

    def __repr__(self):
        return say("(exit and quit do nothing when a notebook is graded)")


class _NoFigures:
    """What the interactive figures of the course are here, where nobody looks at them: functions that return None."""

    def __getattr__(self, name):
        return lambda *arguments, **settings: None


@contextlib.contextmanager
def _without_figures():
    """Let a cell that opens a figure show the same wherever it runs; not every bench has the figures."""
    there = sys.modules.get(FIGURES)
    sys.modules[FIGURES] = _NoFigures()
    try:
        yield
    finally:
        sys.modules.pop(FIGURES, None)
        if there is not None:
            sys.modules[FIGURES] = there


def _display(*values):
    for value in values:
        print(repr(value))


def _help(*things):
    """Print the documentation of things, as `help` does in a notebook."""
    import pydoc  # it takes long, and few ask for it

    for thing in things:
        try:
            print(pydoc.plain(pydoc.render_doc(thing)))
        except ImportError as error:
            print(error)


def _no_output(command, **options):
    """What a command of the shell gives in an assignment such as `files = !ls`."""
    from IPython.utils.text import SList

    print(say("(commands of the shell do not run when a notebook is graded)"))
    return SList([])


def _unfinished(name, error):
    """What to raise for the NotImplementedError of the function `name`; None if it is not done yet itself."""
    from rnnlib.exercise import left_over  # with numpy, which the start of a process does not wait for

    where = traceback.extract_tb(error.__traceback__)[-1]
    if not where.filename.startswith(CELLS):
        said = say("{} calls {}, which raises NotImplementedError")
        return UnfinishedError(said.format(name, where.name)) if where.filename != __file__ else None
    rest = left_over(where)
    if where.name == name:
        return UnfinishedError(rest) if rest else None
    if rest:
        return UnfinishedError(say("{} needs {}: {}").format(name, where.name, rest))
    return UndoneError(say("{} needs {}, which is not done yet").format(name, where.name))


def _in_rnnlib(frame):
    return frame.f_globals.get("__name__", "").split(".")[0] == "rnnlib"


def _name(function):
    return getattr(function, "__name__", "your function")


def _argument_names(function, arguments, keywords):
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    names += [f"argument {number}" for number in range(len(names), len(arguments))]
    return [*names[: len(arguments)], *keywords]


def _put_on(code):
    """Let this process, for good, do no more than a compiled seccomp filter allows. Raises OSError if that fails."""
    import ctypes

    class Program(ctypes.Structure):
        _fields_ = (("instructions", ctypes.c_ushort), ("code", ctypes.c_char_p))

    kernel, program = ctypes.CDLL(None, use_errno=True), Program(len(code) // 8, code)
    if kernel.prctl(22, 2, ctypes.byref(program), 0, 0):  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


def _message(error):
    try:
        return str(error)[:2000]
    except BaseException:
        return ""


def _traceback(error):
    """The student's own lines of the traceback, without those of this program and of what it calls to run a cell."""
    if isinstance(error, UnfinishedError):
        return str(error)
    try:
        frames = traceback.extract_tb(error.__traceback__)
        cells = [place for place, frame in enumerate(frames) if frame.filename.startswith(CELLS)]
        if cells:
            frames = frames[cells[0] :]
        elif isinstance(error, SyntaxError):  # in the cell itself, of which no line has run
            frames = []
        frames = [frame for frame in frames if frame.filename != __file__]
        lines = traceback.format_list(frames[-20:]) + traceback.format_exception_only(type(error), error)
        return "".join(lines)[-6000:]
    except BaseException:
        return ""


def _figures():
    pyplot = sys.modules.get("matplotlib.pyplot")
    for number in pyplot.get_fignums()[:MAX_FIGURES] if pyplot else []:
        file = io.BytesIO()
        pyplot.figure(number).savefig(file, format="png", dpi=72)
        yield file.getvalue()
    if pyplot:
        pyplot.close("all")


def main(arguments):
    """Serve requests; `arguments` are the file descriptors to read from and to write to, as text."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # the grader listens there only until this program runs
    Host(*map(int, arguments)).serve()
