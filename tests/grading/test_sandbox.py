"""Students' code meets a machine with Python, its packages, rnnlib and an empty folder, and nothing else."""

import errno
import os
import re
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from cells import CELLS, REFUSED
from conftest import needs
from marking import FAST, filled, lost, mark, record

from grading import exercise, limits, sandbox, seccomp, student_process, watch
from grading.answers import solution
from grading.bench import Bench
from grading.course import COURSE, slugs
from grading.execute import Settings
from grading.remote import HungError, Remote, StudentDiedError, StudentError
from grading.student_process import StudentProcess
from grading.usage import Usage
from grading.watch import Budget, Watch
from rnnlib import scalar

pytestmark = pytest.mark.pool

PATIENT = FAST._replace(call_seconds=60.0, submission_seconds=200.0)  # this machine may be busy


@pytest.fixture
def student():
    needs("bwrap")
    process = StudentProcess(withheld={"rnnlib.scalar": ["gradient"]})
    yield process
    process.close()


def run(student, source):
    student.run(source)
    return student.take_output()[0]


def function(student, source, name="f"):
    student.run(source)
    return Remote(lambda: student, name)


@pytest.mark.parametrize("house", ["solutions", "tests", "exercises", "grading", "book", ".git"])
def test_the_course_is_out_of_sight_but_for_rnnlib(student, house):
    with pytest.raises(StudentError, match="No such file"):
        student.run(f"import os; os.listdir({str(COURSE / house)!r})")
    assert run(student, "import rnnlib; print(rnnlib.__file__)") == "/course/rnnlib/__init__.py\n"
    assert run(student, "import os; print(os.listdir('/tmp'))") == "[]\n"


def test_the_grader_cannot_be_imported(student):
    with pytest.raises(StudentError, match="No module named 'grading'"):
        student.run("import grading")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import os; os.fork()", "not permitted"),
        ("import subprocess; subprocess.run(['true'])", "not permitted"),
        ("import multiprocessing as m; m.Process(target=print).start()", ""),
        ("import socket; socket.socket()", "not permitted"),
        ("import urllib.request as r; r.urlopen('http://127.0.0.1')", "not permitted"),
        ("import os; os.kill(1, 9); os.setuid(0)", ""),
        ("open('/course/rnnlib/scalar.py', 'a')", "Read-only"),
        ("open('/dev/shm/x', 'w')", "Read-only"),
        ("open('/x', 'w')", "Read-only"),
        ("open('/usr/x', 'w')", "Read-only"),
        (
            "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000): raise OSError('no')",
            "no",
        ),
        (
            "import ctypes\nif ctypes.CDLL(None).ptrace(0, 0, 0, 0): raise OSError('no')",
            "no",
        ),
        ("import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1))", "maximum limit"),
        ("import numpy; numpy.ones(10**10)", "allocate"),
        ("open('/tmp/big', 'wb').write(bytes(20 * 2**20))", "too large"),
        ("for i in range(99): open(f'/tmp/{i}', 'wb').write(bytes(10 * 2**20))", "No space"),
        ("import os\nwhile True: os.open('/tmp', 0)", "Too many open files"),
        ("import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(9,)).start()", "new thread"),
    ],
)
def test_what_a_student_may_not_do_raises_in_the_students_code(student, source, reason):
    with pytest.raises(StudentError, match=reason or None):
        student.run(source)
    assert run(student, "print(1 + 1)") == "2\n"


def test_the_environment_says_nothing_about_this_machine(student, monkeypatch):
    monkeypatch.setenv("SECRET", "swordfish")
    process = StudentProcess()
    process.run("import os; print(sorted(os.environ), os.getuid(), os.uname().nodename)")
    text = process.take_output()[0]
    process.close()
    assert "SECRET" not in text
    assert " 65534 grader" in text


def test_processes_of_the_machine_are_out_of_sight(student):
    text = run(student, "import os; print([int(name) for name in os.listdir('/proc') if name.isdigit()])")
    assert max(eval(text)) < 10


def test_the_students_process_ends_with_its_sandbox(student):
    start = time.monotonic()
    student.watch = Watch(0.3)
    with pytest.raises(HungError, match=r"no answer within 0\.3 seconds"):
        student.run("import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass")
    assert student.process.poll() is not None
    assert time.monotonic() - start < 5
    with pytest.raises(StudentDiedError):
        student.run("1")


@pytest.mark.parametrize(
    "source", ["import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)", "import ctypes; ctypes.string_at(0)"]
)
def test_a_process_that_ends_itself_is_noticed(student, source):
    with pytest.raises(StudentDiedError, match="ended") as caught:
        student.run(source)
    assert not isinstance(caught.value, HungError)


@pytest.mark.parametrize(
    "reply",
    [
        "b'x' * 100",
        "b'\\xff' * 4",
        "b'\\0\\0\\0\\0'",
        "__import__('struct').pack('<II', 20, 16) + b'[\"ok\", 1, 2, 3, 4]'",
    ],
)
def test_a_forged_reply_ends_the_process_and_not_the_grader(student, reply):
    source = (
        f"import os, sys\nfor fd in range(3, 99):\n  try: os.write(fd, {reply})\n  except OSError: pass\nos._exit(0)"
    )
    with pytest.raises(StudentDiedError):
        student.run(source)


def test_results_of_many_kinds_come_back(student):
    f = function(
        student,
        "import numpy as np, rnnlib.scalar as r\ndef f(a, *, b=2): return r.Params(a, b, np.ones(3), None), {'k': [a]}",
    )
    params, rest = f(1.5, b=4)
    assert type(params) is scalar.Params
    assert params[:2] == (1.5, 4)
    assert rest == {"k": [1.5]}


def test_a_change_of_an_argument_stays_in_the_sandbox_and_is_told_by_name(student):
    f = function(student, "def f(left, right, *, up):\n    right += 1\n    up['k'] = 2\n    return left")
    right, up = np.zeros(2), {"k": 1}
    f(1.0, right, up=up)
    assert f.changed == ("right", "up")
    assert np.array_equal(right, [0.0, 0.0])
    assert up == {"k": 1}


def test_a_function_of_the_grader_is_called_back(student):
    f = function(student, "def f(g, x): return g(x, twice=True) + 1")
    assert f(lambda x, twice: 2 * x if twice else x, 5.0) == 11.0


def test_a_function_of_the_student_can_be_handed_back_and_forth(student):
    f = function(student, "def f(g): return g(lambda k: k + 1)")
    assert f(lambda h: h(1) + h(10)) == 13
    make = function(student, "def make(n): return lambda k: n * k", "make")
    assert make(3)(4) == 12


def test_an_exception_of_the_grader_tells_the_student_its_kind_alone(student):
    def fail(x):
        raise ValueError("the expected array is 42")

    f = function(student, "def f(g):\n    try: g(1)\n    except Exception as error: return str(error)")
    assert f(fail) == "the function you were given raised ValueError"


def test_endless_calls_back_and_forth_end(student):
    student.watch = Watch(5.0)
    g = function(student, "def g(up, n): return up(n)", "g")

    def up(n):
        return g(up, n + 1)

    with pytest.raises(StudentError):
        g(up, 0)


@pytest.mark.parametrize("kind", [NotImplementedError, ValueError, ZeroDivisionError, KeyError, AssertionError])
def test_an_exception_arrives_as_its_own_kind_with_the_students_lines(student, kind):
    f = function(student, f"def f():\n    raise {kind.__name__}('so it is')")
    with pytest.raises(kind) as caught:
        f()
    assert isinstance(caught.value, StudentError)
    assert str(caught.value) in ("so it is", "'so it is'")
    assert "line 2, in f" in caught.value.traceback
    assert "student_host" not in caught.value.traceback


@pytest.mark.parametrize(
    "kind", ["SystemExit", "KeyboardInterrupt", "StopIteration", "type('Own', (BaseException,), {})"]
)
def test_other_exceptions_arrive_as_a_students_error(student, kind):
    f = function(student, f"def f():\n    raise {kind}")
    with pytest.raises(StudentError):
        f()


@pytest.mark.parametrize(
    ("result", "reason"),
    [("(x for x in [1])", "generator"), ("np.array([object()])", "dtype object"), ("np.zeros(10**7)", "allowed")],
)
def test_what_cannot_be_graded_is_refused_with_a_reason(student, result, reason):
    f = function(student, f"import numpy as np\ndef f(): return {result}")
    with pytest.raises((TypeError, StudentError), match=reason or None):
        f()


def test_a_withheld_name_says_so_however_it_is_reached(student):
    for source in (
        "from rnnlib.scalar import gradient",
        "import rnnlib.scalar as s; s.gradient",
        "from rnnlib import scalar; getattr(scalar, 'gradient')",
    ):
        with pytest.raises(StudentError, match="is what this exercise asks you to write"):
            student.run(source)
    with pytest.raises(NameError):
        student.run("from rnnlib.scalar import *\nforward\ngradient")


def test_locked_cells_and_rnnlib_itself_go_on_using_a_withheld_name(student):
    student.run("from rnnlib.scalar import gradient as given", locked=True)
    assert run(student, "print(given.__name__)") == "gradient\n"
    process = StudentProcess(withheld={"rnnlib.losses": ["softmax"]})
    process.run("from rnnlib.sampling import tempered\nprint(tempered([0.5, 0.5], 1.0))")
    assert process.take_output()[0] == "[0.5 0.5]\n"
    process.close()


def test_magics_display_and_figures_work(student):
    assert run(student, "%matplotlib inline\n%precision 3\n1 + 1").endswith("2\n")
    assert "do not run" in run(student, "!ls")
    assert run(student, "display(3)") == "3\n"
    student.run("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    _, (figure,) = student.take_output()
    assert figure.startswith(b"\x89PNG")


def test_output_is_cut(student):
    text = run(student, "while True:\n    print('x' * 9999)\n    n = globals().get('n', 0) + 1\n    if n > 9: break")
    assert len(text) < 60_000
    assert text.endswith("(the rest is left out)\n")


def test_without_the_sandbox_the_same_program_answers():
    process = StudentProcess(sandboxed=False)
    f = function(process, "def f(x): return 2 * x")
    assert f(np.arange(3.0)).tolist() == [0.0, 2.0, 4.0]
    process.close()


def test_a_missing_bubblewrap_is_said_with_the_line_that_helps(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(sandbox.SandboxError, match="make system"):
        sandbox.ensure_available()


NO_NAMESPACES = "bwrap: No permissions to create new namespace"
NO_PROC = "bwrap: Can't mount proc on /newroot/proc: Operation not permitted"


@pytest.mark.parametrize(
    ("reason", "in_container", "switches", "said", "unsaid"),
    [
        (NO_NAMESPACES, False, {"clone": "0", "apparmor": "0"}, "(`sysctl -w clone=1`)", "container"),
        (NO_NAMESPACES, False, {"clone": "1", "apparmor": "1"}, "(`sysctl -w apparmor=0`)", "container"),
        (NO_NAMESPACES, True, {"clone": "0", "apparmor": "0"}, "(`sysctl -w clone=1`)", "container"),
        (NO_NAMESPACES, True, {"clone": "1"}, "seccomp=unconfined --security-opt apparmor=unconfined, ", "sysctl"),
        (NO_PROC, True, {"clone": "1"}, "start it with --security-opt systempaths=unconfined; on", "seccomp"),
        (NO_PROC, True, {}, "on Kubernetes, procMount: Unmasked with hostUsers: false", "seccomp"),
        (NO_NAMESPACES, False, {}, f"({NO_NAMESPACES}): allow user namespaces, or say --no-sandbox", "sysctl"),
    ],
)
def test_what_keeps_bubblewrap_from_starting_is_said_with_what_to_change(
    reason, in_container, switches, said, unsaid, tmp_path, monkeypatch
):
    (tmp_path / "bwrap").write_text(f"#!/bin/sh\necho {shlex.quote(reason)} >&2; exit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setattr(sandbox, "IN_CONTAINER", (str(tmp_path if in_container else tmp_path / "none"),))
    for name, value in switches.items():
        (tmp_path / name).write_text(f"{value}\n")
    wanted = {"clone": 1, "apparmor": 0}
    monkeypatch.setattr(sandbox, "SWITCHES", {name: (str(tmp_path / name), wanted[name]) for name in wanted})
    with pytest.raises(sandbox.SandboxError) as stop:
        sandbox.ensure_available()
    assert said in str(stop.value)
    assert unsaid not in str(stop.value)


def test_the_words_of_bubblewrap_are_kept(monkeypatch):
    needs("bwrap")
    monkeypatch.setattr(sandbox, "LIBRARY", sandbox.LIBRARY / "nowhere")
    with pytest.raises(sandbox.SandboxError, match=r"could not be started: bwrap: .*nowhere"):
        StudentProcess()


def test_who_replaces_files_of_the_grader_disturbs_no_start():
    needs("bwrap")
    code = (
        "import os, py_compile, sys\n"
        "while os.getppid() == int(sys.argv[2]):\n"
        "    for name in ('wire', 'student_host'):\n"
        "        py_compile.compile(f'{sys.argv[1]}/{name}.py')"
    )
    replacing = subprocess.Popen([sys.executable, "-c", code, str(sandbox.HERE), str(os.getpid())])
    try:
        for _ in range(40):
            process, writer, reader, words = sandbox.start()
            assert process.pid
            os.set_blocking(words, True)
            os.close(writer)  # the host program ends when nobody asks any more
            assert os.read(words, 4096) == b""
            assert process.wait(timeout=60) == 0
            os.close(reader)
            os.close(words)
    finally:
        replacing.kill()
        replacing.wait()


def test_a_machine_without_room_for_another_pipe_keeps_none_open(monkeypatch):
    real, made = os.pipe, []

    def pipe():
        if len(made) == 4:
            raise OSError(errno.EMFILE, "Too many open files")
        made.extend(real())
        return made[-2:]

    monkeypatch.setattr(os, "pipe", pipe)
    with pytest.raises(sandbox.SandboxError, match="Too many open files"):
        sandbox.start()
    for fd in made:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_a_start_that_runs_out_of_time_leaves_no_process(monkeypatch):
    real, started = sandbox.start, []

    def start(*how):
        started.append(real(*how))
        return started[-1]

    def late(process, message, seconds=None):
        raise limits.TestTooLongError

    monkeypatch.setattr(sandbox, "start", start)
    monkeypatch.setattr(StudentProcess, "request", late)
    with pytest.raises(limits.TestTooLongError):
        StudentProcess(sandboxed=False)
    assert started[0][0].returncode == -signal.SIGKILL


def test_bytecode_that_is_kept_elsewhere_is_no_hindrance():
    needs("bwrap")
    code = (
        "from grading.student_process import StudentProcess as S; s = S(); s.run('print(1)'); print(s.take_output()[0])"
    )
    environment = os.environ | {"PYTHONPYCACHEPREFIX": "/tmp/nowhere", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=COURSE, env=environment, capture_output=True, timeout=60).stdout == b"1\n\n"


def test_the_students_process_need_not_compile_the_library(tmp_path, monkeypatch):
    needs("bwrap")
    library = tmp_path / "rnnlib"
    shutil.copytree(sandbox.LIBRARY, library, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sandbox, "LIBRARY", library)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sandbox._compile_library.cache_clear()
    with closing(StudentProcess()) as process:
        process.run("import rnnlib.scalar, os; print(os.path.exists(rnnlib.scalar.__cached__))")
        assert process.take_output()[0] == "True\n"


def test_a_sandbox_that_does_not_start_is_no_fault_of_the_student(monkeypatch):
    monkeypatch.setattr(sandbox, "_boot", lambda *_: "raise SystemExit")
    with pytest.raises(sandbox.SandboxError):
        StudentProcess(sandboxed=False)


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_the_filter_is_whole_instructions_and_its_jumps_stay_inside(machine):
    code = list(struct.iter_unpack("<HBBI", seccomp.program(machine)))
    for place, (operation, yes, no, _) in enumerate(code):
        if operation & 7 == 5:
            assert place + 1 + max(yes, no) < len(code)
    assert code[-1][0] == seccomp.RETURN


def verdict(machine, call, flags=0, architecture=None):
    """What the filter says of a call: its instructions, done as the kernel does them."""
    code, place, value = list(struct.iter_unpack("<HBBI", seccomp.program(machine))), 0, 0
    data = {
        seccomp.NUMBER: call,
        seccomp.ARCHITECTURE: architecture or seccomp.ARCHITECTURES[machine][1],
        seccomp.FIRST_ARGUMENT: flags,
    }
    while True:
        operation, yes, no, given = code[place]
        if operation == seccomp.RETURN:
            return given
        if operation == seccomp.LOAD:
            value, holds = data[given], None
        else:
            tests = {seccomp.JUMP_EQUAL: value == given, seccomp.JUMP_GREATER_EQUAL: value >= given}
            holds = tests.get(operation, value & given)
        place += 1 if holds is None else 1 + (yes if holds else no)


@pytest.mark.parametrize("machine", seccomp.ARCHITECTURES)
def test_the_filter_allows_what_is_listed_and_refuses_all_else_with_an_error(machine):
    column = seccomp.ARCHITECTURES[machine][0]
    listed = {numbers[column] for numbers in seccomp.ALLOWED.values()} - {None}
    said = {call: verdict(machine, call) for call in range(1000)}
    assert {call for call, answer in said.items() if answer == seccomp.ALLOW} == listed
    assert {answer for call, answer in said.items() if call < seccomp.NEW} == {seccomp.ALLOW, seccomp.NOT_PERMITTED}
    assert {answer for call, answer in said.items() if call >= seccomp.NEW} == {seccomp.ALLOW, seccomp.NO_SUCH_CALL}
    assert verdict(machine, seccomp.CLONE[column], seccomp.CLONE_THREAD) == seccomp.ALLOW
    assert verdict(machine, 0x40000000 + min(listed)) == seccomp.NO_SUCH_CALL  # the numbers of x32
    assert verdict(machine, min(listed), architecture=0x40000003) == seccomp.NOT_PERMITTED  # a program of 32 bits


def test_no_call_is_listed_that_starts_processes_reaches_others_or_takes_memory_that_is_not_counted():
    processes = {"clone", "clone3", "fork", "vfork", "execveat", "ptrace", "process_vm_readv", "pidfd_open", "setns"}
    border = {
        "socket",
        "connect",
        "bind",
        "mount",
        "open_tree",
        "unshare",
        "chroot",
        "bpf",
        "keyctl",
        "perf_event_open",
    }
    memory = {"shmget", "memfd_create", "memfd_secret", "msgget", "mq_open", "semget", "io_uring_setup", "io_setup"}
    assert not (processes | border | memory) & set(seccomp.ALLOWED)


@pytest.mark.parametrize(("column", "header"), [(0, "x86_64-linux-gnu/asm/unistd_64.h"), (1, "asm-generic/unistd.h")])
def test_the_numbers_are_those_of_the_kernel(column, header):
    path = Path("/usr/include", header)
    if not path.exists():
        pytest.skip("the kernel's headers are not installed")
    defined = re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", path.read_text())
    numbers = {name: int(number) for name, number in defined} | {"newfstatat": (262, 79)[column]}
    for name, ours in seccomp.ALLOWED.items():
        if ours[column] not in (None, 452):  # fchmodat2, which older headers do not know
            assert ours[column] == numbers[name], name


@pytest.mark.parametrize("call", ["shmget(0, 4096, 0o1600)", "memfd_create(b'x', 0)", "msgget(0, 0o1600)"])
def test_memory_that_belongs_to_no_process_cannot_be_had(student, call):
    assert run(student, f"import ctypes\nprint(ctypes.CDLL(None).{call})") == "-1\n"


def test_a_function_of_the_grader_has_limits_of_memory_and_time_when_a_student_calls_it(student):
    f = function(student, "import numpy as np\ndef f(g): return g(np.zeros((10**6, 0)), np.zeros((0, 10**3)))")
    with pytest.raises(ValueError, match="the function you were given raised MemoryError"):
        f(lambda left, right: left @ right)
    student.watch = Watch(0.5)
    start = time.monotonic()
    with pytest.raises(HungError):
        f(lambda left, right: next(n for n in iter(int, 1) if n))
    assert time.monotonic() - start < 5


def test_an_answer_that_is_too_large_is_refused_before_it_is_copied(student):
    f = function(student, "def f(g): return g()")
    with pytest.raises(ValueError, match="the answer is too large: 8"):
        f(lambda: np.broadcast_to(0.0, (10**10,)))


def test_files_are_counted_while_a_cell_runs_however_small_they_are(student):
    student.watch = Watch(30.0)
    run(student, "import os\nfor n in range(5_000): os.close(os.open(f'/tmp/{n}', os.O_CREAT))")
    with pytest.raises(StudentDiedError, match="it made more than 10000 files") as caught:
        student.run("for n in range(10**7): os.close(os.open(f'/tmp/more-{n}', os.O_CREAT))")
    assert not isinstance(caught.value, HungError)


def test_threads_are_counted_where_nothing_else_limits_their_number(student, monkeypatch):
    student.watch = Watch(30.0)
    source = """
import threading, time
threading.stack_size(32768)
for _ in range(40): threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
"""
    student.run(source)
    assert student.usage.threads() > 30
    monkeypatch.setattr(student_process, "MAX_THREADS", 30)
    with pytest.raises(StudentDiedError, match="it had more than 30 threads at once"):
        student.run("time.sleep(30)")


def test_threads_that_work_at_once_use_the_time_up_together(student):
    lived = [0.0, 0.1, 7.0]  # seconds of processors at the start of the cell, and at two looks
    student.watch, student.started = Watch(5.0), time.monotonic()
    student.usage = SimpleNamespace(
        processor_seconds=lambda: lived.pop(0) if len(lived) > 1 else lived[0],
        files=lambda: 0,
        threads=lambda: 1,
        close=lambda: None,
    )
    start = time.monotonic()
    with pytest.raises(HungError, match="no answer within 5 seconds"):
        student.run("import time; time.sleep(100)")
    assert time.monotonic() - start < 4


def test_the_time_of_processors_is_that_of_a_process_and_of_those_it_started_alive_or_ended():
    burn = "import os\nwhile sum(os.times()[:2]) < 0.4: pass\n"
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print(1, flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        subprocess.Popen([sys.executable, "-c", burn]) as alone,
        subprocess.Popen([sys.executable, "-c", nested], **pipes) as parent,
    ):
        assert parent.stdout.readline() == b"1\n"
        assert Usage(parent.pid).processor_seconds() >= 0.4
        os.waitid(os.P_PID, alone.pid, os.WEXITED | os.WNOWAIT)
        assert Usage(alone.pid).processor_seconds() >= 0.4
        parent.communicate(b"\n")


def test_a_new_process_has_the_processor_time_that_the_one_before_has_left():
    needs("bwrap")
    settings = Settings(seed=0, call_seconds=2.5)
    bench, limit = (
        Bench(exercise.load("two-step"), settings),
        "import resource; resource.getrlimit(resource.RLIMIT_CPU)",
    )
    bench.run(limit)
    with pytest.raises(HungError):
        bench.run("while True: pass")
    bench.take_output()
    bench.run(limit)
    text, _ = bench.take_output()
    bench.close()
    assert text == "(97, 97)\n"
    assert settings.submission_seconds + 2 * settings.extra_seconds == 100


def test_calls_of_what_a_submission_is_given_are_counted(student, monkeypatch):
    monkeypatch.setattr(watch, "CALLS_BACK", 3)
    student.watch = Budget(Settings(seed=0))
    f = function(student, "def f(g): return g()")
    assert [f(lambda: 1) for _ in range(3)] == [1, 1, 1]
    with pytest.raises(ValueError, match="too often"):
        f(lambda: 1)


def test_an_unknown_processor_has_no_filter():
    assert seccomp.program("riscv64") is None


def test_what_honest_students_do_in_cells_works(student):
    student.watch = Watch(120.0)
    for what, source in (*CELLS.items(), ("other processes", REFUSED)):
        try:
            student.run(source)
        except StudentError as error:
            pytest.fail(f"{what}: {error.traceback}")
    assert len(student.take_output()[1]) >= 1


@pytest.mark.parametrize("slug", slugs())
def test_the_answers_of_every_exercise_keep_all_points_in_the_sandbox(slug, tmp_path):
    needs("bwrap")
    notebook = mark(filled(solution(slug).cells, slug), tmp_path, PATIENT, slug)
    assert lost(notebook) == set()
    assert record(notebook).human == ()


def test_a_second_thread_still_runs_under_the_filter(student):
    f = function(
        student,
        "from concurrent.futures import *\ndef f():\n  with ThreadPoolExecutor(2) as p: return sum(p.map(abs, [1, 2]))",
    )
    assert f() == 3


def test_the_grader_needs_no_bubblewrap_to_be_imported():
    code = "import os; os.environ['PATH'] = ''; import grading.grade, grading.student_process, grading.commands"
    assert subprocess.run([sys.executable, "-c", code], cwd=COURSE, timeout=60).returncode == 0
