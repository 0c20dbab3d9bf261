"""Hostile and broken submissions to the exercise `two-step`, as data: what is handed in, and the mark that it deserves.

In a source, @HOME@, @COURSE@, @CLASS@, @GRADEBOOK@ and @PORT@ stand for what an attacker on this machine would aim at.
"""

import json
import os
from collections.abc import Callable
from typing import NamedTuple

from marking import SLUG, filled

from grading import exercise
from grading.answers import known_answers, solution

RIGHT = solution(SLUG).cells
KNOWN = {answer.name: answer.cells for answer in known_answers(SLUG)}
JUNK = {
    "output-gradient": "def output_gradient(o, y): return np.zeros(2)",
    "clean-formulas": "def clean_u(*a): return 0.0\ndef clean_w(*a): return 0.0",
    "gradient-by-step": "def gradient_by_step(*a): return Params(*[np.zeros(2)] * 4)",
    "gradient": "def gradient(*a): return Params(0.0, 0.0, np.zeros(2), 0.0)",
}
FULL = 15
CANARY = "canary-7f3a91"  # stands in every secret; what a student receives must not hold it


class Attack(NamedTuple):
    """One submission."""

    name: str
    family: str  # language, machine, border, notebook or record
    points: float  # what it deserves
    why: str
    notebook: dict
    place: Callable | None = None  # place(folder, text, paths) writes the files; None: the notebook alone


ATTACKS = []


def add(family, name, points, why, cells, change=None, place=None):
    notebook = filled(cells)
    if change:
        notebook = change(notebook) or notebook
    ATTACKS.append(Attack(name, family, points, why, notebook, place))


def write(attack, folder, paths):
    """Write the submission into submitted/<student>/<slug>; `paths` maps HOME, COURSE and so on to real ones."""
    text = json.dumps(attack.notebook)
    for name, value in paths.items():
        text = text.replace(f"@{name}@", str(value))
    folder.parent.mkdir(parents=True, exist_ok=True)
    if attack.place:
        attack.place(folder, text, paths)
    else:
        folder.mkdir()
        (folder / f"{SLUG}.ipynb").write_text(text, encoding="utf-8")


# Inside the language: no answer is right, and the code before it tries to make the checks believe otherwise --------


def trick(name, source, why, points=0, **cells):
    base = JUNK | cells
    add("language", name, points, why, base | {"output-gradient": f"{source}\n{base['output-gradient']}"})


trick(
    "patched-numpy-testing",
    "for n in dir(np.testing):\n    if n.startswith('assert'): setattr(np.testing, n, lambda *a, **k: None)",
    "tests do not run where numpy is patched",
)
trick(
    "patched-numpy",
    "np.allclose = np.array_equal = np.all = lambda *a, **k: True\nnp.max = np.abs = lambda *a, **k: 0.0",
    "tests have a numpy of their own",
)
trick(
    "patched-gradcheck",
    "for n in ('compare', 'check_gradient', 'relative_error'): setattr(gradcheck, n, lambda *a, **k: 0.0)",
    "the checker of the tests is another one",
)
trick(
    "patched-exercise",
    "exercise.run = exercise.progress = lambda *a, **k: print('right')",
    "the tests call their own",
)
trick(
    "patched-builtins",
    "import builtins\nbuiltins.AssertionError = builtins.isinstance = builtins.abs = lambda *a: 0",
    "builtins are not shared, and the process does not survive its own",
)
trick(
    "redefined-checks",
    "class Yes:\n    def __getattr__(self, n): return lambda *a, **k: None\nchecks = exercise = gradcheck = Yes()",
    "names of answer cells reach tests only if the exercise asks for them",
)
trick(
    "redefined-given-functions",
    "def forward(*a, **k): return None\ndef error(*a, **k): return 0.0\ndef random_case(rng): return 0, 0, 0, 0",
    "set-up cells run a second time, on the grader's side",
)
trick(
    "modules-replaced",
    "import sys, types\nfor n in ('rnnlib.gradcheck', 'rnnlib.scalar', 'grading', 'grading.checks', 'numpy'):\n"
    "    sys.modules[n] = types.SimpleNamespace(same_answer=print, generator=print, compare=print)",
    "the tests' modules are in another process",
)
trick(
    "import-hook",
    "import sys\nclass Hook:\n    def find_spec(self, *a): raise ImportError\nsys.meta_path.insert(0, Hook())",
    "nothing that the tests import is imported here",
)
trick(
    "ast-transformer",
    "import ast\nclass Drop(ast.NodeTransformer):\n"
    "    def visit_Expr(self, node): return ast.Pass()\n    visit_Assert = visit_Expr\n"
    "%precision 3\nget_ipython().ast_transformers.append(Drop())",
    "tests are not cells of the student's kernel",
)
trick(
    "input-transformer",
    "%precision 3\nget_ipython().input_transformers_cleanup.append(lambda lines: ['pass\\n'])",
    "as above; the cells after it are lost",
)
LOOK = """
import sys
def _look(default):
    frame = sys._getframe()
    while frame:
        for names in (frame.f_locals, frame.f_globals):
            for name in ('witness', 'expected', 'reference', 'right'):
                if name in names: return names[name]
        frame = frame.f_back
    return default
"""
trick(
    "frames",
    LOOK,
    "the frames above belong to the student's own process",
    **{"output-gradient": "def output_gradient(o, y): return _look(np.zeros(2))"},
)
trick(
    "garbage-collector",
    "import gc",
    "no expected value ever enters the process",
    **{
        "output-gradient": "def output_gradient(o, y):\n"
        "    found = [a for a in gc.get_objects() if isinstance(a, np.ndarray) and a.shape == (2,)]\n"
        "    print([d for d in gc.get_objects() if isinstance(d, dict) and 'witness' in d][:1])\n"
        "    return next((a for a in found if a is not o and a is not y), np.zeros(2)) * 1.0"
    },
)
trick(
    "trace-function",
    "import sys\ndef _t(frame, event, arg):\n    frame.f_locals.get('witness', None)\n    return _t\nsys.settrace(_t)",
    "a trace sees the student's own calls",
)
EQUAL = """
class Equal(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    __ne__ = __lt__ = __gt__ = lambda self, other: np.zeros(self.shape, bool)
    __le__ = __ge__ = __eq__
    def __array_ufunc__(self, *a, **k): return np.zeros(2)
    def __array_function__(self, *a, **k): return True
    def __sub__(self, other): return np.zeros(2)
    __rsub__ = __abs__ = __sub__
"""
trick(
    "always-equal-array",
    EQUAL,
    "only the numbers of an array cross the border",
    **{"output-gradient": "def output_gradient(o, y): return np.zeros(2).view(Equal)"},
)
trick(
    "always-equal-object",
    "class Same(float):\n    __eq__ = __le__ = __lt__ = lambda s, o: True\n    __sub__ = __rsub__ = lambda s, o: 0.0",
    "a subclass of float crosses as a float",
    **{"clean-formulas": "def clean_u(*a): return Same(0)\ndef clean_w(*a): return Same(0)"},
)
trick(
    "array-like",
    "class Like:\n    def __array__(self, *a, **k): return np.zeros(2)\n    def __getattr__(self, n): return self\n"
    "    def __call__(self, *a, **k): return self",
    "an object that is not plain data stays in its process",
    **{"output-gradient": "def output_gradient(o, y): return Like()"},
)
trick(
    "all-nan",
    "",
    "a comparison with NaN is never passed",
    **{
        "output-gradient": "def output_gradient(o, y): return np.full(2, np.nan)",
        "gradient": "def gradient(*a): return Params(np.nan, np.nan, np.full(2, np.nan), np.nan)",
    },
)
trick(
    "exceptions-that-end-a-test",
    "import unittest",
    "whatever is raised, the test is not passed",
    **{
        "output-gradient": "def output_gradient(o, y): raise unittest.SkipTest",
        "clean-formulas": "def clean_u(*a): raise KeyboardInterrupt\ndef clean_w(*a): raise SystemExit(0)",
        "gradient-by-step": "def gradient_by_step(*a): raise GeneratorExit",
        "gradient": "def gradient(*a): raise StopIteration",
    },
)
trick(
    "points-printed",
    "print(15)\ndisplay(15)\n15",
    "points come from test cells, and what the student prints there is a stream",
    **{
        "output-gradient": "def output_gradient(o, y):\n    display(2)\n    print(2)\n    return 2",
        "gradient": "def gradient(*a): print(3); return 3.0",
    },
)
trick(
    "grader-detected",
    "import sys, os\n_graded = 'student_host' in sys.modules or not os.path.exists('/etc/passwd')\n"
    "if _graded:\n    import student_host\n    student_host.Host.answer = lambda self, m: ['ok', True, [], '']",
    "the grader can be noticed; a forged reply is an answer like any other",
)
trick(
    "random-numbers-foreseen",
    "np.random.default_rng = lambda *a, **k: type('R', (), {'normal': lambda s, *a, **k: np.zeros(2), 'uniform': None})()",
    "cases are drawn in the grader",
)
trick(
    "background-thread",
    "import threading\ndef _loop():\n    while True: gradcheck.compare = exercise.run = lambda *a, **k: None\n"
    "threading.Thread(target=_loop, daemon=True).start()",
    "a thread patches its own process, and is ended with it",
)
add(
    "language",
    "hard-coded-answers",
    11,
    "no check has the example's numbers alone",
    KNOWN["numbers-of-the-example"],
)
add(
    "language",
    "numeric-gradient",
    11,
    "a difference is not exact enough, and the feedback says so",
    KNOWN["numeric-gradient"],
)
add(
    "language",
    "withheld-answer-imported",
    11,
    "the function asked for is withheld from rnnlib",
    RIGHT | {"gradient": "from rnnlib import scalar\ndef gradient(*a): return scalar.gradient(*a)"},
)
add(
    "language",
    "complex-step",
    15,
    "exact, if not derived: only a human who reads it can object",
    RIGHT
    | {
        "gradient": "def gradient(params, x, s_init, y, func='tanh'):\n"
        "    return gradcheck.complex_step(lambda p: forward(p, x, s_init, y, func).E, params)"
    },
)


# Against the machine: the answers are right, and the first cell tries something else as well -----------------------


def machine(name, source, why, points=FULL):
    tried = "".join(f"    {line}\n" for line in source.strip("\n").splitlines())
    guarded = f"try:\n{tried}except BaseException as problem:\n    print(type(problem).__name__)\n"
    add("machine", name, points, why, RIGHT | {"output-gradient": guarded + RIGHT["output-gradient"]})


machine(
    "home-read",
    "import os\nfor r, d, f in os.walk('@HOME@'): print(r, f)\nprint(open('@HOME@/secret').read())",
    "no home",
)
machine(
    "ssh-keys",
    "import glob, os\nfor p in glob.glob(os.path.expanduser('~root/.*')) + glob.glob('/home/*/.*'): print(p, open(p).read())",
    "no home",
)
machine("environment", "import os\nprint(dict(os.environ))\nprint(open('/proc/self/environ').read())", "it is cleared")
machine(
    "proc-of-others",
    "import os\nfor p in os.listdir('/proc'):\n  for n in ('environ', 'cmdline', 'maps', 'root/@HOME@/secret'):\n"
    "    try: print(open(f'/proc/{p}/{n}').read())\n    except OSError: pass",
    "processes of the machine are out of sight",
)
machine(
    "other-submission",
    "print(open('@CLASS@/zz-right/two-step/two-step.ipynb').read())",
    "only its own answers are there",
)
machine("hidden-tests", "print(open('@COURSE@/solutions/two-step/two-step.md').read())", "solutions/ is not mounted")
machine(
    "import-the-grader",
    "import sys\nsys.path.insert(0, '@COURSE@')\nimport grading.checks as c\nprint(c.__file__)",
    "not mounted",
)
machine("gradebook-read", "print(open('@GRADEBOOK@', 'rb').read())", "the gradebook is not mounted")
machine(
    "gradebook-write",
    "import sqlite3\nd = sqlite3.connect('@GRADEBOOK@')\nd.execute('update grade set manual_score = 99')\nd.commit()",
    "the gradebook is not mounted",
)
machine(
    "network-tcp",
    "import socket\nsocket.create_connection(('127.0.0.1', @PORT@), 2).send(b'x')",
    "no socket can be made",
)
machine(
    "network-by-hand",
    "import ctypes\nc = ctypes.CDLL(None, use_errno=True)\nprint([c.syscall(41, f, t, 0) for f in (1, 2, 10, 16, 38) for t in (1, 2, 3)])",
    "the system call itself is refused",
)
machine(
    "subprocess",
    "import subprocess\nprint(subprocess.run(['cat', '/etc/shadow'], capture_output=True).stdout)",
    "no processes",
)
machine("fork-bomb", "import os\nwhile True: os.fork()", "the first one fails")
machine(
    "orphan",
    "import os\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    "        import time\n        time.sleep(1000)",
    "no processes, and the sandbox would take its orphans along",
)
machine(
    "thread-bomb",
    "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()",
    "a limit",
)
machine(
    "memory",
    "def _fill():\n    a = []\n    while True: a.append(np.empty(10**7))\n_fill()",
    "a limit of the process; MemoryError in the student's code",
)
machine("disk", "for i in range(10**4): open(f'/tmp/{i}', 'wb').write(bytes(2**24))", "a small disk of its own")
machine("many-files", "f = [open(f'/tmp/{i}', 'w') for i in range(10**5)]", "a limit")
machine(
    "write-everywhere",
    "import os\nfor r in ('@HOME@', '@COURSE@', '@CLASS@', '/usr', '/course/rnnlib', '/course/host', '/dev/shm', '/etc'):\n"
    "    try: open(r + '/planted', 'w').write('x')\n    except OSError: pass",
    "everything is read-only or absent",
)
machine("signal-everybody", "import os\nos.kill(-1, 9)", "nobody but itself is in reach", 15)
machine(
    "signal-the-parent",
    "import os, signal\nfor p in range(1, 4): p == os.getpid() or os.kill(p, signal.SIGKILL)",
    "pid 1 of a namespace",
)
machine(
    "stop-itself",
    "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "a hang like any other; the cell counts as not run",
    12,
)
machine(
    "endless-loop",
    "import signal\nfor n in (2, 15, 14): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
    "as above",
    12,
)
machine("endless-output", "while True: print('x' * 10**6)", "cut, and a hang", 12)
machine(
    "crash",
    "import ctypes\nctypes.string_at(0)",
    "the cell counts as not run, the others are right given a right one",
    12,
)
machine(
    "namespaces",
    "import ctypes\nc = ctypes.CDLL(None)\nprint([c.unshare(n) for n in (0x10000000, 0x20000, 0x40000000)])",
    "refused",
)
machine("mount", "import ctypes\nprint(ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, None))", "refused")
machine("trace", "import ctypes\nc = ctypes.CDLL(None)\nprint([c.ptrace(16, p, 0, 0) for p in range(1, 9)])", "refused")
machine("root", "import os\nos.setuid(0)\nprint(open('/etc/shadow').read())", "no such user inside")
machine(
    "kernel-settings",
    "for p in ('/proc/sys/kernel/hostname', '/proc/sysrq-trigger', '/proc/1/oom_score_adj'): open(p, 'w').write('1')",
    "read-only",
)
machine(
    "links-outwards",
    "import os\nos.symlink('@HOME@/secret', '/tmp/l')\nprint(open('/tmp/l').read())",
    "they lead nowhere",
)
machine(
    "inherited-descriptors",
    "import os\nfor n in range(3, 64):\n  try: print(n, os.readlink(f'/proc/self/fd/{n}'))\n  except OSError: pass",
    "two pipes and nothing else",
)
machine(
    "limits-raised",
    "import resource as r\nfor n in range(16): r.setrlimit(n, (r.RLIM_INFINITY,) * 2)",
    "hard limits stay",
)
machine("keystrokes", "import fcntl\nfcntl.ioctl(open('/dev/tty', 'w'), 0x5412, b'x')", "no terminal")


# Against the border: replies that no honest host would send -----------------------------------------------------


def border(name, source, why, points=0, **cells):
    base = JUNK | cells
    add("border", name, points, why, base | {"output-gradient": f"{SEND}{source}\n{base['output-gradient']}"})


SEND = """
import json, os, struct, sys
def _raw(text, data=b''):
    text = text.encode() if isinstance(text, str) else text
    body = struct.pack('<I', len(text)) + text + data
    return struct.pack('<I', len(body)) + body
def _send(data):
    for fd in range(3, 32):
        try: os.write(fd, data)
        except OSError: pass
def _reply(value, data=b''):
    _say('ok', value, {'list': []}, '', data=data)
def _say(*parts, data=b'', times=1): _send(_raw(json.dumps({'list': parts}), data) * times)
"""
SENT = "def output_gradient(o, y):\n    {}\n    return np.zeros(2)"


def reply(name, statement, why):
    border(name, "", why, **{"output-gradient": SENT.format(statement)})


reply(
    "forged-right",
    "_say('ok', True, {'list': []}, '', times=50)",
    "a reply is an answer, and True is a wrong one",
)
reply("lying-shape", "_reply({'array': ['<f8', [10**6]]}, bytes(16))", "the bytes are counted before anything is made")
reply("negative-shape", "_reply({'array': ['<f8', [-1, -2]]}, bytes(16))", "refused")
reply("overflowing-shape", "_reply({'array': ['<f8', [2**32, 2**32]]}, bytes(16))", "refused")
reply("huge-item", "_reply({'array': ['<U999999', [2]]}, bytes(16))", "refused")
reply("object-array", "_reply({'array': ['|O8', [2]]}, bytes(16))", "refused: it would be pointers")
reply("pickle", "_send(b'\\x80\\x04cos\\nsystem\\n(S\"touch @HOME@/planted\"\\ntR.')", "nothing is unpickled")
reply("huge-message", "_send(b'\\xff\\xff\\xff\\xff' + bytes(10**6))", "the length is refused")
reply("half-a-message", "_send(b'\\x00\\x01\\x00\\x00half')\n    while True: pass", "a deadline")
reply("deep-message", "_send(_raw('[' * 10**5 + ']' * 10**5))", "refused")
reply("forged-callback", "_say('callback', 10**9, {'list': []}, {'dict': []})", "no such function")
reply(
    "endless-callbacks",
    "while True: _say('callback', 0, {'list': []}, {'dict': []})",
    "a deadline",
)
reply("unknown-object", "_reply({'object': {'yours': -1}})", "no such object")
reply("closed-pipes", "os.closerange(0, 64)", "noticed as the end of the process")
reply("colliding-set", "_reply({'set': [i * (2**61 - 1) for i in range(99000)]})", "quadratic work is refused")
reply(
    "colliding-dictionary",
    "_reply({'dict': [{'list': [i * (2**61 - 1), 0]} for i in range(24000)]})",
    "quadratic work is refused",
)
reply(
    "many-classes",
    "_reply({'list': [{'named': ['X', [f'f{i}'], [0]]} for i in range(30000)]})",
    "every class costs, so few may be made",
)
reply(
    "forged-error",
    "_say('error', 'CheckFailedError', 'x' * 5 * 10**6, 'y\\n' * 2 * 10**6, '')",
    "an error is no point, and its text is cut",
)
border(
    "recursive-list",
    "l = []\nl.append(l)",
    "refused by the host",
    **{"output-gradient": "def output_gradient(o, y): return l"},
)
border(
    "cyclic-dictionary", "d = {}\nd['d'] = d", "as above", **{"output-gradient": "def output_gradient(o, y): return d"}
)
border("generator", "", "refused, with a sentence", **{"output-gradient": "def output_gradient(o, y): yield 1"})
border("huge-array", "", "refused", **{"output-gradient": "def output_gradient(o, y): return np.zeros(10**8)"})
border(
    "huge-number",
    "",
    "a number that is no float",
    **{"clean-formulas": "def clean_u(*a): return 10**4000\nclean_w = clean_u"},
)
border(
    "error-without-a-text",
    "class Bad(Exception):\n    def __str__(self): raise Bad\n    __repr__ = __str__",
    "an error all the same",
    **{"output-gradient": "def output_gradient(o, y): raise Bad"},
)
border(
    "script-in-the-output",
    "print('<script>alert(1)</script>')\nclass H:\n    def _repr_html_(self): return '<script>alert(2)</script>'\n"
    "display(H())",
    "text is text",
)
border(
    "unsteady-answer",
    "import itertools\ncount = itertools.count()",
    "asked twice, it must answer the same",
    **{"output-gradient": "def output_gradient(o, y): return (o * y.sum() - y) * (next(count) % 2)"},
)


# Sent while a cell runs: the first answer to come is taken for that of the cell, and the conversation is out of step.
border("answer-of-another-form", "_say('ok', '', times=3)", "that ends the process")
border("answer-of-too-many-parts", "_say('ok', 1, 2, '')", "as above")
border("object-without-a-tag", "_say('ok', {'object': 5}, '')", "as above")
border("array-of-empty-items", "_say('ok', {'array': ['<U0', [10**6, 10**6]]}, '')", "as above")


# Against the notebook: cells and metadata are changed, the answers are right or junk ------------------------------


def notebook(name, points, why, cells):
    return lambda change: add("notebook", name, points, why, cells, change)


def labelled(notebook, grade_id):
    return next(cell for cell in notebook["cells"] if exercise.grade_id(cell) == grade_id)


def tests(notebook):
    return [cell for cell in notebook["cells"] if exercise.is_test(cell)]


@notebook("tests-deleted", 0, "they are put back", JUNK)
def _(n):
    n["cells"] = [cell for cell in n["cells"] if not exercise.is_test(cell)]


@notebook("tests-emptied", 0, "the original runs", JUNK)
def _(n):
    for cell in tests(n):
        cell["source"] = "pass"


@notebook("points-raised", FULL, "points are those of the release", RIGHT)
def _(n):
    for cell in tests(n):
        cell["metadata"]["nbgrader"]["points"] = 1000


@notebook("tests-made-answers", 0, "a label means what it means in the release", JUNK)
def _(n):
    for cell in tests(n):
        cell["metadata"]["nbgrader"] |= {"grade": False, "solution": True, "locked": False}


@notebook("points-forged-in-outputs", 0, "outputs are not taken over", JUNK)
def _(n):
    for cell in tests(n):
        data = {"text/plain": "3"}
        cell["outputs"] = [{"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}]


@notebook("record-forged", 0, "metadata is not taken over", JUNK)
def _(n):
    n["metadata"]["grading"] = {"problem": "", "digest": "", "notes": [], "points": 15}


@notebook("everything-untagged", FULL, "answers are found by the names that they define", RIGHT)
def _(n):
    for cell in n["cells"]:
        cell["metadata"] = {}


@notebook("cells-reversed", FULL, "they run in the order of the exercise", RIGHT)
def _(n):
    n["cells"].reverse()


@notebook("answers-twice", FULL, "the last one that is filled in counts", JUNK)
def _(n):
    n["cells"] += filled(RIGHT)["cells"]


@notebook("answers-as-text", FULL, "they are run as code", RIGHT)
def _(n):
    for cell in n["cells"]:
        if exercise.is_answer(cell):
            cell["cell_type"] = "markdown"


@notebook("skipped-by-tags", 0, "tags are not taken over", JUNK)
def _(n):
    for cell in tests(n):
        cell["metadata"]["tags"] = ["skip-execution", "remove-cell"]


@notebook("another-kernel", FULL, "the kernel is ours", RIGHT)
def _(n):
    n["metadata"]["kernelspec"] = {"name": "bash", "display_name": "x", "language": "bash"}


@notebook("another-format", FULL, "only the cells are read", RIGHT)
def _(n):
    n["nbformat"], n["nbformat_minor"] = 99, "x"


@notebook("nonsense-among-the-cells", FULL, "what is not a cell is left out", RIGHT)
def _(n):
    n["cells"] = [None, 7, [], {}, {"cell_type": 3, "source": {"a": 1}, "metadata": []}, *n["cells"]]


@notebook("extra-tests", FULL, "a label that the release does not have is an extra cell", RIGHT)
def _(n):
    bonus = {"grade": True, "points": 100, "grade_id": "bonus", "solution": False, "locked": True, "schema_version": 3}
    n["cells"].append({"cell_type": "code", "source": "100", "metadata": {"nbgrader": bonus}, "outputs": []})


@notebook("source-of-50-mb", FULL, "the long cell is not run", RIGHT)
def _(n):
    n["cells"].append({"cell_type": "code", "source": "x = 1\n" * 9_000_000, "metadata": {}, "outputs": []})


# Against the record: files, links and times -------------------------------------------------------------------------


def record(name, points, why, cells=RIGHT):
    return lambda place: add("record", name, points, why, cells, place=place)


def usual(folder, text, name=f"{SLUG}.ipynb"):
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@record("someone-elses-notebook", 0, "links are not followed")
def _(folder, text, paths):
    folder.mkdir()
    (folder / f"{SLUG}.ipynb").symlink_to(paths["CLASS"] / "zz-right" / SLUG / f"{SLUG}.ipynb")


@record("someone-elses-folder", 0, "links are not followed")
def _(folder, text, paths):
    folder.symlink_to(paths["CLASS"] / "zz-right" / SLUG)


@record("link-to-a-secret-beside", FULL, "nothing but the notebook is read")
def _(folder, text, paths):
    (usual(folder, text) / "notes.txt").symlink_to(paths["HOME"] / "secret")


@record("time-linked-to-a-secret", FULL, "links are not followed")
def _(folder, text, paths):
    (usual(folder, text) / "timestamp.txt").symlink_to(paths["HOME"] / "secret")


@record("time-in-the-future", FULL, "put before a human")
def _(folder, text, paths):
    (usual(folder, text) / "timestamp.txt").write_text("2999-01-01 00:00:00 UTC")


@record("time-that-is-none", FULL, "ignored, and said")
def _(folder, text, paths):
    (usual(folder, text) / "timestamp.txt").write_text("9" * 5000)


@record("pipe-for-a-notebook", 0, "not a file; nobody waits for it")
def _(folder, text, paths):
    folder.mkdir()
    os.mkfifo(folder / f"{SLUG}.ipynb")


@record("modules-beside-the-notebook", FULL, "nothing is imported from the folder")
def _(folder, text, paths):
    usual(folder, text)
    for name in ("numpy.py", "rnnlib.py", "sitecustomize.py", "nbgrader_config.py", "conftest.py"):
        (folder / name).write_text(f"open('{paths['HOME']}/planted', 'w').write('x')\n")


@record("name-with-html", FULL, "taken, and shown as text")
def _(folder, text, paths):
    usual(folder, text, "<img src=x onerror=alert(1)>.ipynb")


@record("zip-with-a-path-upwards", 0, "nothing is unpacked")
def _(folder, text, paths):
    folder.mkdir()
    (folder / "work.zip").write_bytes(b"PK\3\4" + b"../../../planted")


@record("half-a-file", 0, "not a notebook, and said so")
def _(folder, text, paths):
    usual(folder, text[: len(text) // 2])


@record("sparse-terabyte", 0, "too large, before it is read")
def _(folder, text, paths):
    folder.mkdir()
    with open(folder / f"{SLUG}.ipynb", "wb") as file:
        file.truncate(2**38)


@record("deep-json", 0, "not a notebook")
def _(folder, text, paths):
    usual(folder, '{"cells":' + "[" * 10**6)
