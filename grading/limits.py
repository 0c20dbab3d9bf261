"""Limits of time and memory for code that runs in the grader's own process."""

import contextlib
import ctypes
import signal
import sys
import threading
import time

from rnnlib.words import say

try:
    import resource
except ModuleNotFoundError:  # in a browser, which limits its pages itself
    resource = None


IN_BROWSER = sys.platform == "emscripten"
STUDENTS = ("<cell ", "<answer>")  # the file names of a student's cells, and of those that are tried instead


class TestTooLongError(Exception):
    """A test cell used up its time in the grader's own process."""

    seconds = None  # that it was allowed

    def __str__(self):
        allowed = say(": it may take {:.3g} seconds, with all calls in it").format(self.seconds) if self.seconds else ""
        return say("this check took too long, and was stopped{}").format(allowed)


@contextlib.contextmanager
def time_limit(seconds):
    """Raise TestTooLongError in the block after `seconds`, in any thread: a Dask worker marks outside the main one.

    In a browser only the code of a student's cells is watched; for what else hangs, the page ends the whole worker.
    """
    in_main = threading.current_thread() is threading.main_thread()
    after = _jump_after if IN_BROWSER else _signal_after if in_main else _thread_after
    try:
        with after(seconds):
            yield
    except TestTooLongError as error:
        error.seconds = seconds
        raise


@contextlib.contextmanager
def _signal_after(seconds):
    """For the main thread, as signals reach no other. A limit around this one goes on, and may come first."""
    started, before = time.monotonic(), signal.signal(signal.SIGALRM, _too_long)
    around, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    if 0 < around < seconds:
        signal.setitimer(signal.ITIMER_REAL, around)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, around and max(around - (time.monotonic() - started), 1e-3))
        signal.signal(signal.SIGALRM, before)


def _too_long(*_):
    raise TestTooLongError


@contextlib.contextmanager
def _thread_after(seconds):
    """For any thread; to start one takes ten times as long as to set a signal."""
    here, raised = ctypes.c_ulong(threading.get_ident()), ctypes.py_object(TestTooLongError)
    timer = threading.Timer(seconds, ctypes.pythonapi.PyThreadState_SetAsyncExc, (here, raised))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextlib.contextmanager
def _jump_after(seconds):
    """For a browser, where no signal comes and no thread runs while Python does.

    The code itself looks at the clock, whenever a student's cell begins a function or goes round in a loop.
    """
    if sys.monitoring.get_tool(sys.monitoring.DEBUGGER_ID) is None:
        _watch_cells()
    deadline = time.monotonic() + seconds
    _deadlines.append(deadline)
    try:
        yield
    finally:
        _deadlines.remove(deadline)


_deadlines = []


def _watch_cells():
    events = sys.monitoring.events.JUMP, sys.monitoring.events.PY_START
    sys.monitoring.use_tool_id(sys.monitoring.DEBUGGER_ID, "limits")
    for event in events:
        sys.monitoring.register_callback(sys.monitoring.DEBUGGER_ID, event, _look_at_the_clock)
    sys.monitoring.set_events(sys.monitoring.DEBUGGER_ID, events[0] | events[1])


def _look_at_the_clock(code, *_):
    if not code.co_filename.startswith(STUDENTS):
        return sys.monitoring.DISABLE  # from then on, this place costs nothing
    if _deadlines and time.monotonic() > min(_deadlines):
        raise TestTooLongError
    return None


@contextlib.contextmanager
def memory_limit(size):
    """Let the block take `size` more bytes; beyond that, it gets a MemoryError. Other threads are limited as well."""
    if resource is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", "rb", 0) as file:
        most = int(file.read().split()[0]) * resource.getpagesize() + size
    resource.setrlimit(resource.RLIMIT_AS, (most if soft == resource.RLIM_INFINITY else min(most, soft), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
